import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { SignJWT } from 'jose';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { ANA, BEN, join, openSocket, rest, within, withServer } from './support.js';

const PAGE = 'https://shop.example';

describe('authentication', () => {
  let server: RunningServer;
  const lines: string[] = [];
  before(async () => {
    server = await startServer({
      allowedOrigins: [PAGE],
      logLevel: 'info',
      logTo: { write: (line) => void lines.push(line) },
    });
  });
  after(() => server.close());

  const reasons = (): unknown[] =>
    lines.map((line) => (JSON.parse(line) as { reason?: string }).reason).filter(Boolean);

  const badTokens: Record<string, () => Promise<string | null>> = {
    missing_token: async () => null,
    malformed_token: async () => 'not.a.token',
    bad_signature: async () => `${(await server.signToken(ANA)).slice(0, -6)}AAAAAA`,
    expired_token: () => server.signToken(ANA, { expiresIn: -60 }),
    wrong_token_type: () => server.signToken(ANA, { tokenType: 'refresh' }),
    unknown_user: () => server.signToken(999),
  };

  for (const [because, make] of Object.entries(badTokens)) {
    it(`rejects the handshake: ${because}`, async () => {
      const token = await make();
      await assert.rejects(openSocket(server, token), /refused 403/);
      assert.equal(reasons().at(-1), because);
      const { status, body } = await rest(
        server,
        null,
        'rooms/',
        token === null ? {} : { headers: { Authorization: `Bearer ${token}` } },
      );
      assert.equal(status, 401);
      assert.equal(body.code, token === null ? 'not_authenticated' : 'token_not_valid');
      assert.equal(typeof body.detail, 'string');
    });
  }

  it('rejects a token without expiry, with another algorithm, or without a user', async () => {
    const key = new TextEncoder().encode(server.secret);
    const endless = await new SignJWT({ user_id: ANA, token_type: 'access' })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(key);
    const other = await new SignJWT({ user_id: ANA, token_type: 'access' })
      .setProtectedHeader({ alg: 'HS512' })
      .setExpirationTime('1h')
      .sign(key);
    const nobody = await new SignJWT({ token_type: 'access' })
      .setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime('1h')
      .sign(key);
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(`{"user_id":1,"exp":9999999999,"token_type":"access"}`).toString('base64url')}.`;
    for (const token of [endless, other, nobody, none]) await assert.rejects(openSocket(server, token), /refused 403/);
  });

  it('rejects foreign origins in the handshake; accepts its own, allowed ones, and clients without one', async () => {
    const token = await server.signToken(ANA);
    await assert.rejects(openSocket(server, token, { origin: 'https://evil.example' }), /refused 403/);
    assert.equal(reasons().at(-1), 'foreign_origin');
    await assert.rejects(openSocket(server, token, { origin: 'null' }), /refused 403/);
    for (const origin of [PAGE, server.url]) (await openSocket(server, token, { origin })).close();
    (await openSocket(server, token)).close();
  });

  it('sends CORS headers to allowed origins only, with errors too', async () => {
    const from = (origin: string, user: number | null = ANA) =>
      rest(server, user, 'rooms/', { headers: { Origin: origin } });
    assert.equal((await from(PAGE)).headers.get('Access-Control-Allow-Origin'), PAGE);
    assert.match((await from(PAGE)).headers.get('Access-Control-Expose-Headers') ?? '', /Retry-After/);
    const refused = await from(PAGE, null);
    assert.equal(refused.status, 401);
    assert.equal(refused.headers.get('Access-Control-Allow-Origin'), PAGE);
    assert.equal((await from('https://evil.example')).headers.get('Access-Control-Allow-Origin'), null);
    const preflight = await rest(server, null, 'rooms/1/send_message/', {
      method: 'OPTIONS',
      headers: {
        Origin: PAGE,
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'idempotency-key',
      },
    });
    assert.equal(preflight.status, 204);
    assert.match(
      preflight.headers.get('Access-Control-Allow-Headers') ?? '',
      /Authorization,Content-Type,Idempotency-Key/,
    );
  });

  it('never logs a token', async () => {
    const token = await server.signToken(ANA);
    const client = await openSocket(server, token);
    await client.settle();
    client.close();
    await rest(server, null, `rooms/?token=${token}`, { headers: { Authorization: `Bearer ${token}` } });
    await assert.rejects(openSocket(server, `${token}x`));
    const log = lines.join('');
    assert.match(log, /"msg":"connected"/);
    assert.ok(!log.includes(token.slice(-20)), 'the signature is in the log');
    assert.ok(!/eyJ/.test(log), 'the log contains something like a token');
  });

  it('logs the user of each connection', async () => {
    (await join(server, BEN)).close();
    const connected = lines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .findLast(({ msg }) => msg === 'connected');
    assert.equal(connected?.['user'], BEN);
    assert.equal(connected?.['mode'], 'full');
    assert.equal(connected?.['origin'], null);
  });

  it('closes an open socket with 4001 when its token expires', async () => {
    const client = await openSocket(server, await server.signToken(ANA, { expiresIn: 5 }));
    assert.deepEqual(await within(client.closed, 'the socket to close'), { code: 4001, reason: 'token expired' });
  });

  it("rejects another user's notifications and unknown paths", async () => {
    const token = await server.signToken(ANA);
    await assert.rejects(openSocket(server, token, { path: '/ws/notifications/2/' }), /refused 403/);
    await assert.rejects(openSocket(server, token, { path: '/ws/else/' }), /refused 404/);
  });
});

it('redacts tokens in all log fields and errors', async () => {
  const { createLog } = await import('../../demo/server/log.js');
  const lines: string[] = [];
  await withServer({}, async (server) => {
    const token = await server.signToken(ANA);
    const log = createLog({ logLevel: 'info', logTo: { write: (line) => void lines.push(line) } });
    log.info({ token: 'opaque-1', headers: { authorization: 'Bearer opaque-2' } }, `GET /ws/chat/?token=opaque-3&x=1`);
    log.error({ err: new Error(`failed for ${token}`) }, token);
    assert.equal(lines.length, 2);
    assert.ok(!/opaque|eyJ/.test(lines.join('')), lines.join(''));
  });
});
