import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { ANA, BEN, openSocket, rest, within } from './support.js';

const PROTOCOL = 'unified-chat';
/** Lifetime of a token that expires during a test, in seconds: long enough for a busy machine to present it first. */
const BRIEF_S = 6;
const bearer = (token: string): string => `bearer.${Buffer.from(token).toString('base64url')}`;

describe('tokens on a socket', () => {
  let server: RunningServer;
  const lines: string[] = [];
  const secrets: string[] = [];
  before(async () => {
    server = await startServer({
      expiryWarningSeconds: 60,
      logLevel: 'debug',
      logTo: { write: (line) => void lines.push(line) },
    });
  });
  after(() => server.close());

  const token = async (userId: number, expiresIn?: number): Promise<string> => {
    const made = await server.signToken(userId, expiresIn === undefined ? {} : { expiresIn });
    secrets.push(made);
    return made;
  };
  const ticketFor = async (userId: number): Promise<string> => {
    const { status, body } = await rest(server, userId, 'ws_ticket/', { method: 'POST' });
    assert.deepEqual([status, body.expires_in_s], [200, 30]);
    secrets.push(body.ticket);
    return body.ticket;
  };

  // Mostly waiting, so these run concurrently.
  describe('token_refresh', { concurrency: true }, () => {
    it('announces the expiry in advance, or at once if less time is left', async () => {
      const startedAt = Date.now();
      const long = await openSocket(server, await token(ANA, 62));
      const short = await openSocket(server, await token(ANA, 30));
      const at = async (client: typeof long): Promise<number> => Number((await client.take('token_expiring'))['in_s']);
      const first = await at(short);
      assert.ok(first > 20 && first <= 30);
      assert.equal((await short.take('connection_established'))['user_id'], ANA);
      const later = await at(long);
      assert.ok(later > 50 && later <= 60);
      assert.ok(Date.now() - startedAt > 900, 'not earlier than one minute before');
      for (const client of [long, short]) client.close();
    });

    it('continues with a new token of the same user', async () => {
      const client = await openSocket(server, await token(ANA, BRIEF_S));
      await client.take('connection_established');
      await client.take('token_expiring');
      await client.ask({ type: 'authenticate', token: await token(ANA) }, 'authenticated');
      // The first token has expired by then.
      const closed = await Promise.race([
        client.closed,
        new Promise<null>((resolve) => setTimeout(resolve, BRIEF_S * 1_000 + 200, null)),
      ]);
      assert.equal(closed, null);
      assert.deepEqual(await client.settle(), []);
      client.close();
    });

    it('does not ask again at once if the lifetime is shorter than the warning period', async () => {
      const client = await openSocket(server, await token(ANA, 10));
      await client.take('connection_established');
      await client.take('token_expiring');
      await client.ask({ type: 'authenticate', token: await token(ANA, 4) }, 'authenticated');
      assert.deepEqual(await client.settle(), []);
      assert.equal((await client.take('token_expiring'))['in_s'], 2);
      client.close();
    });

    it('closes with 4001 when the new token expires, even if that is sooner', async () => {
      const client = await openSocket(server, await token(ANA));
      await client.ask({ type: 'authenticate', token: await token(ANA, BRIEF_S) }, 'authenticated');
      assert.deepEqual(await within(client.closed, 'the close'), { code: 4001, reason: 'token expired' });
    });

    it('closes a socket opened by ticket when the underlying token expires', async () => {
      const { body } = await rest(server, null, 'ws_ticket/', {
        method: 'POST',
        headers: { Authorization: `Bearer ${await token(ANA, BRIEF_S)}` },
      });
      const client = await openSocket(server, null, { ticket: body.ticket });
      assert.equal((await within(client.closed, 'the close')).code, 4001);
    });

    it('closes with 4001 if the new token is invalid, or belongs to another user', async () => {
      for (const bad of [await token(BEN), await token(ANA, -60), 'nonsense', '']) {
        const client = await openSocket(server, await token(ANA));
        client.send({ type: 'authenticate', token: bad });
        assert.deepEqual(await within(client.closed, 'the close'), { code: 4001, reason: 'token rejected' });
      }
      const client = await openSocket(server, await token(ANA));
      assert.equal((await client.ask({ type: 'authenticate' }, 'error'))['code'], 'invalid');
      client.close();
    });
  });

  describe('a ticket', () => {
    it('opens one socket of its user, chat or notifications', async () => {
      const chat = await ticketFor(ANA);
      const client = await openSocket(server, null, { ticket: chat });
      assert.equal((await client.take('connection_established'))['user_id'], ANA);
      await assert.rejects(openSocket(server, null, { ticket: chat }), /refused 403/, 'used');
      const notifications = await openSocket(server, null, {
        ticket: await ticketFor(BEN),
        path: `/ws/notifications/${BEN}/`,
      });
      await notifications.take('recent_notifications');
      const foreign = await ticketFor(ANA);
      await assert.rejects(
        openSocket(server, null, { ticket: foreign, path: `/ws/notifications/${BEN}/` }),
        /refused 403/,
      );
      for (const each of [client, notifications]) each.close();
    });

    it('works once, despite concurrent attempts', async () => {
      const ticket = await ticketFor(ANA);
      const tries = await Promise.allSettled(Array.from({ length: 5 }, () => openSocket(server, null, { ticket })));
      const opened = tries.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
      assert.equal(opened.length, 1);
      opened[0]!.close();
    });

    it('is rejected if expired, unknown, or of a deactivated user; is issued to authenticated users only', async () => {
      const late = await ticketFor(ANA);
      await server.database.query(`update tickets set expires_at = now() - interval '1 ms'`);
      for (const ticket of [late, 'nonsense', ''])
        await assert.rejects(openSocket(server, null, { ticket }), /refused 403/);
      const gone = await ticketFor(5);
      await server.database.query('update users set is_active = false where id = 5');
      await assert.rejects(openSocket(server, null, { ticket: gone }), /refused 403/);
      assert.equal((await rest(server, null, 'ws_ticket/', { method: 'POST' })).status, 401);
      const kept = await server.database.query('select * from tickets');
      assert.ok(!JSON.stringify(kept).includes(late), 'only a hash is stored');
    });

    it('opens nothing for a foreign origin', async () => {
      await assert.rejects(
        openSocket(server, null, { ticket: await ticketFor(ANA), origin: 'https://evil.example' }),
        /refused 403/,
      );
    });
  });

  describe('a subprotocol', () => {
    it('carries the token; the response selects the other one', async () => {
      const made = bearer(await token(ANA));
      secrets.push(made);
      for (const protocols of [
        [PROTOCOL, made],
        [made, PROTOCOL],
      ]) {
        const client = await openSocket(server, null, { protocols });
        assert.equal(client.socket.protocol, PROTOCOL);
        await client.take('connection_established');
        client.close();
      }
      const notifications = await openSocket(server, null, {
        protocols: [PROTOCOL, made],
        path: `/ws/notifications/${ANA}/`,
      });
      notifications.close();
    });

    it('is rejected without a valid token, or without the selectable name', async () => {
      const good = bearer(await token(ANA));
      for (const protocols of [[PROTOCOL], [good], [PROTOCOL, 'bearer.x'], [PROTOCOL, bearer(await token(ANA, -60))]]) {
        await assert.rejects(openSocket(server, null, { protocols }), /refused 403/, protocols.join());
      }
    });
  });

  it('logs none of these tokens and tickets', async () => {
    const { createLog } = await import('../../demo/server/log.js');
    const log = createLog({ logLevel: 'info', logTo: { write: (line) => void lines.push(line) } });
    log.info(
      { ticket: secrets[0], headers: { 'sec-websocket-protocol': `unified-chat, ${bearer(secrets[1]!)}` } },
      `GET /ws/chat/?ticket=${secrets.at(-1)}`,
    );
    const text = lines.join('');
    assert.match(text, /token rejected/);
    for (const secret of secrets) assert.ok(!text.includes(secret.slice(-20)), secret);
  });
});
