import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join as joinPath } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { toJson } from '../../demo/server/serialise.js';
import { ANA, BEN, join, openSocket, rest, ROOM, withServer } from './support.js';

const TIME_NAME = /^timestamp$|_(at|time)$/;
const ISO_WITH_OFFSET = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** Checks every time field in a body. @returns the number of time fields. */
function checkTimes(value: unknown, path: string): number {
  if (typeof value !== 'object' || value === null) return 0;
  return Object.entries(value).reduce((sum, [name, field]) => {
    if (!TIME_NAME.test(name)) return sum + checkTimes(field, `${path}.${name}`);
    if (field !== null) assert.match(String(field), ISO_WITH_OFFSET, `${path}.${name}`);
    return sum + 1;
  }, 0);
}

const date = fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });
const good = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.string(),
    fc.boolean(),
    fc.constant(null),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    date,
    tie('list'),
    tie('object'),
  ),
  list: fc.array(tie('value'), { maxLength: 4 }),
  object: fc.dictionary(
    fc.string().filter((name) => !TIME_NAME.test(name) && name !== '__proto__'),
    tie('value'),
    { maxKeys: 4 },
  ),
}));
const timeName = fc.constantFrom('timestamp', 'created_at', 'last_message_time', 'read_at');
const unserialisable = fc.constantFrom<() => unknown>(
  () => 10n,
  () => undefined,
  () => Number.NaN,
  () => Infinity,
  () => new Date(Number.NaN),
  () => new Map(),
  () => new Set([1]),
  () => Symbol('x'),
  () => () => 1,
  () => /x/,
  () => new URL('http://x'),
  () => new Uint8Array(2),
  () => [, 1], // eslint-disable-line no-sparse-arrays
  () => {
    const loop: unknown[] = [];
    loop.push(loop);
    return loop;
  },
);
const badTime = fc.oneof(
  fc.constantFrom<unknown>(
    '',
    'now',
    'Invalid Date',
    '2026-11-22',
    '2026-11-22T22:28:56',
    '2026-11-22 22:28:56Z',
    '2026-13-40T99:99:99Z',
    'Sun Nov 22 2026',
    0,
    true,
    {},
    [],
  ),
  fc.integer(),
  fc.string().filter((text) => !ISO_WITH_OFFSET.test(text)),
);

