import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { decodeChatFrame } from '../../src/protocol/codec.js';
import { readSync, type ChangeFrame, type RoomChanges } from '../../src/protocol/sync.js';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { ANA, BEN, CLEO, join, rest, ROOM, within, type Client, type Frame } from './support.js';

const JOB = 2;
const SEQ_FRAMES = [
  'new_message',
  'message_updated',
  'message_deleted',
  'reactions_updated',
  'message_read',
  'messages_marked_read',
];
const isChange = ({ type, seq }: Frame): boolean => SEQ_FRAMES.includes(type) && seq !== undefined;

describe('sync: numbered changes', () => {
  let server: RunningServer;
  let clients: Client[] = [];
  before(async () => {
    server = await startServer({ limits: { rate: 100_000 } });
  });
  after(() => server.close());
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });

  const enter = async (userId: number): Promise<Client> => {
    const client = await join(server, userId);
    clients = [...clients, client];
    return client;
  };
  const post = async (userId: number, content: string, room = ROOM): Promise<{ id: number }> =>
    (await rest(server, userId, `rooms/${room}/send_message/`, { json: { room, content } })).body;
  const seqOf = async (userId: number, room = ROOM): Promise<number> =>
    (await rest(server, userId, `rooms/${room}/`)).body.seq;
  /** Asks by socket and REST, checks that both give the same valid answer, and returns it for one room. */
  async function sync(client: Client, userId: number, since: number, room = ROOM): Promise<RoomChanges> {
    const frame = await client.ask({ type: 'sync', rooms: { [room]: since } }, 'sync_result');
    const { body } = await rest(server, userId, `sync/?room=${room}:${since}`);
    assert.deepEqual(body.rooms, frame['rooms']);
    const { rooms, problems } = readSync(body.rooms);
    assert.deepEqual(problems, []);
    assert.equal(rooms.length, 1);
    return rooms[0]!;
  }

  it('numbers changes in frames, rooms and histories without gaps', async () => {
    const [ana, ben] = [await enter(ANA), await enter(BEN)];
    const begin = await seqOf(ANA);
    const { id } = await post(ANA, 'counted');
    await rest(server, ANA, `messages/${id}/`, { method: 'PATCH', body: JSON.stringify({ content: 'counted!' }) });
    await ben.ask({ type: 'react', room_id: ROOM, message_id: id, emoji: '👍', on: true }, 'reactions_updated');
    ben.send({ type: 'mark_read', room_id: ROOM });
    await ben.settle();
    await rest(server, ANA, `messages/${id}/`, { method: 'DELETE' });
    const seen = (await ana.settle()).filter(isChange);
    assert.deepEqual(
      seen.map(({ type }) => type),
      ['new_message', 'message_updated', 'reactions_updated', 'message_deleted'],
    );
    assert.deepEqual(
      seen.map(({ seq }) => seq),
      [1, 2, 3, 4].map((n) => begin + n),
      'read receipts are not changes',
    );
    for (const frame of seen) assert.deepEqual(decodeChatFrame(JSON.stringify(frame)).problems, []);
    assert.equal(await seqOf(BEN), begin + 4);
    for (const path of [
      `rooms/${ROOM}/messages/`,
      `rooms/${ROOM}/messages/?after=99999`,
      `rooms/${ROOM}/messages/?before=2&limit=1`,
    ]) {
      assert.equal((await rest(server, ANA, path)).body.seq, begin + 4, path);
    }
    const { rooms } = (await ana.ask({ type: 'get_room_list' }, 'room_list')) as unknown as {
      rooms: { id: number; seq: number }[];
    };
    assert.equal(rooms.find((room) => room.id === ROOM)?.seq, begin + 4);
  });

  it('reports the last message when everything is read', async () => {
    const [ana, ben] = [await enter(ANA), await enter(BEN)];
    const since = await seqOf(BEN);
    const { id } = await post(BEN, 'up to here');
    await ana.ask({ type: 'mark_read', room_id: ROOM }, 'messages_marked_read');
    const receipt = await ben.take('message_read');
    assert.deepEqual(
      [receipt['user_id'], receipt['up_to'], 'message_ids' in receipt, 'seq' in receipt],
      [ANA, id, false, false],
    );
    const { changes } = await sync(ben, BEN, since);
    assert.deepEqual(
      changes.map(({ type }) => type),
      ['new_message'],
    );
  });

  it('confirms reading to the reader, and informs the author', async () => {
    const [ana, ben] = [await enter(ANA), await enter(BEN)];
    await ana.ask({ type: 'mark_read', room_id: ROOM }, 'messages_marked_read');
    const { id } = await post(BEN, 'read me');
    for (const client of [ana, ben]) await client.settle();
    const read = await ana.ask(
      { type: 'mark_read', room_id: ROOM, message_ids: [id, 999_999] },
      'messages_marked_read',
    );
    const receipt = await ben.take('message_read');
    assert.deepEqual([read['count'], receipt['message_ids']], [1, [id]]);
    const seq = await seqOf(ANA);
    const again = await ana.ask({ type: 'mark_read', room_id: ROOM }, 'messages_marked_read');
    assert.deepEqual([again['count'], 'seq' in read, 'seq' in again, await seqOf(ANA)], [0, false, false, seq]);
    assert.deepEqual(
      (await ben.settle()).map(({ type }) => type),
      [],
    );
  });

  it('returns later changes as the requester sees them, each message once and in its current state', async () => {
    const [ana, ben] = [await enter(ANA), await enter(BEN)];
    await ana.ask({ type: 'mark_read', room_id: ROOM }, 'messages_marked_read');
    const since = await seqOf(ANA);
    await ana.ask({ type: 'send_message', room_id: ROOM, content: 'first', _tempId: 'sync-1' }, 'message_ack');
    const { id: gone } = await post(BEN, 'to be deleted');
    const { id: kept } = await post(BEN, 'second');
    await rest(server, BEN, `messages/${kept}/`, {
      method: 'PATCH',
      body: JSON.stringify({ content: 'second, better' }),
    });
    await ana.ask({ type: 'react', room_id: ROOM, message_id: kept, emoji: '🎉', on: true }, 'reactions_updated');
    await rest(server, BEN, `messages/${gone}/`, { method: 'DELETE' });
    await ana.ask({ type: 'mark_read', room_id: ROOM }, 'messages_marked_read');
    const room = await sync(ana, ANA, since);
    assert.deepEqual([room.expired, room.has_more, room.seq], [false, false, since + 6]);
    assert.deepEqual(
      room.changes.map(({ type, seq }) => [type, seq! - since]),
      [
        ['new_message', 1],
        // A tombstone, as in the history.
        ['new_message', 2],
        ['new_message', 3],
        ['message_deleted', 6],
      ],
    );
    const [first, deleted, second] = room.changes.flatMap((change) =>
      change.type === 'new_message' ? [change.message] : [],
    );
    assert.deepEqual([first!._tempId, first!.is_own_message], ['sync-1', true]);
    assert.deepEqual([deleted!.id, deleted!.content, typeof deleted!.deleted_at], [gone, '', 'string']);
    assert.deepEqual(
      [second!.content, second!.is_own_message, second!.reactions],
      ['second, better', false, [{ emoji: '🎉', user_ids: [ANA] }]],
    );
    const others = (await sync(ben, BEN, since)).changes;
    const [theirs] = others;
    assert.ok(theirs?.type === 'new_message' && theirs.message._tempId === undefined);
    // A message known before is returned with its update.
    const rest1 = await sync(ana, ANA, since + 3);
    assert.deepEqual(
      rest1.changes.map(({ type }) => type),
      ['message_updated', 'message_deleted'],
    );
    assert.deepEqual((await sync(ana, ANA, room.seq)).changes, []);
  });

  it('continues where an answer ended, for many rooms at once', async () => {
    const ana = await enter(ANA);
    const since = await seqOf(ANA);
    // Inserted directly: sending so many would take too long.
    await server.database.query(
      `with made as (insert into messages (room_id, sender_id, content) select $1, $2, 'page ' || n from generate_series(1, 205) n returning id)
       select record_change($1, 'new_message', id) from made`,
      [ROOM, ANA],
    );
    const one = await sync(ana, ANA, since);
    assert.deepEqual([one.changes.length, one.has_more, one.seq], [200, true, since + 200]);
    const two = await sync(ana, ANA, one.seq);
    assert.deepEqual([two.changes.length, two.has_more, two.seq], [5, false, since + 205]);
    const frame = await ana.ask(
      { type: 'sync', rooms: { [ROOM]: since + 204, [JOB]: await seqOf(ANA, JOB), 3: 0 } },
      'sync_result',
    );
    assert.deepEqual(
      (frame['rooms'] as RoomChanges[]).map(({ room_id, changes }) => [room_id, changes.length]),
      [
        [ROOM, 1],
        [JOB, 0],
        [3, 0],
      ],
    );
  });

  it('leaves out rooms of others; reports impossible seqs as expired', async () => {
    const cleo = await enter(CLEO);
    assert.deepEqual(
      (await cleo.ask({ type: 'sync', rooms: { [ROOM]: 0, 999: 0, nonsense: 0 } }, 'sync_result'))['rooms'],
      [],
    );
    const seq = await seqOf(CLEO, JOB);
    for (const since of [seq + 1, 2 ** 31, 1e300, -1, 0.5]) {
      const { rooms } = readSync(
        (await cleo.ask({ type: 'sync', rooms: { [JOB]: since } }, 'sync_result'))['rooms'] as unknown[],
      );
      assert.deepEqual(rooms, [{ room_id: JOB, seq, expired: true, has_more: false, changes: [] }], String(since));
    }
    assert.equal((await rest(server, CLEO, 'sync/')).body.rooms.length, 0);
    assert.deepEqual((await rest(server, CLEO, 'sync/?room=2')).body, { room: ['Must be <id>:<seq>.'] });
    assert.equal((await cleo.ask({ type: 'sync', rooms: [] }, 'error'))['code'], 'invalid');
    const many = Object.fromEntries(Array.from({ length: 501 }, (_, n) => [n, 0]));
    assert.equal((await cleo.ask({ type: 'sync', rooms: many }, 'error'))['code'], 'invalid');
  });

  it('a client that only syncs, at arbitrary points, reaches the same state as one that reads everything', async () => {
    const [ana, ben] = [await enter(ANA), await enter(BEN)];
    const begin = await seqOf(ANA);
    const ids: number[] = [];
    const step = fc.record({
      by: fc.constantFrom(ana, ben),
      act: fc.constantFrom('send', 'send', 'edit', 'delete', 'react', 'read'),
      pick: fc.nat(100),
      stop: fc.boolean(),
    });
    /** Applies frames like a client. */
    const apply = (known: Map<unknown, string>, change: ChangeFrame): void => {
      if (change.type === 'new_message' || change.type === 'message_updated')
        known.set(change.message.id, `${change.message.content} ${JSON.stringify(change.message.reactions)}`);
      // A tombstone remains, also of a message that was deleted before the client has seen it.
      else if (change.type === 'message_deleted') known.set(change.message_id, ' []');
      else if (change.type === 'reactions_updated' && known.has(change.message_id))
        known.set(
          change.message_id,
          `${known.get(change.message_id)!.split(' ')[0]} ${JSON.stringify(change.reactions)}`,
        );
    };
    const known = new Map<unknown, string>();
    let since = begin;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 15 }), async (steps) => {
        for (const { by, act, pick, stop } of steps) {
          const message_id = ids[pick % Math.max(1, ids.length)];
          if (act === 'send')
            ids.push(
              (
                (
                  await by.ask(
                    { type: 'send_message', room_id: ROOM, content: `m${pick}`, _tempId: crypto.randomUUID() },
                    'message_ack',
                  )
                )['message'] as { id: number }
              ).id,
            );
          else if (act === 'read') by.send({ type: 'mark_read', room_id: ROOM });
          else if (act === 'edit') by.send({ type: 'edit_message', room_id: ROOM, message_id, content: `e${pick}` });
          else if (act === 'delete') by.send({ type: 'delete_message', room_id: ROOM, message_id });
          else by.send({ type: 'react', room_id: ROOM, message_id, emoji: pick % 2 ? '👍' : '❤️', on: pick % 3 > 0 });
          await by.settle();
          if (!stop) continue;
          const room = await sync(ana, ANA, since);
          for (const change of room.changes) apply(known, change);
          since = room.seq;
        }
        for (const change of (await sync(ana, ANA, since)).changes) apply(known, change);
        since = await seqOf(ANA);
        const { body } = await rest(server, ANA, `rooms/${ROOM}/messages/?limit=100`);
        const truth = new Map(
          body.messages
            .filter(({ id }: { id: number }) => ids.includes(id))
            .map((message: { id: number; content: string; reactions: unknown }) => [
              message.id,
              `${message.content} ${JSON.stringify(message.reactions)}`,
            ]),
        );
        assert.deepEqual(new Map([...known].sort()), new Map([...truth].sort()));
      }),
      { numRuns: 4 },
    );
  });

  it('seqs follow the order of ids and are unique, despite concurrent sends', async () => {
    const [ana, ben] = [await enter(ANA), await enter(BEN)];
    const begin = await seqOf(ANA);
    await Promise.all(Array.from({ length: 40 }, (_, n) => post(n % 2 ? ANA : BEN, `at once ${n}`)));
    for (const client of [ana, ben]) {
      const frames = (await client.settle()).filter(isChange);
      assert.deepEqual(
        frames.map(({ seq }) => seq),
        Array.from({ length: 40 }, (_, n) => begin + 1 + n),
      );
      const ids = frames.map(({ message }) => (message as { id: number }).id);
      assert.deepEqual(
        ids,
        [...ids].sort((a, b) => a - b),
      );
    }
  });
});

