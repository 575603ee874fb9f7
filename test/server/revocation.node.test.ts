/** Invalid tokens, deactivated users and removed members lose access. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { SignJWT } from 'jose';
import { isAllowedOrigin, signToken } from '../../demo/server/auth.js';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { missingPrograms } from '../support/find-programs.mjs';
import { startPostgres, startProcess, type BackendProcess, type Service } from '../support/services.js';
import {
  ANA,
  BEN,
  CLEO,
  join,
  openSocket,
  rest,
  ROOM,
  within,
  withServer,
  type Backend,
  type Client,
} from './support.js';

/** Maximum delay of a revocation, on every process. */
const MAX_DELAY_MS = 5_000;

describe('10.35: implausible tokens', () => {
  let server: RunningServer;
  before(async () => {
    server = await startServer();
  });
  after(() => server.close());

  const tokenWith = (claims: object): Promise<string> =>
    new SignJWT({ user_id: ANA, token_type: 'access', ...claims })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(new TextEncoder().encode(server.secret));
  const now = Math.floor(Date.now() / 1000);

  for (const [what, claims] of Object.entries({
    'an expiry in milliseconds': { exp: Date.now() + 3_600_000 },
    'an infinite expiry': { exp: 1e300 },
    'an expiry in two years': { exp: now + 2 * 366 * 86_400 },
    'an issue time of tomorrow': { exp: now + 3_600, iat: now + 86_400 },
    'an issue time in milliseconds': { exp: now + 3_600, iat: Date.now() },
  })) {
    it(`10.35: rejects a token with ${what}, on the socket and by REST`, async () => {
      const token = await tokenWith(claims);
      await assert.rejects(openSocket(server, token), /refused 403/);
      assert.equal((await rest(server, null, 'rooms/', { headers: { Authorization: `Bearer ${token}` } })).status, 401);
    });
  }

  it('10.35: accepts a token issued by a clock that is slightly ahead', async () => {
    (await openSocket(server, await tokenWith({ exp: now + 3_600, iat: now + 30 }))).close();
  });

  it('10.35: does not start with a weak secret', async () => {
    await assert.rejects(startServer({ secret: 'secret' }), /at least 32 bytes.*openssl rand/);
    await assert.rejects(startServer({ secret: '' }), /at least 32 bytes/);
  });

  it('10.35: compares the scheme of its own origin', async () => {
    const [http, https] = [server.url, server.url.replace('http:', 'https:')];
    const token = await server.signToken(ANA);
    (await openSocket(server, token, { origin: http })).close();
    await assert.rejects(openSocket(server, token, { origin: https }), /refused 403/);
    assert.equal(
      (await rest(server, ANA, 'rooms/', { headers: { Origin: https } })).headers.get('Access-Control-Allow-Origin'),
      null,
    );
    assert.equal(isAllowedOrigin('http://chat.example', 'chat.example:80', []), true);
    for (const origin of ['ftp://chat.example', 'https://chat.example', 'null', 'chat.example', ''])
      assert.equal(isAllowedOrigin(origin, 'chat.example', []), false, origin);
    assert.equal(isAllowedOrigin('https://chat.example', undefined, []), false);
  });
});

/** Deactivates Ben and removes Cleo from a room, while both have open sockets. */
async function revoke(first: Backend, second: Backend, query: (sql: string) => Promise<unknown>): Promise<void> {
  const clients: Client[] = [];
  const enter = async (backend: Backend, userId: number, ...rooms: number[]): Promise<Client> => {
    const client = await join(backend, userId, ...rooms);
    clients.push(client);
    return client;
  };
  const [ana, here, there] = [
    await enter(first, ANA, 2),
    await enter(first, BEN, ROOM),
    await enter(second, BEN, ROOM),
  ];
  const notifications = await openSocket(second, await second.signToken(BEN), { path: `/ws/notifications/${BEN}/` });
  clients.push(notifications);
  const cleo = await enter(second, CLEO, 2, 4);
  for (const client of clients)
    await (client === notifications ? notifications.take('recent_notifications') : client.settle());
  try {
    await query(`update users set is_active = false where id = ${BEN}`);
    await query(`delete from members where user_id = ${CLEO} and room_id = 2`);
    const closes = await Promise.all(
      [here, there, notifications].map((client) => within(client.closed, 'the sockets of Ben to close', MAX_DELAY_MS)),
    );
    for (const close of closes) assert.deepEqual(close, { code: 4001, reason: 'user deactivated' });
    await assert.rejects(openSocket(first, await first.signToken(BEN)), /refused 403/);
    const { room_id } = await within(cleo.take('unsubscribed'), 'the subscription to end', MAX_DELAY_MS);
    assert.equal(room_id, 2, 'and not the other one');
    ana.send({ type: 'typing', room_id: 2 });
    ana.send({ type: 'send_message', room_id: 2, content: 'among us', _tempId: crypto.randomUUID() });
    await ana.take('message_ack');
    assert.equal(
      (await cleo.ask({ type: 'send_message', room_id: 2, content: 'x', _tempId: 'x' }, 'error'))['code'],
      'access_denied',
    );
    assert.ok(!JSON.stringify(cleo.frames).includes('among us') && !cleo.frames.some(({ type }) => type === 'typing'));
  } finally {
    for (const client of clients) client.close();
  }
}

it('10.35: ends the access of deactivated users and removed members over open sockets', () =>
  withServer({}, (server) => revoke(server, server, (sql) => server.database.query(sql))));

const missing = missingPrograms();
it(
  '10.35: also on another process',
  { skip: missing.length > 0 && `not on this machine: ${missing.join(', ')}` },
  async () => {
    const secret = 'only for this test, and long enough to be one';
    const services: Service[] = [await startPostgres()];
    try {
      const env = { DATABASE_URL: services[0]!.url, JWT_SECRET: secret };
      const processes: BackendProcess[] = await Promise.all([startProcess(env), startProcess(env)]);
      services.unshift(...processes);
      const [one, two] = processes.map(({ url }) => ({
        url,
        signToken: (userId: number | string) => signToken(secret, userId),
      })) as [Backend, Backend];
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
  },
);
