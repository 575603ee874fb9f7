/** What a user may do in a room, live, against a real backend. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { mayWrite, roomOf, threadOf } from '../../src/store/selectors.js';
import { ChatError } from '../../src/transport/index.js';
import { ANA, BEN, CLEO } from '../server/support.js';
import { connectAs, type TestConnection } from './support.js';

const JOB = 2;

describe('13.1: permissions', () => {
  let server: RunningServer;
  let open: TestConnection[] = [];
  before(async () => (server = await startServer()));
  afterEach(() => {
    open.forEach((each) => each.end());
    open = [];
  });
  after(() => server.close());

  const connect = async (userId: number, roomIds: number[] = [JOB], to = server): Promise<TestConnection> => {
    const made = await connectAs(to, userId, roomIds);
    open.push(made);
    return made;
  };

  it('a closed room is read-only at once, says why, and opens again', async () => {
    // Cleo does not show the room.
    const [ana, cleo] = [await connect(ANA), await connect(CLEO, [])];
    const reason = 'The job is done.';
    await server.database.query('update rooms set closed_reason = $2 where id = $1', [JOB, reason]);
    for (const { until } of [ana, cleo])
      await until((data) => roomOf(data, JOB)?.closed_reason === reason && !mayWrite(roomOf(data, JOB)), 'the reason');
    assert.equal(await ana.chat.room(JOB).can('send'), false);
    const isRefused = (error: unknown): boolean =>
      error instanceof ChatError && error.code === 'forbidden' && error.message === reason;
    await assert.rejects(ana.chat.sendChatMessage(JOB, 'one more thing'), isRefused);
    assert.equal(threadOf(ana.chat.data, JOB).denied, false, 'still readable');
    const [last] = ana.shown(JOB).slice(-1);
    await assert.rejects(ana.chat.room(JOB).react(last!.id, '👍', true), ChatError);
    await server.database.query('update rooms set closed_reason = null where id = $1', [JOB]);
    await ana.until((data) => mayWrite(roomOf(data, JOB)), 'the open room');
    await ana.chat.sendChatMessage(JOB, 'open again');
  });

  it('a new role counts at once', async () => {
    const ben = await connect(BEN);
    assert.equal(await ben.chat.room(JOB).can('rename'), false);
    await server.database.query(`update members set role = 'owner' where room_id = $1 and user_id = $2`, [JOB, BEN]);
    await ben.until((data) => roomOf(data, JOB)!.can!.includes('rename'), 'the new permissions');
    assert.equal(await ben.chat.room(JOB).can('rename'), true);
    await server.database.query(`update members set role = 'member' where room_id = $1 and user_id = $2`, [JOB, BEN]);
    await ben.until((data) => !roomOf(data, JOB)!.can!.includes('rename'), 'the old permissions');
  });

  it('a removed member loses access within 5 s, keeps the draft, and what is being sent is refused', async () => {
    const cleo = await connect(CLEO);
    cleo.chat.saveDraft(JOB, 'unfinished');
    await server.database.query('delete from members where room_id = $1 and user_id = $2', [JOB, CLEO]);
    const sent = cleo.chat.sendChatMessage(JOB, 'sent while being removed');
    await assert.rejects(sent, (error) => error instanceof ChatError && error.code === 'forbidden');
    const start = Date.now();
    await cleo.until((data) => threadOf(data, JOB).denied, 'no access');
    assert.ok(Date.now() - start < 5_000);
    assert.equal(await cleo.chat.room(JOB).can('send'), false);
    // Saves the draft, and reads it from storage.
    cleo.chat.disconnect();
    cleo.chat.connect();
    await cleo.until((data) => data.phase.is === 'connected', 'the connection');
    assert.equal(await cleo.chat.draft(JOB), 'unfinished');
  });

  it('a backend without the capability allows what is usual', async () => {
    const plain = await startServer({ without: ['permissions'] });
    try {
      const ana = await connect(ANA, [JOB], plain);
      assert.deepEqual(
        [roomOf(ana.chat.data, JOB)!.can, roomOf(ana.chat.data, JOB)!.closed_reason],
        [undefined, undefined],
      );
      const room = ana.chat.room(JOB);
      assert.deepEqual([await room.can('send'), await room.can('rename')], [true, false]);
    } finally {
      open.forEach((each) => each.end());
      await plain.close();
    }
  });
});
