/** Rate limits besides that of messages, which limits.node.test.ts covers. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { join as joinPath } from 'node:path';
import { after, before, beforeEach, describe, it, mock } from 'node:test';
import { clientAddress } from '../../demo/server/client-address.js';
import { readLimits } from '../../demo/server/command-options.js';
import { DEFAULT_LIMITS, type Limits, type Options } from '../../demo/server/options.js';
import { localRateLimiter } from '../../demo/server/rate-limits.js';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { ANA, BEN, CLEO, join, openSocket, rest, ROOM, withServer } from './support.js';

interface Refusal {
  status: number | undefined;
  retryAfter: string | undefined;
}

/** Attempts a handshake. @returns 101 if it succeeds. */
function handshake(
  { url }: RunningServer,
  query: string,
  { path = '/ws/chat/', address }: { path?: string; address?: string } = {},
): Promise<Refusal> {
  return new Promise((resolve, reject) => {
    const upgrade = request(`${url}${path}?${query}`, {
      headers: {
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
        ...(address !== undefined && { 'X-Forwarded-For': address }),
      },
    });
    upgrade.on('upgrade', (_response, socket) => {
      socket.destroy();
      resolve({ status: 101, retryAfter: undefined });
    });
    upgrade.on('response', (response) => {
      response.resume();
      resolve({ status: response.statusCode, retryAfter: response.headers['retry-after'] });
    });
    upgrade.on('error', reject);
    upgrade.end();
  });
}

const tokenQuery = async (server: RunningServer, userId: number): Promise<string> =>
  `token=${await server.signToken(userId)}`;

/** Runs `use` with a server, and the lines that it logs. */
async function withLog(
  options: Partial<Options>,
  use: (server: RunningServer, lines: string[]) => Promise<void>,
): Promise<void> {
  const lines: string[] = [];
  await withServer({ ...options, logLevel: 'warn', logTo: { write: (line) => void lines.push(line) } }, (server) =>
    use(server, lines),
  );
}

const exceeded = (lines: readonly string[]): unknown[] =>
  lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ msg }) => msg === 'rate limit exceeded')
    .map(({ limit, key }) => [limit, key]);

function assertTooMany({ status, retryAfter }: Refusal): void {
  assert.equal(status, 429);
  assert.ok(Number(retryAfter) >= 1 && Number(retryAfter) <= 60, `Retry-After: ${retryAfter}`);
}

/** Asserts the answer to one request too many. */
async function assertRestLimit(answer: ReturnType<typeof rest>): Promise<void> {
  const { status, headers, body } = await answer;
  assertTooMany({ status, retryAfter: headers.get('Retry-After') ?? undefined });
  assert.equal(body.code, 'rate_limited');
  assert.equal(String(body.retry_after), headers.get('Retry-After'));
}

it('12.21: limits the handshakes of a user, on both sockets together', () =>
  withServer({ limits: { handshakesPerUser: 2 } }, async (server) => {
    const [ana, ben] = [await tokenQuery(server, ANA), await tokenQuery(server, BEN)];
    assert.equal((await handshake(server, ana)).status, 101);
    assert.equal((await handshake(server, ana, { path: `/ws/notifications/${ANA}/` })).status, 101);
    assertTooMany(await handshake(server, ana));
    assertTooMany(await handshake(server, ana, { path: `/ws/notifications/${ANA}/` }));
    assert.equal((await handshake(server, ben)).status, 101, 'other users are not affected');
  }));

it('12.21: limits the handshakes of an address, before it looks at the token', () =>
  withServer({ trustProxy: true, limits: { handshakesPerAddress: 2 } }, async (server) => {
    const from = async (address: string, query = ''): Promise<Refusal> => handshake(server, query, { address });
    const ana = await tokenQuery(server, ANA);
    assert.equal((await from('198.51.100.1', ana)).status, 101);
    assert.equal((await from('198.51.100.1', 'token=x')).status, 403);
    assertTooMany(await from('198.51.100.1', ana));
    assert.equal((await from('198.51.100.2', ana)).status, 101, 'other addresses are not affected');
  }));

