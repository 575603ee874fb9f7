/** The reference backend, as it is: nothing is wrong with it, and nothing is changed in it unless asked. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import type { Finding } from '../../src/doctor/index.js';
import { pointsFor, WRITES } from '../../src/doctor/checks.js';
import { BEN, ROOM } from '../server/support.js';
import { examine, finding, SITE, WRITE, wrongIds } from './support.js';

for (const baseline of [false, true]) {
  describe(`a healthy backend, ${baseline ? 'baseline' : 'full'}`, () => {
    let server: RunningServer;
    before(async () => {
      server = await startServer({ baseline, allowedOrigins: [SITE] });
    });
    after(() => server.close());

    const count = async (table: string): Promise<number> => (await server.database.query<{ n: number }>(`select count(*)::int as n from ${table}`, []))[0]!.n;

    it('has nothing wrong with it', async () => {
      const report = await examine(server, { ...WRITE, origin: SITE, userToken2: await server.signToken(BEN) });
      assert.deepEqual(report.findings.filter(({ verdict }) => verdict === 'wrong'), []);
      assert.equal(report.healthy, true);
      assert.deepEqual(report.findings.map(({ id }) => id).sort(), pointsFor({ auth: 'query', second: true }).sort(), 'each point is told once');
      assert.deepEqual(report.findings.filter(({ verdict }) => verdict === 'skipped').map(({ id }) => id), baseline ? ['cors.idempotency-key', 'cors.methods'] : []);
      assert.equal(report.counts.missing > 0, baseline, 'a capability that is missing is no fault');
    });

    it('is not changed by a look at it', async () => {
      const before = [await count('messages'), await count('reads'), await count('notifications')];
      const report = await examine(server, { origin: SITE, userToken2: await server.signToken(BEN) });
      assert.deepEqual(wrongIds(report), []);
      assert.deepEqual([await count('messages'), await count('reads'), await count('notifications')], before);
      for (const id of WRITES) assert.equal(finding(report, id).verdict, 'skipped');
    });

    it('tells each finding as it comes', async () => {
      const told: Finding[] = [];
      const checked: string[] = [];
      const report = await examine(server, { onFinding: (each) => told.push(each), onCheck: (id) => checked.push(id) });
      assert.deepEqual(told, report.findings);
      assert.ok(checked.includes('rest.reachable') && checked.includes('socket.ping'));
    });
  });
}

describe('the other ways for a token to travel', () => {
  let server: RunningServer;
  before(async () => {
    server = await startServer({ allowedOrigins: [SITE] });
  });
  after(() => server.close());

  for (const auth of ['subprotocol', 'ticket'] as const) {
    it(`auth=${auth}`, async () => {
      const report = await examine(server, { ...WRITE, auth, origin: SITE, userToken2: await server.signToken(BEN) });
      assert.deepEqual(report.findings.filter(({ verdict }) => verdict === 'wrong'), []);
      assert.equal(finding(report, `token.${auth}`).verdict, 'pass');
      if (auth === 'ticket') assert.equal(finding(report, 'ticket.once').verdict, 'pass');
    });
  }

  it('can be given up', async () => {
    const giveUp = new AbortController();
    const report = examine(server, { signal: giveUp.signal, onCheck: (id) => id === 'socket.ping' && giveUp.abort() });
    await assert.rejects(report, { name: 'ChatError', code: 'aborted' });
  });

  it('writes into no room that the person is not in', async () => {
    await assert.rejects(examine(server, { write: true, room: 4711 }), { code: 'not_found', message: /Room 4711 is not in the list/ });
    await assert.rejects(examine(server, { write: true }), { code: 'invalid' });
    await assert.rejects(examine(server, { url: 'nowhere' }), { code: 'bad_url' });
  });

  it('without the eyes of a program, it says that it cannot see', async () => {
    const { WebSocket } = await import('ws');
    const report = await examine(server, { openUpgrade: undefined, WebSocket: WebSocket as never, wsPath: '/ws/nothing/', room: ROOM });
    assert.match(finding(report, 'socket.upgrade').says, /not told why/);
    assert.match(finding(report, 'socket.upgrade').mend!, /npx unified-chat doctor/);
  });
});
