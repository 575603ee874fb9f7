/** Reuse of a message id, requests about rooms of others, and fields of unexpected types. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { ANA, BEN, CLEO, join, rest, ROOM, type RestResponse, type Client } from './support.js';

const GENERAL = 4;
const JOB = 2;

describe('10.36: one id identifies one message', () => {
  let server: RunningServer;
  let ana: Client;
  before(async () => {
    server = await startServer({ limits: { rate: 10_000 } });
  });
  after(() => server.close());
  beforeEach(async () => {
    ana?.close();
    ana = await join(server, ANA);
  });
  after(() => ana.close());

  const post = (userId: number, room: number, content: string, key: string, more: object = {}): Promise<RestResponse> =>
    rest(server, userId, `rooms/${room}/send_message/`, {
      json: { room, content, ...more },
      headers: { 'Idempotency-Key': key },
    });
  const send = (room_id: number, content: string, _tempId: string, answer: string): Promise<Record<string, unknown>> =>
    ana.ask({ type: 'send_message', room_id, content, _tempId }, answer);
  const contents = async (room: number): Promise<string[]> =>
    (await rest(server, ANA, `rooms/${room}/messages/?limit=5`)).body.messages.map(
      ({ content }: { content: string }) => content,
    );

  it('10.36: rejects the id with another room or text as a conflict, without acknowledging the new message', async () => {
    const first = await post(ANA, ROOM, 'the first', 'one');
    assert.equal(first.status, 201);
    for (const [room, content] of [
      [GENERAL, 'the first'],
      [ROOM, 'another'],
      [GENERAL, 'another'],
    ] as const) {
      const { status, body } = await post(ANA, room, content, 'one');
      assert.deepEqual([status, body.code], [409, 'conflict'], `${room} ${content}`);
      const error = await send(room, content, 'one', 'error');
      assert.deepEqual(
        [error['type'], error['code'], error['_tempId'], error['room_id']],
        ['error', 'conflict', 'one', room],
      );
    }
    assert.ok(!(await contents(ROOM)).includes('another') && !(await contents(GENERAL)).includes('the first'));
    assert.equal(
      (await post(ANA, ROOM, 'the first', 'one')).body.id,
      first.body.id,
      'a retry returns the same message',
    );
    assert.equal(
      ((await send(ROOM, 'the first', 'one', 'message_ack'))['message'] as { id: number }).id,
      first.body.id,
    );
    assert.equal((await post(BEN, ROOM, 'another', 'one')).status, 201, 'ids are scoped to their sender');
  });

  it('10.36: compares with the message as sent, even after an edit', async () => {
    const { body } = await post(ANA, ROOM, 'Tursday', 'edited');
    await rest(server, ANA, `messages/${body.id}/`, { method: 'PATCH', body: JSON.stringify({ content: 'Thursday' }) });
    assert.deepEqual(
      [(await post(ANA, ROOM, 'Tursday', 'edited')).body.id, (await post(ANA, ROOM, 'Friday', 'edited')).status],
      [body.id, 409],
    );
    // Stored before digests existed.
    await server.database.query('update messages set digest = null');
    const old = await post(ANA, ROOM, 'old', 'old');
    await server.database.query('update messages set digest = null where id = $1', [old.body.id]);
    assert.deepEqual(
      [(await post(ANA, ROOM, 'old', 'old')).body.id, (await post(ANA, ROOM, 'new', 'old')).status],
      [old.body.id, 409],
    );
    assert.equal((await post(ANA, ROOM, 'Tursday', 'edited')).body.id, body.id);
  });

  it('10.36: treats another file as another message', async () => {
    const upload = (bytes: string): Promise<RestResponse> => {
      const form = new FormData();
      form.set('room', String(ROOM));
      form.set('attachment', new File([bytes], 'a.txt', { type: 'text/plain' }));
      return rest(server, ANA, `rooms/${ROOM}/send_message/`, {
        method: 'POST',
        body: form,
        headers: { 'Idempotency-Key': 'file' },
      });
    };
    const answers = [await upload('one'), await upload('two'), await upload('one')];
    assert.deepEqual(
      answers.map(({ status }) => status),
      [201, 409, 200],
    );
    const [{ n }] = (await server.database.query<{ n: number }>('select count(*)::int as n from attachments')) as [
      { n: number },
    ];
    assert.equal(n, 1);
  });

  it('10.36: finds a retried reply even if the quoted message was deleted meanwhile', async () => {
    const { body: question } = await post(BEN, ROOM, 'a question', 'question');
    const { body: reply } = await post(ANA, ROOM, 'an answer', 'answer', { reply_to: question.id });
    await rest(server, BEN, `messages/${question.id}/`, { method: 'DELETE' });
    const again = await post(ANA, ROOM, 'an answer', 'answer', { reply_to: question.id });
    assert.deepEqual([again.status, again.body.id], [200, reply.id]);
    assert.equal((await post(ANA, ROOM, 'a late answer', 'late', { reply_to: question.id })).status, 400);
  });

  it('10.36: reveals nothing about rooms of others in errors', async () => {
    const { body: hidden } = await post(ANA, ROOM, 'hidden from Cleo', 'hidden');
    const cleo = await join(server, CLEO);
    const errorFor = async (frame: object): Promise<unknown> => {
      const { timestamp: _, ...error } = await cleo.ask(
        { type: 'send_message', content: 'x', _tempId: 'same', ...frame },
        'error',
      );
      return error;
    };
    /** An existing one and an unknown one. */
    const both = [hidden.id as number, 999_999];
    const [known, unknown] = (await Promise.all(
      both.map(async (id) => ({
        inOwnRoom: await rest(server, CLEO, `rooms/${JOB}/send_message/`, {
          json: { room: JOB, content: 'x', reply_to: id },
        }),
        inTheirs: await rest(server, CLEO, `rooms/${ROOM}/send_message/`, {
          json: { room: ROOM, content: 'x', reply_to: id },
        }),
        edit: await rest(server, CLEO, `messages/${id}/`, { method: 'PATCH', body: JSON.stringify({ content: 'x' }) }),
        badEdit: await rest(server, CLEO, `messages/${id}/`, {
          method: 'PATCH',
          body: JSON.stringify({ content: '' }),
        }),
        deletion: await rest(server, CLEO, `messages/${id}/`, { method: 'DELETE' }),
        reaction: await rest(server, CLEO, `messages/${id}/reactions/`, { json: { emoji: 'none', on: true } }),
        read: await rest(server, CLEO, `messages/${id}/mark_read/`, { method: 'POST' }),
        history: await rest(server, CLEO, `rooms/${ROOM}/messages/?before=${id}`),
      })),
    )) as unknown as [Record<string, RestResponse>, Record<string, RestResponse>];
    for (const [what, answer] of Object.entries(known))
      assert.deepEqual([answer.status, answer.text], [unknown[what]!.status, unknown[what]!.text], what);
    for (const room_id of [ROOM, JOB])
      assert.deepEqual(await errorFor({ room_id, reply_to: both[0] }), await errorFor({ room_id, reply_to: both[1] }));
    for (const type of ['edit_message', 'delete_message', 'react'].flatMap(
      (each) =>
        [
          [each, ROOM],
          [each, JOB],
        ] as const,
    )) {
      const answers: unknown[] = [];
      for (const message_id of both)
        answers.push({
          ...((await errorFor({ type: type[0], room_id: type[1], message_id, emoji: '👍', on: true })) as object),
          message_id: undefined,
        });
      assert.deepEqual(answers[0], answers[1], String(type));
    }
    cleo.close();
  });

  for (const room_id of [
    { toString: 1 },
    { toString: null, valueOf: null },
    [[]],
    [1],
    true,
    {},
    '\u0000',
    { __proto__: null },
  ]) {
    it(`10.36: answers room_id ${JSON.stringify(room_id)}`, async () => {
      for (const type of ['subscribe_room', 'send_message', 'mark_read', 'typing', 'edit_message']) {
        const error = await ana.ask({ type, room_id, content: 'x', _tempId: 'odd' }, 'error');
        assert.deepEqual([error['code'], error['_tempId']], ['unknown_room', 'odd'], type);
      }
      assert.deepEqual(await ana.settle(), []);
    });
  }
});