it('reports seqs outside the window as expired; only the oldest changes are deleted', async () => {
  const server = await startServer({ syncWindow: { changes: 5, hours: 0 }, limits: { rate: 1_000 } });
  try {
    const ana = await join(server, ANA);
    for (let n = 0; n < 12; n++)
      await ana.ask({ type: 'send_message', room_id: ROOM, content: `x${n}`, _tempId: `x${n}` }, 'message_ack');
    // Deletion runs in the background.
    const kept = async (): Promise<number[]> =>
      (await server.database.query<{ seq: number }>('select seq from changes where room_id = 1 order by seq')).map(
        ({ seq }) => seq,
      );
    await within(
      (async () => {
        while ((await kept()).length > 5);
      })(),
      'old changes to be deleted',
    );
    assert.deepEqual(await kept(), [8, 9, 10, 11, 12]);
    const ask = async (since: number) =>
      readSync((await ana.ask({ type: 'sync', rooms: { [ROOM]: since } }, 'sync_result'))['rooms'] as unknown[])
        .rooms[0]!;
    assert.deepEqual(await ask(6), { room_id: ROOM, seq: 12, expired: true, has_more: false, changes: [] });
    assert.deepEqual(
      (await ask(7)).changes.map(({ seq }) => seq),
      [8, 9, 10, 11, 12],
    );
    ana.close();
  } finally {
    await server.close();
  }
});
