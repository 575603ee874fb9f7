/** Faults that apply to all connections of a proxy. Rules for single ones: fault-proxy-rules.node.test.ts. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { createFaultProxy, listen, type FaultProxy } from '../../demo/fault-proxy/fault-proxy.js';
import {
  openRawConnection,
  eventuallyEquals,
  closeOf,
  handshake,
  inbox,
  next,
  open as openAt,
  silence,
  startEchoServer,
  within,
  type EchoServer,
} from './fault-proxy-stand.js';

let server: EchoServer;
before(async () => {
  server = await startEchoServer();
});
after(() => server.close());

let proxy: FaultProxy;
let url: string;
beforeEach(async () => {
  server.requests.length = server.messages.length = 0;
  proxy = createFaultProxy({ target: server.target, prefix: '/line/ana' });
  url = `${await listen(proxy)}/line/ana`;
});
afterEach(() => proxy.close());

const open = (path = '/ws?token=a%20b'): Promise<WebSocket> => openAt(url + path);

describe('a proxy without faults', () => {
  it('forwards requests: method, path without the prefix, Host, body, response', async () => {
    const response = await fetch(`${url}/rooms/?a=1`, { method: 'POST', body: 'hello' });
    assert.equal(await response.text(), 'hello');
    assert.equal(response.headers.get('X-From'), 'backend');
    assert.deepEqual(server.requests, [`POST /rooms/?a=1 ${new URL(url).host}`]);
  });

  it('forwards sockets in both directions, with their query, until either end closes', async () => {
    const socket = await open();
    socket.send('x'.repeat(100_000));
    assert.equal((await next(socket)).length, 100_000);
    assert.deepEqual(server.requests, ['UPGRADE /ws?token=a%20b']);
    for (const client of server.sockets.clients) client.close(4001, 'enough');
    assert.equal((await closeOf(socket)).code, 4001);
    assert.deepEqual(proxy.stats(), { openSockets: 0, upgrades: 1, requests: 0 });
  });

  it('closes connections whose backend is unreachable', async () => {
    const gone = createFaultProxy({ target: 'http://127.0.0.1:1' });
    url = await listen(gone);
    await assert.rejects(fetch(url));
    await assert.rejects(open());
    gone.close();
  });
});

describe('socket faults', () => {
  it('refuse, forbid, strip and captive-portal reject the handshake, each in its own direction', async () => {
    proxy.set({ socket: 'refuse' });
    await assert.rejects(open(), /hang up|ECONNRESET/);
    proxy.set({ socket: 'forbid' });
    await assert.rejects(open(), /403/);
    proxy.set({ socket: 'strip' });
    await assert.rejects(open(), /400/);
    proxy.set({ socket: 'captive-portal' });
    await assert.rejects(open(), /200/);
    assert.deepEqual(server.requests, []);
  });

  it('hang never answers; closing the proxy ends it', async () => {
    proxy.set({ socket: 'hang' });
    const opening = open();
    assert.equal(await within(opening, 50), 'silence');
    proxy.close();
    await assert.rejects(opening);
  });

  for (const how of ['reset', 'close'] as const) {
    it(`cut (${how}) ends open sockets with 1006, and allows new ones`, async () => {
      const end = closeOf(await open());
      proxy.cut(how);
      assert.equal((await end).code, 1006);
      (await open()).close();
    });
  }

  it('blackhole: sockets stay open, but nothing passes, and lost data stays lost', async () => {
    const socket = await open();
    proxy.set({ blackhole: true });
    socket.send('lost');
    assert.equal(await within(next(socket), 50), 'silence');
    proxy.set({ blackhole: false });
    socket.send('lost too');
    assert.equal(await within(next(socket), 50), 'silence');
    assert.equal(socket.readyState, WebSocket.OPEN);
    const fresh = await open();
    fresh.send('hello');
    assert.equal(await next(fresh), 'hello');
  });

  for (const [direction, arrives, comesBack] of [
    ['up', false, true],
    ['down', true, false],
  ] as const) {
    it(`blackhole ${direction}: the other direction keeps working`, async () => {
      const socket = await open();
      const got = inbox(socket);
      proxy.set({ blackhole: direction });
      socket.send('hello');
      for (const client of server.sockets.clients) client.send('from afar');
      await eventuallyEquals(() => [server.messages, got], [arrives ? ['hello'] : [], comesBack ? ['from afar'] : []]);
      assert.equal(socket.readyState, WebSocket.OPEN);
    });
  }

  it('halfOpen: open sockets stay open but dead, in either direction; new ones work', async () => {
    for (const direction of ['both', 'up', 'down'] as const) {
      server.messages.length = 0;
      const socket = await open();
      const got = inbox(socket);
      proxy.halfOpen(direction);
      const fresh = await open();
      socket.send('hello');
      for (const client of server.sockets.clients) client.send('from afar');
      assert.equal(await next(fresh), 'from afar');
      await eventuallyEquals(
        () => [server.messages, got],
        [direction === 'down' ? ['hello'] : [], direction === 'up' ? ['from afar'] : []],
        direction,
      );
      assert.equal(socket.readyState, WebSocket.OPEN);
      assert.equal(server.sockets.clients.size, 2);
      proxy.cut();
      await eventuallyEquals(() => server.sockets.clients.size, 0);
    }
  });

  it('sendClose: both ends see the code, or a close without one', async () => {
    for (const [how, code, reason] of [
      [{ code: 1012, reason: 'so long' }, 1012, 'so long'],
      [{ code: 4001 }, 4001, ''],
      [undefined, 1005, ''],
    ] as const) {
      const here = closeOf(await open());
      const there = closeOf([...server.sockets.clients].at(-1)!);
      proxy.sendClose(how);
      assert.deepEqual(await here, { code, reason });
      assert.deepEqual(await there, { code, reason });
    }
  });

  it('inject: sends extra frames to page or server, in every open socket', async () => {
    const [first, second] = await Promise.all([open(), open()]);
    proxy.inject('down', { text: '{"type":"news"}' });
    assert.deepEqual(await Promise.all([next(first), next(second)]), ['{"type":"news"}', '{"type":"news"}']);
    proxy.inject('up', { base64: 'AAEC' });
    assert.equal(await next(first), 'base64:AAEC');
    await eventuallyEquals(() => server.messages, ['base64:AAEC', 'base64:AAEC']);
  });

  it('cut resets or closes the connection', async () => {
    for (const [how, seen] of [
      ['reset', 'ECONNRESET'],
      ['close', 'FIN'],
    ] as const) {
      const ending = openRawConnection(url, handshake('/line/ana/ws'));
      await eventuallyEquals(() => server.sockets.clients.size, 1);
      proxy.cut(how);
      assert.equal((await ending).end, seen);
    }
  });

  it('disables compression, so that every frame is readable', async () => {
    assert.equal((await open()).extensions, '');
  });
});

describe('a proxy with a port of its own', () => {
  it('refuses connections while it does not listen; open ones stay open', async () => {
    const socket = await open();
    await proxy.setListening(false);
    await assert.rejects(open(), /ECONNREFUSED/);
    await assert.rejects(fetch(url), ({ cause }: Error) => (cause as NodeJS.ErrnoException).code === 'ECONNREFUSED');
    socket.send('still here');
    assert.equal(await next(socket), 'still here');
    await proxy.setListening(true);
    assert.equal((await fetch(url)).status, 200);
    (await open()).close();
  });

  it('heals', async () => {
    proxy.set({ socket: 'hang', rest: 'hang', delayMs: 1_000, bytesPerSecond: 1, blackhole: true });
    proxy.rule({ on: 'handshake', do: 'hang' });
    await proxy.setListening(false);
    await proxy.heal();
    const socket = await open();
    socket.send('well again');
    assert.equal(await next(socket), 'well again');
    assert.equal((await fetch(url)).status, 200);
  });

  it('listening throws without a port', async () => {
    await assert.rejects(createFaultProxy({ target: server.target }).setListening(false), /no port of its own/);
  });
});

describe('REST faults', () => {
  it('refuse destroys the connection, hang never answers', async () => {
    proxy.set({ rest: 'refuse' });
    await assert.rejects(fetch(url));
    proxy.set({ rest: 'hang' });
    assert.equal(
      await within(
        fetch(url).catch(() => 'ended'),
        50,
      ),
      'silence',
    );
  });

  it('intermediaries answer with a page that any origin can read', async () => {
    for (const [rest, status] of [
      ['html-500', 500],
      ['unavailable-503', 503],
      ['captive-portal', 200],
    ] as const) {
      proxy.set({ rest });
      const response = await fetch(url, { headers: { Origin: 'https://page.example' } });
      assert.equal(response.status, status);
      assert.equal(response.headers.get('Access-Control-Allow-Origin'), 'https://page.example');
      assert.match(await response.text(), /^<!doctype html>/);
      assert.equal((await fetch(url, { method: 'OPTIONS' })).status, 204);
    }
    assert.deepEqual(server.requests, []);
  });
});

describe('bytesPerSecond', () => {
  it('slows sockets and bodies, in each direction', async () => {
    const socket = await open();
    proxy.set({ bytesPerSecond: 10_000 });
    let startedAt = Date.now();
    socket.send('x'.repeat(500));
    await next(socket);
    assert.ok(Date.now() - startedAt >= 95, 'socket');
    startedAt = Date.now();
    await (await fetch(url, { method: 'POST', body: 'x'.repeat(500) })).text();
    assert.ok(Date.now() - startedAt >= 95, 'REST');
  });
});

describe('delay', () => {
  it('applies delays per direction to sockets and requests, and keeps the order', async () => {
    proxy.set({ delayMs: 40 });
    let startedAt = Date.now();
    await (await fetch(url)).text();
    assert.ok(Date.now() - startedAt >= 78, 'REST');
    const socket = await open();
    startedAt = Date.now();
    const got: string[] = [];
    socket.on('message', (data) => got.push(String(data)));
    for (const n of ['1', '2', '3']) socket.send(n);
    await silence(15);
    proxy.set({ delayMs: 0 });
    socket.send('4');
    while (got.length < 4) await next(socket);
    assert.deepEqual(got, ['1', '2', '3', '4']);
    assert.ok(Date.now() - startedAt >= 38, 'socket');
  });
});

it('close leaves nothing behind', async () => {
  proxy.set({ delayMs: 10_000 });
  const hanging = fetch(url).catch(() => 'ended');
  const opening = open().catch(() => 'ended');
  await silence(20);
  proxy.close();
  assert.equal(await hanging, 'ended');
  assert.equal(await opening, 'ended');
  assert.equal(proxy.stats().openSockets, 0);
  await assert.rejects(fetch(url));
});
