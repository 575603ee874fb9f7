/** With two users: what a REST message changes for the other member, and what a non-member can do on the WebSocket. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import type { Report } from '../../src/doctor/index.js';
import { BEN, ROOM } from '../server/support.js';
import { diagnoseServer, diagnoseWithFault, failedIds, findingOf, WRITE } from './support.js';

/** A room of Ana, in which Ben is not. */
const FOREIGN_ROOM = 3;
const WRITES_OF_NON_MEMBERS = ['non-member.send', 'non-member.typing', 'non-member.mark-read'];
const IN_FOREIGN_ROOM = { write: true, room: FOREIGN_ROOM };

const verdictsOf = (report: Report, ids: string[]): string[] => ids.map((id) => findingOf(report, id).verdict);

describe('12.22: two users', () => {
  let server: RunningServer;
  before(async () => {
    server = await startServer({ limits: { rate: 10_000 } });
  });
  after(() => server.close());

  const countMessages = async (room: number): Promise<number> => {
    const sql = 'select count(*)::int as n from messages where room_id = $1';
    return (await server.database.query<{ n: number }>(sql, [room]))[0]!.n;
  };

  for (const [fault, id, message] of [
    ['stale previews', 'send.preview', /still has the same last_message/],
    ['stale unread counts', 'send.unread-count', /still has the same unread_count \(\d+\)/],
  ] as const) {
    it(`12.22: ${id} fails: ${fault} after a REST message`, async () => {
      const report = await diagnoseWithFault(fault, server, WRITE);
      assert.deepEqual(failedIds(report), [id]);
      assert.match(findingOf(report, id).message, message);
      assert.match(findingOf(report, id).fix!, /last_message and unread_count/);
    });
  }

  it('12.22: a REST message moves preview and count of the other member', async () => {
    const report = await diagnoseServer(server, { ...WRITE, userToken2: await server.signToken(BEN) });
    assert.deepEqual(failedIds(report), []);
    assert.deepEqual(verdictsOf(report, ['send.preview', 'send.unread-count']), ['pass', 'pass']);
  });

  it('12.22: the frames of a non-member are refused', async () => {
    const report = await diagnoseServer(server, { ...IN_FOREIGN_ROOM, userToken2: await server.signToken(BEN) });
    assert.deepEqual(failedIds(report), []);
    for (const id of ['non-member.subscribe', ...WRITES_OF_NON_MEMBERS]) {
      const { verdict, message } = findingOf(report, id);
      assert.equal(verdict, 'pass', id);
      assert.match(message, /refused with an error: /, id);
    }
    const needMember = ['send.delivered', 'send.preview', 'send.unread-count'];
    assert.deepEqual(verdictsOf(report, needMember), ['skipped', 'skipped', 'skipped']);
  });

  it('12.22: a server that does not check the membership on the WebSocket fails these checks', async () => {
    const report = await diagnoseWithFault('membership not checked on the WebSocket', server, IN_FOREIGN_ROOM);
    assert.deepEqual(failedIds(report), ['non-member.subscribe', 'non-member.send', 'non-member.mark-read']);
    assert.match(findingOf(report, 'non-member.subscribe').message, /can subscribe to it/);
    assert.match(findingOf(report, 'non-member.send').message, /not a member of room 3 can send messages to it/);
    assert.match(findingOf(report, 'non-member.send').fix!, /look up the room among those of the user/);
  });

  it('12.22: frames are sent only to the room under test', async () => {
    const before = await countMessages(FOREIGN_ROOM);
    const report = await diagnoseWithFault('membership not checked on the WebSocket', server, WRITE);
    assert.deepEqual(failedIds(report), ['non-member.subscribe']);
    for (const id of WRITES_OF_NON_MEMBERS) {
      const { verdict, message } = findingOf(report, id);
      assert.equal(verdict, 'skipped');
      assert.match(message, new RegExp(`a member of room ${ROOM}; run again with a --room that this user is not in`));
    }
    assert.equal(await countMessages(FOREIGN_ROOM), before);
  });
});

it('12.22: typing of a non-member that is shown in the room fails non-member.typing', async () => {
  const server = await startServer({ baseline: true, differences: ['foreign-typing'] });
  try {
    const report = await diagnoseServer(server, { ...IN_FOREIGN_ROOM, userToken2: await server.signToken(BEN) });
    assert.deepEqual(failedIds(report), ['non-member.typing']);
    assert.match(findingOf(report, 'non-member.typing').message, /is shown there as typing/);
  } finally {
    await server.close();
  }
});
