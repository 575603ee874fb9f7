/** What happens to everything that passes a line, and to every socket at once. Single things: fault-proxy-rules.node.test.ts. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { createFaultLine, listen, type FaultLine } from '../../demo/fault-proxy/fault-proxy.js';
import { bare, becomes, ended, handshake, inbox, next, open as openAt, silence, startFar, within, type Far } from './fault-proxy-stand.js';

let far: Far;
before(async () => {
  far = await startFar();
});
after(() => far.close());

let line: FaultLine;
let url: string;
beforeEach(async () => {
  far.asked.length = far.heard.length = 0;
  line = createFaultLine({ target: far.target, prefix: '/line/ana' });
  url = `${await listen(line)}/line/ana`;
});
afterEach(() => line.close());

const open = (path = '/ws?token=a%20b'): Promise<WebSocket> => openAt(url + path);

describe('a line without faults', () => {
  it('passes requests on: method, path without the prefix, Host, body, answer', async () => {
    const response = await fetch(`${url}/rooms/?a=1`, { method: 'POST', body: 'hello' });
    assert.equal(await response.text(), 'hello');
    assert.equal(response.headers.get('X-From'), 'backend');
    assert.deepEqual(far.asked, [`POST /rooms/?a=1 ${new URL(url).host}`]);
  });

  it('passes sockets on, both ways, with their query, until either end closes', async () => {
    const socket = await open();
    socket.send('x'.repeat(100_000));
    assert.equal((await next(socket)).length, 100_000);
    assert.deepEqual(far.asked, ['UPGRADE /ws?token=a%20b']);
    for (const client of far.sockets.clients) client.close(4001, 'enough');
    assert.equal((await ended(socket)).code, 4001);
    assert.deepEqual(line.stats(), { openSockets: 0, upgrades: 1, requests: 0 });
  });

  it('destroys what asks for a backend that is gone', async () => {
    const gone = createFaultLine({ target: 'http://127.0.0.1:1' });
    url = await listen(gone);
    await assert.rejects(fetch(url));
    await assert.rejects(open());
    gone.close();
  });
});

describe('faults of sockets', () => {
  it('refuse, forbid and strip say no in their own ways', async () => {
    line.set({ socket: 'refuse' });
    await assert.rejects(open(), /hang up|ECONNRESET/);
    line.set({ socket: 'forbid' });
    await assert.rejects(open(), /403/);
    line.set({ socket: 'strip' });
    await assert.rejects(open(), /400/);
    line.set({ socket: 'captive-portal' });
    await assert.rejects(open(), /200/);
    assert.deepEqual(far.asked, []);
  });

  it('hang never answers; closing the line ends it', async () => {
    line.set({ socket: 'hang' });
    const opening = open();
    assert.equal(await within(opening, 50), 'silence');
    line.close();
    await assert.rejects(opening);
  });

  for (const how of ['reset', 'close'] as const) {
    it(`cut (${how}) ends open sockets with 1006, and lets new ones in`, async () => {
      const end = ended(await open());
      line.cut(how);
      assert.equal((await end).code, 1006);
      (await open()).close();
    });
  }

  it('blackhole: open, but nothing passes, and what was lost stays lost', async () => {
    const socket = await open();
    line.set({ blackhole: true });
    socket.send('lost');
    assert.equal(await within(next(socket), 50), 'silence');
    line.set({ blackhole: false });
    socket.send('lost too');
    assert.equal(await within(next(socket), 50), 'silence');
    assert.equal(socket.readyState, WebSocket.OPEN);
    const fresh = await open();
    fresh.send('hello');
    assert.equal(await next(fresh), 'hello');
  });

  for (const [way, arrives, comesBack] of [['up', false, true], ['down', true, false]] as const) {
    it(`blackhole ${way}: the other direction goes on`, async () => {
      const socket = await open();
      const got = inbox(socket);
      line.set({ blackhole: way });
      socket.send('hello');
      for (const client of far.sockets.clients) client.send('from afar');
      await becomes(() => [far.heard, got], [arrives ? ['hello'] : [], comesBack ? ['from afar'] : []]);
      assert.equal(socket.readyState, WebSocket.OPEN);
    });
  }

  it('halfOpen: what is open now is dead, either way, and stays open; what comes later lives', async () => {
    for (const way of ['both', 'up', 'down'] as const) {
      far.heard.length = 0;
      const socket = await open();
      const got = inbox(socket);
      line.halfOpen(way);
      const fresh = await open();
      socket.send('hello');
      for (const client of far.sockets.clients) client.send('from afar');
      assert.equal(await next(fresh), 'from afar');
      await becomes(() => [far.heard, got], [way === 'down' ? ['hello'] : [], way === 'up' ? ['from afar'] : []], way);
      assert.equal(socket.readyState, WebSocket.OPEN);
      assert.equal(far.sockets.clients.size, 2);
      line.cut();
      await becomes(() => far.sockets.clients.size, 0);
    }
  });

  it('hangUp: both ends see the code, or a close without one', async () => {
    for (const [how, code, reason] of [[{ code: 1012, reason: 'so long' }, 1012, 'so long'], [{ code: 4001 }, 4001, ''], [undefined, 1005, '']] as const) {
      const here = ended(await open());
      const there = ended([...far.sockets.clients].at(-1)!);
      line.hangUp(how);
      assert.deepEqual(await here, { code, reason });
      assert.deepEqual(await there, { code, reason });
    }
  });

  it('inject: frames of our own, to the page and to the server, in every open socket', async () => {
    const [first, second] = await Promise.all([open(), open()]);
    line.inject('down', { text: '{"type":"news"}' });
    assert.deepEqual(await Promise.all([next(first), next(second)]), ['{"type":"news"}', '{"type":"news"}']);
    line.inject('up', { base64: 'AAEC' });
    assert.equal(await next(first), 'base64:AAEC');
    await becomes(() => far.heard, ['base64:AAEC', 'base64:AAEC']);
  });

  it('cut resets, or ends in order', async () => {
    for (const [how, seen] of [['reset', 'ECONNRESET'], ['close', 'FIN']] as const) {
      const ending = bare(url, handshake('/line/ana/ws'));
      await becomes(() => far.sockets.clients.size, 1);
      line.cut(how);
      assert.equal((await ending).end, seen);
    }
  });

  it('nobody can compress: every frame can be read', async () => {
    assert.equal((await open()).extensions, '');
  });
});

describe('a line with a port of its own', () => {
  it('refuses connections while nobody listens; what is open stays open', async () => {
    const socket = await open();
    await line.listening(false);
    await assert.rejects(open(), /ECONNREFUSED/);
    await assert.rejects(fetch(url), ({ cause }: Error) => (cause as NodeJS.ErrnoException).code === 'ECONNREFUSED');
    socket.send('still here');
    assert.equal(await next(socket), 'still here');
    await line.listening(true);
    assert.equal((await fetch(url)).status, 200);
    (await open()).close();
  });

  it('heals', async () => {
    line.set({ socket: 'hang', rest: 'hang', delayMs: 1_000, bytesPerSecond: 1, blackhole: true });
    line.rule({ on: 'handshake', do: 'hang' });
    await line.listening(false);
    await line.heal();
    const socket = await open();
    socket.send('well again');
    assert.equal(await next(socket), 'well again');
    assert.equal((await fetch(url)).status, 200);
  });

  it('a line without one says so', async () => {
    await assert.rejects(createFaultLine({ target: far.target }).listening(false), /no port of its own/);
  });
});

describe('faults of REST', () => {
  it('refuse destroys the connection, hang never answers', async () => {
    line.set({ rest: 'refuse' });
    await assert.rejects(fetch(url));
    line.set({ rest: 'hang' });
    assert.equal(await within(fetch(url).catch(() => 'ended'), 50), 'silence');
  });

  it('boxes in between answer with a page that any origin can read', async () => {
    for (const [rest, status] of [['html-500', 500], ['unavailable-503', 503], ['captive-portal', 200]] as const) {
      line.set({ rest });
      const response = await fetch(url, { headers: { Origin: 'https://page.example' } });
      assert.equal(response.status, status);
      assert.equal(response.headers.get('Access-Control-Allow-Origin'), 'https://page.example');
      assert.match(await response.text(), /^<!doctype html>/);
      assert.equal((await fetch(url, { method: 'OPTIONS' })).status, 204);
    }
    assert.deepEqual(far.asked, []);
  });
});

describe('bytesPerSecond', () => {
  it('slows sockets and bodies, in each direction', async () => {
    const socket = await open();
    line.set({ bytesPerSecond: 10_000 });
    let begun = Date.now();
    socket.send('x'.repeat(500));
    await next(socket);
    assert.ok(Date.now() - begun >= 95, 'socket');
    begun = Date.now();
    await (await fetch(url, { method: 'POST', body: 'x'.repeat(500) })).text();
    assert.ok(Date.now() - begun >= 95, 'REST');
  });
});

describe('delay', () => {
  it('counts in each direction, for both ways, and keeps the order', async () => {
    line.set({ delayMs: 40 });
    let begun = Date.now();
    await (await fetch(url)).text();
    assert.ok(Date.now() - begun >= 78, 'REST');
    const socket = await open();
    begun = Date.now();
    const got: string[] = [];
    socket.on('message', (data) => got.push(String(data)));
    for (const n of ['1', '2', '3']) socket.send(n);
    await silence(15);
    line.set({ delayMs: 0 });
    socket.send('4');
    while (got.length < 4) await next(socket);
    assert.deepEqual(got, ['1', '2', '3', '4']);
    assert.ok(Date.now() - begun >= 38, 'socket');
  });
});

it('close leaves nothing behind', async () => {
  line.set({ delayMs: 10_000 });
  const hanging = fetch(url).catch(() => 'ended');
  const opening = open().catch(() => 'ended');
  await silence(20);
  line.close();
  assert.equal(await hanging, 'ended');
  assert.equal(await opening, 'ended');
  assert.equal(line.stats().openSockets, 0);
  await assert.rejects(fetch(url));
});