it('12.21: limits the failed sign-ins of an address, by REST, token and ticket together', () =>
  withLog({ limits: { failedSignInsPerAddress: 3 } }, async (server, lines) => {
    const byRest = (token: string) => rest(server, null, 'rooms/', { headers: { Authorization: `Bearer ${token}` } });
    const expired = await server.signToken(ANA, { expiresIn: -10 });
    assert.equal((await byRest('wrong')).status, 401);
    assert.equal((await byRest(expired)).status, 401);
    assert.equal((await handshake(server, 'token=wrong')).status, 403);
    assert.equal((await handshake(server, 'ticket=wrong')).status, 403);
    assert.equal(lines.length, 4);
    for (let n = 0; n < 5; n++) {
      await assertRestLimit(byRest('wrong'));
      assertTooMany(await handshake(server, 'ticket=wrong'));
    }
    assert.deepEqual(exceeded(lines), [['failedSignInsPerAddress', '127.0.0.1']]);
    assert.equal(lines.length, 5, 'one line for all that follow');
    // Others behind the same address are not locked out.
    assert.equal((await handshake(server, await tokenQuery(server, ANA))).status, 101);
    assert.equal((await rest(server, BEN, 'rooms/')).status, 200);
    assert.equal((await byRest(expired)).status, 401, 'a client with an expired token learns that it must renew it');
  }));

describe('12.21: per user', () => {
  const lines: string[] = [];
  let server: RunningServer;
  before(async () => {
    server = await startServer({
      limits: {
        rate: 3,
        deletesPerUser: 2,
        typingPerUser: 3,
        listsPerUser: 7,
        directRoomsPerUser: 2,
        ticketsPerUser: 2,
      },
      logLevel: 'warn',
      logTo: { write: (line) => void lines.push(line) },
    });
  });
  after(() => server.close());
  beforeEach(() => void lines.splice(0));

  it('12.21: limits the tickets of a user', async () => {
    const ticket = (userId: number) => rest(server, userId, 'ws_ticket/', { method: 'POST' });
    for (let n = 0; n < 2; n++) assert.equal((await ticket(ANA)).status, 200);
    await assertRestLimit(ticket(ANA));
    assert.equal((await ticket(BEN)).status, 200);
  });

  it('12.21: limits the lists that a user requests, by REST and on both sockets together', async () => {
    const notifications = await openSocket(server, await server.signToken(ANA), { path: `/ws/notifications/${ANA}/` });
    const ana = await join(server, ANA);
    const paths = ['rooms/', 'rooms/1/messages/', 'rooms/1/receipts/', 'sync/?room=1:0'];
    for (const path of paths) assert.equal((await rest(server, ANA, path)).status, 200, path);
    await ana.ask({ type: 'get_room_list' }, 'room_list');
    await ana.ask({ type: 'sync', rooms: { 1: 0 } }, 'sync_result');
    notifications.send({ action: 'get_unread_count' });
    await notifications.take('unread_count');

    for (const path of paths) await assertRestLimit(rest(server, ANA, path));
    for (const frame of [{ type: 'get_room_list' }, { type: 'sync', rooms: { 1: 0 } }]) {
      const error = await ana.ask(frame, 'error');
      assert.equal(error['code'], 'rate_limited');
      assert.ok(Number(error['retry_after']) >= 1);
    }
    notifications.send({ action: 'get_unread_count' });
    assert.match(String((await notifications.take('error'))['message']), /^Too many requests\./);
    assert.equal((await rest(server, BEN, 'rooms/')).status, 200, 'other users are not affected');
    assert.equal((await rest(server, ANA, 'rooms/1/')).status, 200, 'a single room is no list');
    assert.deepEqual(exceeded(lines), [['listsPerUser', ANA]]);
    assert.equal(lines.length, 1, lines.join(''));
    for (const client of [ana, notifications]) client.close();
  });

  it('12.21: does not forward, or answer, typing beyond the limit', async () => {
    const [ana, ben] = [await join(server, ANA, ROOM), await join(server, BEN, ROOM)];
    for (let n = 0; n < 5; n++) ana.send({ type: n % 2 ? 'stop_typing' : 'typing', room_id: ROOM });
    assert.deepEqual(await ana.settle(), []);
    assert.deepEqual(
      (await ben.settle()).map((frame) => [frame.type, frame['is_typing']]),
      [true, false, true].map((isTyping) => ['typing', isTyping]),
    );
    ben.send({ type: 'typing', room_id: ROOM });
    assert.equal((await ana.take('typing'))['user_id'], BEN);
    for (const client of [ana, ben]) client.close();
  });

  it('12.21: limits the deletions of a user, by REST and on the socket together, apart from messages', async () => {
    const ana = await join(server, ANA);
    const ids: number[] = [];
    for (let n = 0; n < 3; n++) {
      const { body } = await rest(server, ANA, 'rooms/1/send_message/', { json: { room: 1, content: 'x' } });
      ids.push(body.id);
    }
    const [first, second, third] = ids;
    await ana.ask({ type: 'delete_message', room_id: ROOM, message_id: first }, 'message_deleted');
    assert.equal((await rest(server, ANA, `messages/${second}/`, { method: 'DELETE' })).status, 204);
    await assertRestLimit(rest(server, ANA, `messages/${third}/`, { method: 'DELETE' }));
    const error = await ana.ask({ type: 'delete_message', room_id: ROOM, message_id: third }, 'error');
    assert.deepEqual([error['code'], error['message_id']], ['rate_limited', third]);
    assert.ok(Number(error['retry_after']) >= 1);
    const { body } = await rest(server, BEN, 'rooms/1/messages/?limit=1');
    assert.equal(body.newest_id, third, 'the message is still there');
    ana.close();
  });

  it('12.21: limits how many direct rooms a user starts', async () => {
    const start = (userId: number, user_id: number) => rest(server, userId, 'rooms/start_dm/', { json: { user_id } });
    assert.equal((await start(CLEO, ANA)).status, 201);
    assert.equal((await start(CLEO, 99)).status, 400);
    await assertRestLimit(start(CLEO, BEN));
    assert.equal((await start(BEN, CLEO)).status, 201, 'the refused request created nothing');
  });
});