describe('serialisation of dates and other values', () => {
  it('serialises valid values unchanged, and times as ISO 8601 with an offset', () => {
    fc.assert(
      fc.property(good.value, (value) =>
        assert.deepEqual(JSON.parse(toJson(value)), JSON.parse(JSON.stringify(value))),
      ),
    );
    fc.assert(
      fc.property(timeName, date, (name, time) => {
        const text = (JSON.parse(toJson([{ a: { [name]: time } }])) as [{ a: Record<string, string> }])[0].a[name]!;
        assert.match(text, ISO_WITH_OFFSET);
        assert.equal(Date.parse(text), time.getTime());
      }),
    );
    assert.equal(
      toJson({ read_at: null, edited_at: undefined, created_at: '2026-11-22T22:28:56.077259+00:00' }),
      '{"read_at":null,"created_at":"2026-11-22T22:28:56.077259+00:00"}',
    );
  });

  it('rejects anything else at any depth', () => {
    const places = fc.constantFrom<(value: unknown) => unknown>(
      (value) => [value],
      (value) => ({ a: [1, value] }),
      (value) => ({ a: { b: [[value]] } }),
    );
    fc.assert(
      fc.property(unserialisable, places, (make, place) =>
        assert.throws(() => toJson(place(make())), /^UnserialisableError: \$/),
      ),
    );
    fc.assert(
      fc.property(badTime, timeName, places, (time, name, place) =>
        assert.throws(() => toJson(place({ [name]: time })), /is not a time with a UTC offset/),
      ),
    );
  });

  it('is the only place that serialises responses', async () => {
    const folder = joinPath(import.meta.dirname, '../../demo/server');
    const sources = await Promise.all(
      (await readdir(folder, { recursive: true }))
        .filter((name) => name.endsWith('.ts'))
        .map(async (name) => [name, await readFile(joinPath(folder, name), 'utf8')] as const),
    );
    const using = (pattern: RegExp): string[] =>
      sources.filter(([, text]) => pattern.test(text)).map(([name]) => basename(name));
    assert.deepEqual(using(/JSON\.stringify|\.json\([^)]/), ['serialise.ts']);
    assert.deepEqual(using(/socket\.send\(/), ['socket-connection.ts']);
    assert.deepEqual(
      using(/new Response\(/).sort(),
      ['http-responses.ts', 'serve-attachment.ts'],
      'files, and JSON or the HTML error page',
    );
  });

  for (const baseline of [false, true]) {
    it(`sends valid times in every response of the ${baseline ? 'baseline' : 'full'} server, on every route and frame`, () =>
      withServer({ baseline }, async (server) => {
        let times = 0;
        const watched = [
          await openSocket(server, await server.signToken(ANA)),
          await join(server, BEN, ROOM),
          await openSocket(server, await server.signToken(BEN), { path: '/ws/notifications/2/' }),
        ];
        const [ana, ben, notifications] = watched as [(typeof watched)[0], (typeof watched)[0], (typeof watched)[0]];
        for (const client of watched)
          client.socket.on('message', (data) => (times += checkTimes(JSON.parse(String(data)), 'frame')));
        const rooms = (await ana.ask({ type: 'get_room_list' }, 'room_list'))['rooms'] as { id: number }[];
        assert.equal(rooms.length, 5);
        for (const frame of [
          'subscribe_room',
          'typing',
          'stop_typing',
          'send_message',
          'mark_read',
          'unsubscribe_room',
          'ping',
          'wat',
          7,
        ]) {
          for (const room_id of [ROOM, 2, 999, 'abc', undefined])
            ana.send({ type: frame, room_id, content: 'Hi 👋', _tempId: `t-${frame}-${room_id}`, message_ids: [] });
        }
        for (const frame of [
          { type: 'react', emoji: '👍', on: true },
          { type: 'edit_message', content: 'edited' },
          { type: 'delete_message' },
        ]) {
          for (const message_id of [1, 3, 'x']) ana.send({ ...frame, room_id: ROOM, message_id });
        }
        ana.send({ type: 'sync', rooms: { 1: 0, 2: 7, x: 1 } });
        for (const text of ['{bad', '[1]', 'null', '""', '']) ana.send(text);
        for (const action of [
          { action: 'get_unread_count' },
          { action: 'mark_all_read' },
          { action: 'mark_read', notification_id: 1 },
          'null',
          '{',
        ])
          notifications.send(action);
        await notifications.take('notification_read');
        await ana.settle();
        await ben.settle();
        const walk: [string, object?][] = [
          ['rooms/'],
          ['rooms/1/'],
          ['rooms/999/'],
          ['rooms/x/'],
          ['rooms/1/messages/'],
          ['rooms/1/messages/?limit=x'],
          ['rooms/1/messages/?before=x'],
          ['rooms/3/messages/?after=1&limit=2'],
          ['rooms/5/messages/'],
          ['rooms/999/messages/'],
          ['rooms/1/send_message/', { room: 1, content: 'x', reply_to: 1 }],
          ['rooms/1/send_message/', {}],
          ['rooms/1/send_message/', { room: 1, content: '' }],
          ['rooms/1/send_message/', { room: 1, content: 5 }],
          ['rooms/999/send_message/', { room: 999, content: 'x' }],
          ['messages/3/mark_read/', {}],
          ['messages/x/mark_read/', {}],
          ['rooms/start_dm/', { user_id: 3 }],
          ['rooms/start_dm/', { user_id: 3 }],
          ['rooms/start_dm/', { user_id: 99 }],
          ['sync/?room=1:0'],
          ['sync/?room=x'],
          ['messages/5/reactions/', { emoji: '👍', on: true }],
          ['ws_ticket/', {}],
          ['nowhere/'],
          ['/healthz'],
          ['/api/chat/attachments/x/y'],
        ];
        for (const [path, json] of walk) {
          const { body, status } = await rest(server, ANA, path, json ? { json } : {});
          assert.ok(body !== undefined, `${path} is JSON`);
          assert.ok(status < 500, `${path} → ${status}`);
          times += checkTimes(body, path);
        }
        assert.ok(times > 200, `saw ${times} times`);
        for (const client of watched) client.close();
      }));
  }

  it('answers with a clean error if the database contains an unrepresentable time', () =>
    withServer({}, async (server) => {
      await server.database.query(
        `update messages set created_at = 'infinity' where id = (select max(id) from messages where room_id = 1)`,
      );
      const { status, body } = await rest(server, ANA, 'rooms/1/messages/');
      assert.deepEqual([status, body], [500, { detail: 'Internal server error.' }]);
      const ana = await join(server, ANA);
      const error = await ana.ask({ type: 'get_room_list' }, 'error');
      assert.deepEqual([error['code'], error['message']], ['internal', 'Internal error']);
      assert.match(String(error['timestamp']), ISO_WITH_OFFSET);
      assert.equal((await ana.settle()).length, 0, 'the socket stays open');
      ana.close();
    }));
});
