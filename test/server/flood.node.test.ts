/** Clients that send more than the server can process, or read nothing: the server survives and serves the others. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import pg from 'pg';
import { WebSocket } from 'ws';
import { signToken } from '../../demo/server/auth.js';
import { startServer } from '../../demo/server/server.js';
import { missingPrograms } from '../support/find-programs.mjs';
import { startPostgres, startProcess } from '../support/services.js';
import { ANA, BEN, join, openSocket, rest, ROOM, within, withServer, type Backend } from './support.js';

const SECRET = 'only for this test, and long enough to be one';
/** Heap limit of the server in MB: a tenth of Node's default. */
const HEAP_MB = 128;
const FRAME_BYTES = 60_000;
const FLOOD_BYTES = 400_000_000;

/** A valid but slow frame: each one queries the database. */
const frame = (): string => {
  const text = JSON.stringify({
    type: 'mark_read',
    room_id: ROOM,
    message_ids: Array.from({ length: 5_000 }, (_, n) => 1_000_000 + n),
  });
  return text.slice(0, -1) + ' '.repeat(FRAME_BYTES - text.length) + '}';
};

/** Sends as fast as the server reads, up to a time or size limit. @returns the number of bytes read by the server. */
async function flood(socket: WebSocket, ms: number): Promise<number> {
  const text = frame();
  let sent = 0;
  for (const end = Date.now() + ms; Date.now() < end && sent < FLOOD_BYTES && socket.readyState === WebSocket.OPEN;) {
    while (socket.bufferedAmount < 4_000_000 && sent < FLOOD_BYTES) {
      socket.send(text);
      sent += text.length;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return sent - socket.bufferedAmount;
}

/** A backend process with a small heap. */
const startSmallProcess = (databaseUrl: string): ReturnType<typeof startProcess> =>
  startProcess({
    JWT_SECRET: SECRET,
    DATABASE_URL: databaseUrl,
    NODE_OPTIONS: `--max-old-space-size=${HEAP_MB}`,
  });

const missing = missingPrograms();
it(
  '10.34: survives 400 MB of valid frames with a small heap and a slow database',
  { skip: missing.length > 0 && `not on this machine: ${missing.join(', ')}` },
  async () => {
    const postgres = await startPostgres();
    const server = await startSmallProcess(postgres.url);
    const backend: Backend = { url: server.url, signToken: (userId) => signToken(SECRET, userId) };
    const database = new pg.Client({ connectionString: postgres.url });
    try {
      await database.connect();
      const [ana, ben] = [await join(backend, ANA), await join(backend, BEN)];
      ana.socket.on('error', () => {});
      // Blocks queries for the participants of a room.
      await database.query('begin; lock table members in access exclusive mode');
      const flooding = flood(ana.socket, 4_000);
      let served = 0;
      for (const end = Date.now() + 3_500; Date.now() < end; served++) await ben.ask({ type: 'ping' }, 'pong');
      const taken = await flooding;
      assert.ok(served > 0, 'others are served meanwhile');
      assert.ok(taken < FLOOD_BYTES / 4, `${Math.round(taken / 1e6)} MB were read and must be buffered somewhere`);
      ana.close();
      await database.query('commit');
      const { status } = await rest(backend, BEN, `rooms/${ROOM}/send_message/`, {
        json: { room: ROOM, content: 'still here' },
      });
      assert.equal(status, 201);
      ben.close();
      assert.equal(server.program.child.exitCode, null, server.program.output());
    } finally {
      await database.end().catch(() => {});
      await server.stop();
      await postgres.stop();
    }
  },
);

const poll = async (what: string, condition: () => boolean | Promise<boolean>): Promise<void> =>
  within(
    (async () => {
      while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
    })(),
    what,
  );

it('10.34: does not process queued frames of a broken socket', () =>
  withServer({}, async (server) => {
    const ana = await join(server, ANA);
    const { query } = server.database;
    let asked = 0;
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    server.database.query = (async (sql: string, params?: unknown[]) => {
      // The first query of each frame.
      if (/^select 1 from members/.test(sql.trim())) {
        asked++;
        await held;
      }
      return query(sql, params);
    }) as typeof query;
    for (let n = 0; n < 20; n++) ana.send({ type: 'mark_read', room_id: ROOM });
    await poll('the first frame to be processed', () => asked === 1);
    ana.socket.terminate();
    await poll(
      'the connection to end',
      async () => (await new Promise((resolve) => server.server.getConnections((_, count) => resolve(count)))) === 0,
    );
    release();
    // Any query of a second frame would run before these.
    for (let n = 0; n < 5; n++) await rest(server, BEN, 'rooms/');
    assert.equal(asked, 1);
  }));

it('10.34: stops writing to a client that reads nothing', () =>
  withServer({}, async (server) => {
    const ana = await join(server, ANA);
    ana.socket.pause();
    let answered = 0;
    const { query } = server.database;
    server.database.query = ((sql: string, params?: unknown[]) => {
      if (/from members me\s+join rooms/.test(sql)) answered++;
      return query(sql, params);
    }) as typeof query;
    // A long room list: each answer has more than 100 kB.
    await query(
      `with made as (insert into rooms (name, room_type) select repeat('x', 1000), 'general' from generate_series(1, 100) returning id)
      insert into members (room_id, user_id) select id, $1 from made`,
      [ANA],
    );
    const many = 400;
    for (let n = 0; n < many; n++) ana.send({ type: 'get_room_list' });
    for (let known = -1; known !== answered;) {
      known = answered;
      await new Promise((resolve) => setTimeout(resolve, 400));
    }
    assert.ok(answered > 0 && answered < many / 2, `${answered} of ${many} were answered`);
    const before = answered;
    ana.socket.resume();
    await poll('more answers after reading', () => answered > before + 20);
    ana.close();
  }));

it('10.34: stops within a time limit even if queries hang', async () => {
  const server = await startServer();
  const ana = await join(server, ANA);
  const never = new Promise<never>(() => {});
  let asked = 0;
  server.database.query = (() => (asked++, never)) as typeof server.database.query;
  ana.send({ type: 'mark_read', room_id: ROOM });
  await poll('the frame to be processed', () => asked > 0);
  const request = rest(server, BEN, 'rooms/').catch(() => {});
  const close = within(ana.closed, 'the socket to be closed');
  await within(server.close(), 'the server to stop');
  assert.equal((await close).code, 1012);
  await request;
});

it('10.34: does not echo a nested or long _tempId', () =>
  withServer({}, async (server) => {
    const ana = await join(server, ANA);
    const nested = `${'['.repeat(2_500)}${']'.repeat(2_500)}`;
    const times: number[] = [];
    for (let n = 0; n < 20; n++) {
      const at = performance.now();
      ana.send(`{"type":"send_message","room_id":1,"content":"x","_tempId":${nested}}`);
      assert.ok(!('_tempId' in (await ana.take('error'))));
      times.push(performance.now() - at);
    }
    assert.ok(Math.min(...times) < 10, `a frame took ${Math.min(...times)} ms`);
    for (const _tempId of ['x'.repeat(50_000), {}, null, true])
      assert.ok(
        !('_tempId' in (await ana.ask({ type: 'send_message', room_id: 'none', content: 'x', _tempId }, 'error'))),
      );
    ana.send('{"type":"send_message","room_id":"none","content":"x","_tempId":1e999}');
    assert.ok(!('_tempId' in (await ana.take('error'))));
    for (const _tempId of ['short', 7])
      assert.equal(
        (await ana.ask({ type: 'send_message', room_id: 'none', content: 'x', _tempId }, 'error'))['_tempId'],
        _tempId,
      );
    for (const message_id of [[[]], 'x'.repeat(50_000)])
      assert.ok(
        !('message_id' in (await ana.ask({ type: 'edit_message', room_id: ROOM, message_id, content: 'x' }, 'error'))),
      );
    const notifications = await openSocket(server, await server.signToken(ANA), { path: `/ws/notifications/${ANA}/` });
    notifications.send({ action: 'mark_read', notification_id: 'x'.repeat(50_000) });
    assert.ok(!('notification_id' in (await notifications.take('notification_read'))));
    for (const client of [ana, notifications]) client.close();
  }));

it(
  '10.34: survives many sockets of one user that request much and read nothing',
  { skip: missing.length > 0 && `not on this machine: ${missing.join(', ')}`, timeout: 120_000 },
  async () => {
    const postgres = await startPostgres();
    const server = await startSmallProcess(postgres.url);
    const backend: Backend = { url: server.url, signToken: (userId) => signToken(SECRET, userId) };
    const database = new pg.Client({ connectionString: postgres.url });
    const sockets: WebSocket[] = [];
    try {
      await database.connect();
      for (let room = 0; room < 5; room++) {
        await database.query(`do $$ declare r int; m int; begin
        insert into rooms (name, room_type) values ('big', 'general') returning id into r;
        insert into members (room_id, user_id) values (r, ${ANA});
        for n in 1..200 loop
          insert into messages (room_id, sender_id, message_type, content) values (r, ${ANA}, 'text', repeat('x', 4000)) returning id into m;
          perform record_change(r, 'new_message', m);
        end loop; end $$`);
      }
      const rooms = ((await rest(backend, ANA, 'rooms/')).body as { id: number; name: string }[]).filter(
        ({ name }) => name === 'big',
      );
      const sync = JSON.stringify({ type: 'sync', rooms: Object.fromEntries(rooms.map(({ id }) => [id, 0])) });
      const token = await backend.signToken(ANA);
      for (let n = 0; n < 100; n++) {
        const { socket } = await openSocket(backend, token);
        socket.on('error', () => {});
        socket.pause();
        socket.send(sync);
        sockets.push(socket);
      }
      const ben = await join(backend, BEN);
      for (let n = 0; n < 50; n++) await ben.ask({ type: 'ping' }, 'pong');
      assert.deepEqual([server.program.child.exitCode, server.program.child.signalCode], [null, null]);
      assert.equal((await rest(backend, BEN, 'rooms/')).status, 200);
      ben.close();
    } finally {
      for (const socket of sockets) socket.terminate();
      await database.end();
      await server.stop();
      await postgres.stop();
    }
  },
);

it('10.34: closes the oldest socket of a user with too many, and none of other users', () =>
  withServer({}, async (server) => {
    const ben = await join(server, BEN);
    const clients = [];
    for (let n = 0; n < 11; n++) clients.push(await join(server, ANA));
    assert.equal((await within(clients[0]!.closed, 'the oldest socket to be closed')).code, 1013);
    for (const client of [...clients.slice(1), ben]) await client.ask({ type: 'ping' }, 'pong');
    for (const client of [...clients, ben]) client.close();
  }));

it('10.34: does not count a closed socket whose client does not answer: the next excess socket closes the next oldest', () =>
  withServer({}, async (server) => {
    const clients = [];
    for (let n = 0; n < 12; n++) {
      clients.push(await join(server, ANA));
      if (n === 0) clients[0]!.socket.pause();
    }
    assert.equal((await within(clients[1]!.closed, 'the second socket to be closed')).code, 1013);
    for (const client of clients.slice(2)) await client.ask({ type: 'ping' }, 'pong');
    clients[0]!.socket.terminate();
    for (const client of clients) client.close();
  }));

it('10.34: keeps a live client while its socket is paused because of a slow database', () =>
  withServer({ livenessSeconds: 0.05 }, async (server) => {
    const ana = await join(server, ANA);
    const { query } = server.database;
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    server.database.query = (async (sql: string, params?: unknown[]) => {
      if (/^select 1 from members/.test(sql.trim())) await held;
      return query(sql, params);
    }) as typeof query;
    for (let n = 0; n < 100; n++) ana.send({ type: 'typing', room_id: ROOM });
    // Ten times the lifetime of a dead client.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    release();
    await ana.ask({ type: 'ping' }, 'pong');
    ana.close();
  }));
