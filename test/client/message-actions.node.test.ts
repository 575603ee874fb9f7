/** The methods of `connection.room(id)` that change messages, against a real backend. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import type { SendResult } from '../../src/client/index.js';
import { ChatError, type ErrorCode } from '../../src/transport/index.js';
import { ANA, BEN, ROOM } from '../server/support.js';
import { connectAs, deferred, type TestConnection } from './support.js';

/** Cleo is in the second room, whose owner is Ana. */
const JOB = 2;

const withCode = (code: ErrorCode) => (error: unknown) => error instanceof ChatError && error.code === code;

describe('13.4: editing, deleting, reacting', () => {
  let server: RunningServer;
  let open: TestConnection[] = [];
  before(async () => (server = await startServer()));
  afterEach(() => {
    open.forEach((each) => each.end());
    open = [];
  });
  after(() => server.close());

  const connect = async (userId: number, roomId = ROOM, to = server): Promise<TestConnection> => {
    const made = await connectAs(to, userId, [roomId]);
    open.push(made);
    return made;
  };
  const messageIn = ({ shown }: TestConnection, id: unknown, roomId = ROOM) =>
    shown(roomId).find((message) => message.id === id);
  /** Sends a message, and waits until everybody shows it. */
  async function send(by: TestConnection, content: string, others: TestConnection[] = [], roomId = ROOM) {
    const { message } = await by.chat.sendChatMessage(roomId, content);
    for (const each of [by, ...others])
      await each.until(() => messageIn(each, message.id, roomId) !== undefined, content);
    return message.id;
  }

  it('an edit is shown at once, then by everybody, in quotes, too', async () => {
    const [ana, ben] = [await connect(ANA), await connect(BEN)];
    const id = await send(ana, 'Helo', [ben]);
    await ben.chat.sendChatMessage(ROOM, 'A reply', { replyTo: id });
    const edited = ana.chat.room(ROOM).edit(id, 'Hello');
    await ana.until(() => messageIn(ana, id)!.content === 'Hello', 'the edit');
    assert.equal(messageIn(ana, id)!.original?.content, 'Helo');
    await edited;
    for (const each of [ana, ben]) {
      await each.until(() => messageIn(each, id)!.content === 'Hello', 'the edited message');
      await each.until(() => each.shown(ROOM).at(-1)!.reply_to?.content === 'Hello', 'the edited quote');
      assert.equal(messageIn(each, id)!.original, undefined);
      assert.ok(messageIn(each, id)!.edited_at);
    }
  });

  it('of two simultaneous edits on two devices, the second one is a conflict, and shows the first one', async () => {
    const [phone, laptop] = [await connect(ANA), await connect(ANA)];
    const id = await send(phone, 'one', [laptop]);
    // The laptop does not know the other edit when it sends its own.
    const { promise: released, resolve: release } = deferred();
    laptop.beforeRequest = (method) => (method === 'PATCH' ? released : undefined);
    const late = laptop.chat.room(ROOM).edit(id, 'laptop');
    const refused = assert.rejects(late, withCode('conflict'));
    await laptop.until(() => messageIn(laptop, id)!.content === 'laptop', 'the edit on the laptop');
    await phone.chat.room(ROOM).edit(id, 'phone');
    release();
    await refused;
    for (const each of [phone, laptop])
      await each.until(
        () => messageIn(each, id)!.content === 'phone' && !each.chat.data.changes.length,
        'the first edit',
      );
  });

  it('of two quick edits on one device, the last one counts', async () => {
    const [ana, ben] = [await connect(ANA), await connect(BEN)];
    const id = await send(ana, 'zero', [ben]);
    const room = ana.chat.room(ROOM);
    await Promise.all([room.edit(id, 'one'), room.edit(id, 'two')]);
    for (const each of [ana, ben]) await each.until(() => messageIn(each, id)!.content === 'two', 'the last edit');
  });

  it('an unsent message is discarded, and its sender told; one that is being sent is deleted once it is stored', async () => {
    const [ana, ben] = [await connect(ANA), await connect(BEN)];
    const room = ana.chat.room(ROOM);
    const sending = ana.chat.sendChatMessage(ROOM, 'never mind');
    await ana.until(() => ana.chat.messages(ROOM).at(-1)!.content === 'never mind', 'the message');
    await room.delete(ana.chat.messages(ROOM).at(-1)!.localId!);
    const { message } = await sending;
    for (const each of [ana, ben]) await each.until(() => !!messageIn(each, message.id)?.deleted_at, 'the tombstone');

    ana.isOnline = false;
    ana.chat.disconnect();
    ana.chat.connect();
    const blocked = ana.chat.sendChatMessage(ROOM, 'blocks the queue');
    const waiting = ana.chat.sendChatMessage(ROOM, 'never sent');
    await ana.until(() => ana.requests.includes(`POST rooms/${ROOM}/send_message/`), 'an attempt');
    const refused = assert.rejects(waiting, withCode('discarded'));
    await room.delete(ana.chat.messages(ROOM).find(({ content }) => content === 'never sent')!.localId!);
    await refused;
    ana.isOnline = true;
    ana.chat.retryNow();
    await blocked;
    assert.deepEqual(await server.database.query(`select 1 from messages where content = 'never sent'`), []);
  });

  it('a repeated edit, whose first answer was lost, is no conflict', async () => {
    const ana = await connect(ANA);
    const id = await send(ana, 'lost answer');
    const edited_at = messageIn(ana, id)!.edited_at;
    const patch = async () =>
      fetch(new URL(`/api/chat/messages/${id}/`, server.url), {
        method: 'PATCH',
        headers: { Authorization: `Bearer ${await server.signToken(ANA)}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ content: 'found answer', edited_at }),
      });
    assert.deepEqual([(await patch()).status, (await patch()).status], [200, 200]);
  });

  it('a change that cannot be sent is taken back, with the reason', async () => {
    const ana = await connect(ANA);
    const id = await send(ana, 'stays');
    ana.beforeRequest = (method) => {
      if (method !== 'GET') throw new TypeError('connection refused');
    };
    const room = ana.chat.room(ROOM);
    for (const change of [() => room.edit(id, 'gone'), () => room.delete(id), () => room.react(id, '👍', true)]) {
      const changed = change();
      await ana.until((data) => data.changes.length === 1, 'the change');
      await assert.rejects(changed, withCode('unreachable'));
      const { content, reactions, deleted_at, original } = messageIn(ana, id)!;
      assert.deepEqual([content, reactions, deleted_at, original], ['stays', [], undefined, undefined]);
    }
  });

  it('a message cannot be edited after `limits.edit_s`, nor one of another user', async () => {
    const limited = await startServer({ limits: { editSeconds: 1 } });
    try {
      const [ana, ben] = [await connect(ANA, ROOM, limited), await connect(BEN, ROOM, limited)];
      const id = await send(ana, 'too late', [ben]);
      assert.equal(await ana.chat.room(ROOM).can('edit_own', id), true);
      assert.equal(await ben.chat.room(ROOM).can('edit_own', id), false);
      await assert.rejects(ben.chat.room(ROOM).edit(id, 'x'), withCode('forbidden'));
      await limited.database.query(`update messages set created_at = created_at - interval '1 hour' where id = $1`, [
        id,
      ]);
      // The client's own copy is still recent: the server decides.
      await assert.rejects(ana.chat.room(ROOM).edit(id, 'x'), withCode('forbidden'));
      assert.equal(messageIn(ana, id)!.content, 'too late');
      assert.deepEqual(await limited.database.query('select * from message_versions'), []);
    } finally {
      open.forEach((each) => each.end());
      await limited.close();
    }
  });

  it('a deletion can be undone, and then leaves a tombstone everywhere', async () => {
    const [ana, ben] = [await connect(ANA), await connect(BEN)];
    const id = await send(ana, 'secret', [ben]);
    await ben.chat.sendChatMessage(ROOM, 'Quoting it', { replyTo: id });
    const undo = new AbortController();
    const undone = ana.chat.room(ROOM).delete(id, { delayMs: 60_000, signal: undo.signal });
    await ana.until(() => messageIn(ana, id)!.deleted_at !== undefined, 'the tombstone');
    undo.abort();
    await assert.rejects(undone, withCode('aborted'));
    assert.equal(messageIn(ana, id)!.content, 'secret');
    assert.ok(!ana.requests.some((request) => request.startsWith('DELETE')));
    await ana.chat.room(ROOM).delete(id);
    for (const each of [ana, ben]) {
      const { content, attachment, deleted_at } =
        (await each.until(() => !!messageIn(each, id)?.deleted_at, 'a tombstone'), messageIn(each, id)!);
      assert.deepEqual([content, attachment, typeof deleted_at], ['', null, 'string']);
      await each.until(() => !!each.shown(ROOM).at(-1)!.reply_to?.deleted_at, 'the empty quote');
      assert.deepEqual(
        [each.shown(ROOM).at(-1)!.reply_to!.content, each.shown(ROOM).at(-1)!.reply_to!.sender],
        ['', ''],
      );
    }
    const again = await connect(BEN);
    assert.equal(messageIn(again, id)!.content, '');
    assert.ok(!JSON.stringify(again.chat.data).includes('secret'));
    // Kept for moderators; no request returns it.
    const kept = await server.database.query<{ content: string }>(
      'select content from message_versions where message_id = $1',
      [id],
    );
    assert.deepEqual(kept, [{ content: 'secret' }]);
  });

  it('only an owner deletes messages of others', async () => {
    const [ana, ben] = [await connect(ANA, JOB), await connect(BEN, JOB)];
    const [ofAna, ofBen] = [await send(ana, 'from Ana', [ben], JOB), await send(ben, 'from Ben', [ana], JOB)];
    assert.equal(await ben.chat.room(JOB).can('delete_any', ofAna), false);
    await assert.rejects(ben.chat.room(JOB).delete(ofAna), withCode('forbidden'));
    assert.equal(await ana.chat.room(JOB).can('delete_any', ofBen), true);
    await ana.chat.room(JOB).delete(ofBen);
    await ben.until(() => !!messageIn(ben, ofBen, JOB)?.deleted_at, 'the tombstone');
  });

  it('of quick reactions the last one wins, on every device', async () => {
    const [ana, ben] = [await connect(ANA), await connect(BEN)];
    const id = await send(ana, 'react to this', [ben]);
    const room = ben.chat.room(ROOM);
    await Promise.all([true, false, true, false, true].map((on) => room.react(id, '🎉', on)));
    await Promise.all([true, false].map((on) => room.react(id, '👍', on)));
    for (const each of [ana, ben])
      await each.until(
        () => JSON.stringify(messageIn(each, id)!.reactions) === JSON.stringify([{ emoji: '🎉', user_ids: [BEN] }]),
        'the last reactions',
      );
    // One request at a time, and none for those in between.
    assert.ok(ben.requests.filter((request) => request.includes('reactions')).length <= 4);
    const { reactions } = (
      (await (
        await fetch(new URL(`/api/chat/rooms/${ROOM}/messages/?limit=1`, server.url), {
          headers: { Authorization: `Bearer ${await server.signToken(ANA)}` },
        })
      ).json()) as { messages: { reactions: unknown }[] }
    ).messages[0]!;
    assert.deepEqual(reactions, [{ emoji: '🎉', user_ids: [BEN] }]);
  });

  it('a message in the outbox is changed there; one that may have been sent, as soon as it is stored', async () => {
    const [ana, ben] = [await connect(ANA), await connect(BEN)];
    ana.isOnline = false;
    ana.chat.disconnect();
    ana.chat.connect();
    const sent = [ana.chat.sendChatMessage(ROOM, 'first tunel'), ana.chat.sendChatMessage(ROOM, 'second tunel')];
    const unsent = () => ana.chat.messages(ROOM).filter(({ delivery }) => delivery === 'sending');
    await ana.until(() => unsent().length === 2, 'both messages');
    // The first one is tried again and again, the second one waits for it.
    await ana.until(() => ana.requests.includes(`POST rooms/${ROOM}/send_message/`), 'an attempt');
    const [first, second] = unsent();
    const room = ana.chat.room(ROOM);
    const edited = room.edit(first!.localId!, 'first tunnel');
    await room.edit(second!.localId!, 'second tunnel');
    assert.deepEqual(
      unsent().map(({ content }) => content),
      ['first tunnel', 'second tunnel'],
    );
    ana.isOnline = true;
    ana.chat.retryNow();
    const [{ message: one }, { message: two }] = (await Promise.all(sent)) as [SendResult, SendResult];
    await edited;
    for (const [id, content, isEdited] of [
      [one.id, 'first tunnel', true],
      [two.id, 'second tunnel', false],
    ] as const) {
      await ben.until(() => messageIn(ben, id)?.content === content, content);
      assert.equal(messageIn(ben, id)!.edited_at !== null, isEdited);
    }
    const stored = await server.database.query(`select 1 from messages where content like '%tun%'`);
    assert.equal(stored.length, 2);
  });

  it('a message whose answer is pending is edited once it is stored', async () => {
    const [ana, ben] = [await connect(ANA), await connect(BEN)];
    const sent = ana.chat.sendChatMessage(ROOM, 'on its way');
    await ana.until((data) => data.threads.get(String(ROOM))!.timeline.at(-1)!.content === 'on its way', 'the message');
    const { localId } = ana.chat.messages(ROOM).at(-1)!;
    await ana.chat.room(ROOM).edit(localId!, 'arrived');
    const { message } = await sent;
    for (const each of [ana, ben])
      await each.until(() => messageIn(each, message.id)?.content === 'arrived', 'the edit');
  });

  it('requests nothing that the backend does not have', async () => {
    const plain = await startServer({ without: ['edit', 'delete', 'reactions'] });
    try {
      const ana = await connect(ANA, ROOM, plain);
      const id = await send(ana, 'plain');
      const room = ana.chat.room(ROOM);
      assert.deepEqual(
        [
          await room.can('edit_own', id),
          await room.can('delete_own', id),
          await room.can('react', id),
          await room.can('send'),
        ],
        [false, false, false, true],
      );
      await assert.rejects(room.edit(id, 'x'), withCode('forbidden'));
      await assert.rejects(room.delete(id), withCode('forbidden'));
      await assert.rejects(room.react(id, '👍', true), withCode('forbidden'));
      assert.deepEqual(
        ana.requests.filter((request) => !request.startsWith('GET')),
        [],
      );
    } finally {
      open.forEach((each) => each.end());
      await plain.close();
    }
  });
});