it('12.21: forgets what it has counted after a minute', async () => {
  mock.timers.enable({ apis: ['Date', 'setTimeout'] });
  try {
    const limiter = localRateLimiter(1);
    await limiter.consume('198.51.100.1');
    await assert.rejects(limiter.consume('198.51.100.1'));
    mock.timers.tick(59_999);
    assert.equal((await limiter.get('198.51.100.1'))?.consumedPoints, 2);
    mock.timers.tick(1);
    assert.equal(await limiter.get('198.51.100.1'), null);
  } finally {
    mock.timers.reset();
  }
});

for (const [address, key] of Object.entries({
  '198.51.100.1': '198.51.100.1',
  '::ffff:198.51.100.1': '198.51.100.1',
  '2001:db8:0:7:1:2:3:4': '2001:db8:0:7::/64',
  '2001:0DB8::7:1:2:3:4': '2001:db8:0:7::/64',
  '2001:db8::4': '2001:db8:0:0::/64',
  'fe80::1%eth0': 'fe80:0:0:0::/64',
  '::1': '0:0:0:0::/64',
  '::': '0:0:0:0::/64',
})) {
  it(`12.21: counts ${address} as ${key}`, () => {
    const from = (remoteAddress: string, forwarded?: string, trustProxy = false): string =>
      clientAddress(
        { headers: { 'x-forwarded-for': forwarded }, socket: { remoteAddress } } as unknown as IncomingMessage,
        trustProxy,
      );
    assert.equal(from(address), key);
    assert.equal(from('192.0.2.1', `203.0.113.9, ${address}`, true), key);
    assert.equal(from('192.0.2.1', address), '192.0.2.1', 'the header is not trusted');
  });
}

it('12.21: reads limits from the command line', () => {
  assert.deepEqual(readLimits('limit', ['rate=7', 'listsPerUser=8']), { rate: 7, listsPerUser: 8 });
});

it('12.21: docs/SECURITY.md lists every limit, and its default', () => {
  const text = readFileSync(joinPath(import.meta.dirname, '../../docs/SECURITY.md'), 'utf8');
  const section = /## Limits of the reference backend\n([^]*?)\n## /.exec(text)![1]!;
  const rows = [...section.matchAll(/^\| `(\w+)` \| ([\d,]+)/gm)].map(([, name, value]): [string, number] => [
    name!,
    Number(value!.replaceAll(',', '')),
  ]);
  assert.deepEqual(Object.fromEntries(rows) as unknown as Limits, DEFAULT_LIMITS);
});
