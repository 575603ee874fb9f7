/** Who may not go on, does not: tokens that cannot be right, people who are deactivated, members who are taken out of a room. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { SignJWT } from 'jose';
import { isAllowedOrigin, signToken } from '../../demo/server/auth.js';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { missingPrograms } from '../support/find-programs.mjs';
import { startPostgres, startProcess, type BackendProcess, type Service } from '../support/services.js';
import { ANA, BEN, CLEO, join, openSocket, rest, ROOM, within, withServer, type Backend, type Client } from './support.js';

/** What issue 10 allows, on every process. */
const SOON_MS = 5_000;

describe('10.35: tokens that cannot be right', () => {
  let server: RunningServer;
  before(async () => {
    server = await startServer();
  });
  after(() => server.close());

  const tokenWith = (claims: object): Promise<string> =>
    new SignJWT({ user_id: ANA, token_type: 'access', ...claims }).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(server.secret));
  const now = Math.floor(Date.now() / 1000);

  for (const [what, claims] of Object.entries({
    'an end in milliseconds': { exp: Date.now() + 3_600_000 },
    'an end that never comes': { exp: 1e300 },
    'an end in two years': { exp: now + 2 * 366 * 86_400 },
    'issued tomorrow': { exp: now + 3_600, iat: now + 86_400 },
    'issued in milliseconds': { exp: now + 3_600, iat: Date.now() },
  })) {
    it(`10.35: refuses a token with ${what}, on the socket and on REST`, async () => {
      const token = await tokenWith(claims);
      await assert.rejects(openSocket(server, token), /refused 403/);
      assert.equal((await rest(server, null, 'rooms/', { headers: { Authorization: `Bearer ${token}` } })).status, 401);
    });
  }

  it('10.35: takes one that was issued by a clock that is a little ahead', async () => {
    (await openSocket(server, await tokenWith({ exp: now + 3_600, iat: now + 30 }))).close();
  });

  it('10.35: does not start with a secret that can be guessed', async () => {
    await assert.rejects(startServer({ secret: 'secret' }), /at least 32 bytes.*openssl rand/);
    await assert.rejects(startServer({ secret: '' }), /at least 32 bytes/);
  });

  it('10.35: its own origin has its scheme too', async () => {
    const [http, https] = [server.url, server.url.replace('http:', 'https:')];
    const token = await server.signToken(ANA);
    (await openSocket(server, token, { origin: http })).close();
    await assert.rejects(openSocket(server, token, { origin: https }), /refused 403/);
    assert.equal((await rest(server, ANA, 'rooms/', { headers: { Origin: https } })).headers.get('Access-Control-Allow-Origin'), null);
    assert.equal(isAllowedOrigin('http://chat.example', 'chat.example:80', []), true);
    for (const origin of ['ftp://chat.example', 'https://chat.example', 'null', 'chat.example', '']) assert.equal(isAllowedOrigin(origin, 'chat.example', []), false, origin);
    assert.equal(isAllowedOrigin('https://chat.example', undefined, []), false);
  });
});

/** Deactivates Ben and takes Cleo out of a room, while both have sockets open. */
async function revoke(first: Backend, second: Backend, query: (sql: string) => Promise<unknown>): Promise<void> {
  const clients: Client[] = [];
  const enter = async (backend: Backend, userId: number, ...rooms: number[]): Promise<Client> => {
    const client = await join(backend, userId, ...rooms);
    clients.push(client);
    return client;
  };
  const [ana, here, there] = [await enter(first, ANA, 2), await enter(first, BEN, ROOM), await enter(second, BEN, ROOM)];
  const bell = await openSocket(second, await second.signToken(BEN), { path: `/ws/notifications/${BEN}/` });
  clients.push(bell);
  const cleo = await enter(second, CLEO, 2, 4);
  for (const client of clients) await (client === bell ? bell.take('recent_notifications') : client.settle());
  try {
    await query(`update users set is_active = false where id = ${BEN}`);
    await query(`delete from members where user_id = ${CLEO} and room_id = 2`);
    const closes = await Promise.all([here, there, bell].map((client) => within(client.closed, 'the sockets of Ben to close', SOON_MS)));
    for (const close of closes) assert.deepEqual(close, { code: 4001, reason: 'not active any more' });
    await assert.rejects(openSocket(first, await first.signToken(BEN)), /refused 403/);
    const { room_id } = await within(cleo.take('unsubscribed'), 'the room to be left', SOON_MS);
    assert.equal(room_id, 2, 'and not the other one');
    ana.send({ type: 'typing', room_id: 2 });
    ana.send({ type: 'send_message', room_id: 2, content: 'among us', _tempId: crypto.randomUUID() });
    await ana.take('message_ack');
    assert.equal((await cleo.ask({ type: 'send_message', room_id: 2, content: 'x', _tempId: 'x' }, 'error'))['code'], 'access_denied');
    assert.ok(!JSON.stringify(cleo.frames).includes('among us') && !cleo.frames.some(({ type }) => type === 'typing'));
  } finally {
    for (const client of clients) client.close();
  }
}

it('10.35: who is deactivated or taken out of a room does not go on over an open socket', () =>
  withServer({}, (server) => revoke(server, server, (sql) => server.database.query(sql))));

const missing = missingPrograms();
it('10.35: nor does anybody on another process', { skip: missing.length > 0 && `not on this machine: ${missing.join(', ')}` }, async () => {
  const secret = 'only for this test, and long enough to be one';
  const services: Service[] = [await startPostgres()];
  try {
    const env = { DATABASE_URL: services[0]!.url, JWT_SECRET: secret };
    const processes: BackendProcess[] = await Promise.all([startProcess(env), startProcess(env)]);
    services.unshift(...processes);
    const [one, two] = processes.map(({ url }) => ({ url, signToken: (userId: number | string) => signToken(secret, userId) })) as [Backend, Backend];
    const { default: pg } = await import('pg');
    const database = new pg.Client({ connectionString: services.at(-1)!.url });
    await database.connect();
    try {
      await revoke(one, two, (sql) => database.query(sql));
    } finally {
      await database.end();
    }
  } finally {
    for (const service of services) await service.stop();
  }
});
