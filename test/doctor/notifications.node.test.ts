/** The notifications WebSocket: optional, closed to others, with valid frames and a correct count. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { BEN, ROOM } from '../server/support.js';
import type { FaultName } from '../support/backend-faults.js';
import { diagnoseServer, diagnoseWithFault, failedIds, findingOf } from './support.js';

const CHECKS = ['upgrade', 'frames', 'count', 'no-token', 'access'].map((name) => `notifications.${name}`);

describe('12.22: the notifications WebSocket', () => {
  let server: RunningServer;
  before(async () => {
    server = await startServer();
    // Ana is not subscribed to the room, so this message is one unread notification.
    const response = await fetch(`${server.url}/api/chat/rooms/${ROOM}/send_message/`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${await server.signToken(BEN)}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ room: ROOM, content: 'Are you there?' }),
    });
    assert.equal(response.status, 201);
  });
  after(() => server.close());

  it('12.22: passes all checks', async () => {
    const report = await diagnoseServer(server, { userToken2: await server.signToken(BEN) });
    for (const id of CHECKS) assert.equal(findingOf(report, id).verdict, 'pass', id);
    assert.equal(findingOf(report, 'notifications.count').message, 'The unread count is 1.');
  });

  for (const [fault, id, message, alsoFails = []] of [
    ['notifications WebSocket refused', 'notifications.upgrade', /\/ws\/notifications\/1\/ does not open \(403\)/],
    ['notifications WebSocket closed with 4001', 'notifications.upgrade', /closed with 4001/],
    ['notifications WebSocket without a token', 'notifications.no-token', /opens without a token/],
    ['notifications of another user', 'notifications.access', /second user can open .* of the first/],
    ['unread count of notifications as a string', 'notifications.frames', /unread_count\.count is a string/],
    ['unread count of notifications is always 0', 'notifications.count', /is 0, but 1 of the 1 recent/],
  ] satisfies [FaultName, string, RegExp, string[]?][]) {
    it(`12.22: ${id} fails: ${fault}`, async () => {
      const report = await diagnoseWithFault(fault, server);
      assert.deepEqual(failedIds(report), [id, ...alsoFails]);
      assert.match(findingOf(report, id).message, message);
    });
  }

  for (const fault of ['no notifications WebSocket', 'Channels: 500 without a route'] satisfies FaultName[]) {
    it(`12.22: is no failure if the backend has none: ${fault}`, async () => {
      const report = await diagnoseWithFault(fault, server);
      assert.deepEqual(failedIds(report), []);
      const { verdict, message } = findingOf(report, 'notifications.upgrade');
      assert.equal(verdict, 'unsupported');
      assert.match(message, /has no notifications WebSocket at \/ws\/notifications\/1\//);
      for (const id of CHECKS.slice(1)) assert.equal(findingOf(report, id).verdict, 'skipped', id);
    });
  }

  it('12.22: may close with 1011 when it receives a frame', async () => {
    const report = await diagnoseWithFault('notifications WebSocket closed with 1011 after a frame', server);
    assert.deepEqual(failedIds(report), []);
    const { verdict, message } = findingOf(report, 'notifications.count');
    assert.equal(verdict, 'note');
    assert.match(message, /sends no more frames/);
  });

  it('12.22: is not opened with the option notifications set to false', async () => {
    const report = await diagnoseServer(server, { notifications: false });
    assert.equal(findingOf(report, 'notifications.upgrade').verdict, 'skipped');
  });
});
