/** The reference backend: no check fails, and those that write need `write`. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { checksFor, WRITE_CHECKS } from '../../src/doctor/checks.js';
import type { Finding } from '../../src/doctor/index.js';
import { BEN, ROOM } from '../server/support.js';
import { diagnoseServer, failedIds, findingOf, SITE, WRITE } from './support.js';

for (const baseline of [false, true]) {
  describe(`a healthy ${baseline ? 'baseline' : 'full'} backend`, () => {
    let server: RunningServer;
    before(async () => {
      server = await startServer({ baseline, allowedOrigins: [SITE] });
    });
    after(() => server.close());

    it('passes all checks', async () => {
      const userToken2 = await server.signToken(BEN);
      const report = await diagnoseServer(server, { ...WRITE, origin: SITE, userToken2 });
      assert.deepEqual(
        report.findings.filter(({ verdict }) => verdict === 'fail'),
        [],
      );
      assert.equal(report.healthy, true);
      const planned = checksFor({ auth: 'query', hasSecondUser: true });
      assert.deepEqual(report.findings.map(({ id }) => id).sort(), planned.sort(), 'one finding per check');
      const skipped = report.findings.filter(({ verdict }) => verdict === 'skipped').map(({ id }) => id);
      // Ben is a member of the room; second-user.node.test.ts uses another one.
      const ofNonMembers = ['non-member.send', 'non-member.typing', 'non-member.mark-read'];
      const ofCapabilities = baseline ? ['cors.idempotency-key', 'cors.methods'] : [];
      const ofClosedRooms = baseline ? [] : ['permissions.closed'];
      assert.deepEqual(skipped, [...ofClosedRooms, ...ofCapabilities, ...ofNonMembers]);
      assert.equal(report.counts.unsupported > 0, baseline, 'a capability that is not supported is no failure');
    });

    it('skips the checks that change data without the option write', async () => {
      const report = await diagnoseServer(server, { origin: SITE, userToken2: await server.signToken(BEN) });
      assert.deepEqual(failedIds(report), []);
      for (const id of WRITE_CHECKS) assert.equal(findingOf(report, id).verdict, 'skipped', id);
    });

    it('is reported check by check: onCheck, onFinding', async () => {
      const reported: Finding[] = [];
      const started: string[] = [];
      const report = await diagnoseServer(server, {
        onFinding: (finding) => reported.push(finding),
        onCheck: (id) => started.push(id),
      });
      assert.deepEqual(reported, report.findings);
      assert.ok(started.includes('rest.reachable') && started.includes('socket.ping'));
    });
  });
}

describe('diagnose', () => {
  let server: RunningServer;
  before(async () => {
    server = await startServer({ allowedOrigins: [SITE] });
  });
  after(() => server.close());

  for (const auth of ['subprotocol', 'ticket'] as const) {
    it(`passes all checks with auth=${auth}`, async () => {
      const userToken2 = await server.signToken(BEN);
      const report = await diagnoseServer(server, { ...WRITE, auth, origin: SITE, userToken2 });
      assert.deepEqual(
        report.findings.filter(({ verdict }) => verdict === 'fail'),
        [],
      );
      assert.equal(findingOf(report, `token.${auth}`).verdict, 'pass');
      if (auth === 'ticket') assert.equal(findingOf(report, 'ticket.single-use').verdict, 'pass');
    });
  }

  it('can be aborted', async () => {
    const controller = new AbortController();
    const report = diagnoseServer(server, {
      signal: controller.signal,
      onCheck: (id) => id === 'socket.ping' && controller.abort(),
    });
    await assert.rejects(report, { name: 'ChatError', code: 'aborted' });
  });

  it('rejects invalid options, and writes to no room that the user is not in', async () => {
    const unknownRoom = { code: 'not_found', message: /Room 4711 is not in this user's room list/ };
    await assert.rejects(diagnoseServer(server, { write: true, room: 4711 }), unknownRoom);
    await assert.rejects(diagnoseServer(server, { write: true }), { code: 'invalid' });
    await assert.rejects(diagnoseServer(server, { url: 'nowhere' }), { code: 'bad_url' });
  });

  it('reports the cause of a refused handshake as unknown without requestUpgrade', async () => {
    const { WebSocket } = await import('ws');
    const options = { requestUpgrade: undefined, WebSocket: WebSocket as never, wsPath: '/ws/nothing/', room: ROOM };
    const { message, fix } = findingOf(await diagnoseServer(server, options), 'socket.upgrade');
    assert.match(message, /does not reveal the cause/);
    assert.match(fix!, /npx unified-chat doctor/);
  });
});
