/** Capability `create_room`: one room per pair and context, groups by key, a first message exactly once. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { SignJWT } from 'jose';
import { prune } from '../../demo/server/database/pruning.js';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { ANA, BEN, CLEO, join, rest, withServer, type RestResponse } from './support.js';

const [DANA, EMIL] = [4, 5];
const SECRET = 'a secret of at least thirty-two bytes';
const HOUR_S = 3_600;

describe('13.6: creating rooms', () => {
  let server: RunningServer;
  before(async () => {
    server = await startServer({ secret: SECRET, limits: { directRoomsPerUser: 10_000, roomMembers: 4 } });
  });
  after(() => server.close());

  const create = (userId: number, json: object, key?: string): Promise<RestResponse> =>
    rest(server, userId, 'rooms/', { json, headers: key ? { 'Idempotency-Key': key } : {} });
  const sign = (claims: Record<string, unknown>, { sub = String(ANA), secret = SECRET, exp = HOUR_S } = {}) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(sub)
      .setExpirationTime(Math.floor(Date.now() / 1_000) + exp)
      .sign(new TextEncoder().encode(secret));
  const membersOf = async (roomId: number): Promise<unknown[]> =>
    (
      await server.database.query<{ user_id: number; role: string }>(
        `select user_id, role from members where room_id = ${roomId} order by user_id`,
      )
    ).map(({ user_id, role }) => [user_id, role]);

  it('finds the room of start_dm, and creates one for each context', async () => {
    const first = await create(BEN, { user_ids: [ANA] });
    assert.deepEqual([first.status, first.body.room.id, first.body.created], [200, 1, false]);
    const job = await create(BEN, { user_ids: [ANA], context: { type: 'job', id: 7 } });
    assert.deepEqual([job.status, job.body.created], [201, true]);
    assert.deepEqual(job.body.room.context, { type: 'job', id: '7' });
    assert.equal(job.body.room.room_type, 'direct');
    const again = await create(ANA, { user_ids: [BEN, ANA], context: { type: 'job', id: '7' } });
    assert.deepEqual([again.status, again.body.room.id], [200, job.body.room.id]);
    const other = await create(ANA, { user_ids: [BEN], context: { type: 'job', id: 8 } });
    assert.notEqual(other.body.room.id, job.body.room.id);
    assert.deepEqual(await membersOf(job.body.room.id), [
      [ANA, 'member'],
      [BEN, 'member'],
    ]);
  });

  it('creates one room if both press at once, several times, and both get it', async () => {
    const context = { type: 'listing', id: 'race' };
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        n % 2 ? create(CLEO, { user_ids: [EMIL], context }) : create(EMIL, { user_ids: [CLEO], context }),
      ),
    );
    assert.equal(new Set(answers.map(({ body }) => body.room.id)).size, 1);
    assert.deepEqual(answers.map(({ status }) => status).sort(), [...Array<number>(9).fill(200), 201]);
    assert.equal((await membersOf(answers[0]!.body.room.id)).length, 2);
  });

  it('tells everybody at once, each as they see the room, and then the message', async () => {
    const [ana, ben] = [await join(server, ANA), await join(server, BEN)];
    const json = { user_ids: [BEN, CLEO], name: ' The move ', text: 'Hello, both of you' };
    const { status, body } = await create(ANA, json, 'tell-1');
    assert.equal(status, 201);
    assert.deepEqual([body.message.content, body.message._tempId], ['Hello, both of you', 'tell-1']);
    for (const [client, canRename] of [
      [ana, true],
      [ben, false],
    ] as const) {
      const { updates } = (await client.take('room_updated')) as unknown as { updates: Record<string, unknown> };
      assert.deepEqual([updates['id'], updates['name'], updates['participant_count']], [body.room.id, 'The move', 3]);
      assert.equal((updates['can'] as string[]).includes('rename'), canRename);
      const sent = (await client.take('new_message')) as unknown as { message: { content: string } };
      assert.equal(sent.message.content, json.text);
      client.close();
    }
    assert.deepEqual(await membersOf(body.room.id), [
      [ANA, 'owner'],
      [BEN, 'member'],
      [CLEO, 'member'],
    ]);
  });

  it('identifies a group by its key, for a day; the message is stored once', async () => {
    const json = { user_ids: [BEN, CLEO], text: 'once' };
    const answers = await Promise.all(Array.from({ length: 6 }, () => create(ANA, json, 'group-1')));
    const ids = new Set(answers.map(({ body }) => body.room.id as number));
    assert.equal(ids.size, 1);
    assert.equal(answers.filter(({ status }) => status === 201).length, 1);
    assert.equal(new Set(answers.map(({ body }) => body.message.id as number)).size, 1);
    const [roomId] = ids;
    assert.equal((await server.database.query(`select 1 from messages where room_id = ${roomId}`)).length, 1);
    // Another room, another user, no key.
    const conflict = await create(ANA, { ...json, user_ids: [BEN, EMIL] }, 'group-1');
    assert.deepEqual([conflict.status, conflict.body.code], [409, 'conflict']);
    assert.equal((await create(BEN, { user_ids: [ANA, CLEO] }, 'group-1')).status, 201);
    assert.notEqual((await create(ANA, json)).body.room.id, roomId);
    // The same key with another text, as for a message.
    assert.equal((await create(ANA, { ...json, text: 'twice' }, 'group-1')).status, 409);
    const windows = {
      versionDays: 30,
      notificationWindow: { days: 90, perUser: 5 },
      syncWindow: { changes: 1_000, hours: 24 },
    };
    const keys = async (): Promise<number> => (await server.database.query('select 1 from created_rooms')).length;
    const before = await keys();
    await prune(server.database, windows, Date.now() + 23 * HOUR_S * 1_000);
    assert.equal(await keys(), before);
    await prune(server.database, windows, Date.now() + 25 * HOUR_S * 1_000);
    assert.equal(await keys(), 0);
  });

  it('a failed message leaves no second room: the repeated request finds the first one', async () => {
    const json = { user_ids: [BEN, CLEO], name: 'Closed', text: 'hello' };
    const { body } = await create(ANA, { ...json, text: undefined }, 'failed-1');
    await server.database.query(`update rooms set closed_reason = 'Done.' where id = ${body.room.id}`);
    assert.equal((await create(ANA, json, 'failed-1')).status, 403);
    await server.database.query(`update rooms set closed_reason = null where id = ${body.room.id}`);
    const again = await create(ANA, json, 'failed-1');
    assert.deepEqual([again.status, again.body.room.id, again.body.message.content], [200, body.room.id, 'hello']);
  });

  it('refuses what is not a room, before there is one', async () => {
    const count = async (): Promise<number> => (await server.database.query('select 1 from rooms')).length;
    const before = await count();
    const cases: [json: object, status: number, field?: string][] = [
      [{}, 400, 'user_ids'],
      [{ user_ids: [] }, 400, 'user_ids'],
      [{ user_ids: [ANA] }, 400, 'user_ids'],
      [{ user_ids: Array.from({ length: 101 }, (_, n) => n) }, 400, 'user_ids'],
      [{ user_ids: [BEN, CLEO, DANA, EMIL] }, 400, 'user_ids'],
      [{ user_ids: [999_999] }, 404],
      [{ user_ids: [BEN, 999_999] }, 404],
      [{ user_ids: ['x'] }, 404],
      [{ user_ids: [BEN], name: ' ' }, 400, 'name'],
      [{ user_ids: [BEN], name: 'x'.repeat(201) }, 400, 'name'],
      [{ user_ids: [BEN], name: 7 }, 400, 'name'],
      [{ user_ids: [DANA], text: '' }, 400, 'text'],
      [{ user_ids: [DANA], text: 'x'.repeat(4_001) }, 400, 'text'],
      [{ user_ids: [DANA], context: { type: 'job' } }, 400, 'context'],
      [{ user_ids: [DANA], context: { type: '', id: 1 } }, 400, 'context'],
      [{ user_ids: [DANA], context: { type: 'job', id: 'x'.repeat(201) } }, 400, 'context'],
      [{ user_ids: [DANA], context: 'job' }, 400, 'context'],
      [{ user_ids: [DANA], context_token: 7 }, 400, 'context_token'],
    ];
    for (const [json, status, field] of cases) {
      const answer = await create(ANA, json);
      assert.equal(answer.status, status, JSON.stringify(json));
      if (field) assert.deepEqual(Object.keys(answer.body as object), [field], answer.text);
    }
    assert.equal((await create(ANA, { user_ids: [BEN] }, 'x'.repeat(201))).status, 400);
    assert.equal(await count(), before);
  });

  it('a user who has blocked this one is unknown, but the rooms of both stay', async () => {
    const { database } = server;
    await database.query(`insert into blocks (blocker_id, blocked_id) values (${DANA}, ${BEN}), (${ANA}, ${BEN})`);
    const unknown = await create(BEN, { user_ids: [999_999] });
    for (const json of [
      { user_ids: [DANA] },
      { user_ids: [CLEO, DANA] },
      { user_ids: [DANA], context: { type: 'a', id: 1 } },
    ]) {
      const { status, text } = await create(BEN, json);
      assert.deepEqual([status, text], [404, unknown.text]);
    }
    const dm = async (user_id: number) => (await rest(server, BEN, 'rooms/start_dm/', { json: { user_id } })).text;
    assert.equal(await dm(DANA), await dm(999_999));
    assert.equal((await create(BEN, { user_ids: [ANA] })).body.room.id, 1);
    await database.query('delete from blocks');
  });

  describe('contexts', () => {
    const about = { type: 'job', id: '4107', title: 'Stairwell', url: 'https://shop.example/jobs/4107' };
    it('are shown as the host has signed them', async () => {
      const signed = await sign({ context: { ...about, picture: 'https://shop.example/p.png' } });
      const { status, body } = await create(ANA, { user_ids: [EMIL], context_token: signed });
      assert.equal(status, 201);
      assert.deepEqual(body.room.context, { ...about, picture: 'https://shop.example/p.png' });
      // Without a token, or for the other user: the same room, with what is signed.
      const other = await create(EMIL, { user_ids: [ANA], context: { type: 'job', id: '4107', title: 'Forged' } });
      assert.deepEqual([other.body.room.id, other.body.room.context.title], [body.room.id, 'Stairwell']);
      // A newer title replaces it, for everybody.
      const emil = await join(server, EMIL);
      const renamed = await sign({ context: { ...about, title: 'Stairwell, again' } });
      const updated = await create(ANA, {
        user_ids: [EMIL],
        context: { type: 'job', id: 4107 },
        context_token: renamed,
      });
      assert.deepEqual([updated.status, updated.body.room.context], [200, { ...about, title: 'Stairwell, again' }]);
      const frame = (await emil.take('room_updated')) as unknown as { updates: { context: { title: string } } };
      assert.equal(frame.updates.context.title, 'Stairwell, again');
      assert.equal((await create(ANA, { user_ids: [EMIL], context_token: renamed })).status, 200);
      assert.deepEqual(await emil.settle(), []);
      emil.close();
    });

    it('are described by the host, which the server asks; a host that fails delays only the title', async () => {
      const asked: unknown[] = [];
      let answer: { status: number; body: string } = { status: 503, body: '' };
      const host = createServer((request, response) => {
        void json(request).then((body) => {
          asked.push(body);
          response.writeHead(answer.status).end(answer.body);
        });
      });
      await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
      const contextUrl = `http://127.0.0.1:${(host.address() as AddressInfo).port}/`;
      try {
        await withServer({ contextUrl, limits: { roomChangesPerUser: 10_000 } }, async (other) => {
          const start = (extra: object = {}) =>
            rest(other, ANA, 'rooms/', { json: { user_ids: [EMIL], context: { type: 'job', id: 7 }, ...extra } });
          const unnamed = { type: 'job', id: '7' };
          for (const body of ['', '{}', 'nonsense', '{"title": "x", "url": "javascript:alert(1)"}']) {
            if (body) answer = { status: 200, body };
            const { status, body: made } = await start();
            assert.ok(status < 300, body);
            assert.deepEqual(made.room.context, unnamed, body);
          }
          assert.deepEqual(asked[0], { ...unnamed, user_id: ANA });
          answer = { status: 200, body: '{"title": "Stairwell", "url": "https://shop.example/7"}' };
          const named = { ...unnamed, title: 'Stairwell', url: 'https://shop.example/7' };
          assert.deepEqual((await start()).body.room.context, named);
          answer = { status: 404, body: '' };
          const refused = await start();
          assert.deepEqual([refused.status, Object.keys(refused.body as object)], [400, ['context']]);
          const { length } = asked;
          await start({ context: undefined });
          assert.equal(asked.length, length, 'without a context, the host is not asked');
        });
      } finally {
        host.close();
      }
    });

    it('are never shown unsigned', async () => {
      const { body } = await create(ANA, { user_ids: [EMIL], context: { ...about, id: 'unsigned' } });
      assert.deepEqual(body.room.context, { type: 'job', id: 'unsigned' });
    });

    it('need a valid token for this user, type and id, and addresses that are safe', async () => {
      const cases: [token: string, message: RegExp, extra?: object][] = [
        [await sign({ context: about }, { sub: String(BEN) }), /another user/],
        [await sign({ context: about }, { exp: -10 }), /expired/],
        [await sign({ context: about }, { secret: 'another secret of thirty-two bytes' }), /signature/],
        [await sign({ context: about }, { exp: 400 * 24 * HOUR_S }), /lifetime/],
        [await sign({ context: about }), /another type or id/, { context: { type: 'job', id: 1 } }],
        [await sign({ context: about }), /another type or id/, { context: { type: 'deal', id: '4107' } }],
        [await sign({ context: { ...about, title: '' } }), /title/],
        [await sign({ context: { ...about, url: 'javascript:alert(1)' } }), /url must be an http/],
        [await sign({ context: { ...about, picture: 'data:image/png;base64,x' } }), /picture must be an http/],
        [await sign({ context: { title: 'x' } }), /type/],
        [await sign({}), /type/],
        [await server.signToken(ANA), /signature or its claims/],
        ['x', /signature or its claims/],
      ];
      for (const [context_token, message, extra] of cases) {
        const { status, body } = await create(ANA, { user_ids: [DANA], context_token, ...extra });
        assert.equal(status, 400);
        assert.match(body.context_token[0], message);
      }
      // A token of a context is no sign-in.
      const token = await sign({ context: about });
      const { status } = await rest(server, null, 'rooms/', { headers: { Authorization: `Bearer ${token}` } });
      assert.equal(status, 401);
    });
  });

  it('is limited per minute, and absent without the capability', async () => {
    await withServer({ limits: { directRoomsPerUser: 1 } }, async (other) => {
      const post = () => rest(other, ANA, 'rooms/', { json: { user_ids: [BEN] } });
      assert.deepEqual([(await post()).status, (await post()).status], [200, 429]);
    });
    await withServer({ without: ['create_room'] }, async (other) => {
      assert.equal((await rest(other, ANA, 'rooms/', { json: { user_ids: [BEN] } })).status, 404);
      assert.equal('context' in (await rest(other, ANA, 'rooms/1/')).body, false);
    });
  });
});
