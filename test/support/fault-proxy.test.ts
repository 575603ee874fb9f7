import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { createFaultLine, listen, type FaultLine } from './fault-proxy.js';

/** How the far end was asked, and an echo. */
let backend: Server;
let target: string;
const echo = new WebSocketServer({ noServer: true });
const asked: string[] = [];

before(async () => {
  backend = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.host}`);
    response.setHeader('X-From', 'backend');
    request.pipe(response);
  });
  backend.on('upgrade', (request, socket, head) => {
    asked.push(`UPGRADE ${request.url}`);
    echo.handleUpgrade(request, socket, head, (ws) => ws.on('message', (data) => ws.send(String(data))));
  });
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
  target = `http://127.0.0.1:${(backend.address() as AddressInfo).port}`;
});
after(() => {
  backend.closeAllConnections();
  backend.close();
});

let line: FaultLine;
let url: string;
beforeEach(async () => {
  asked.length = 0;
  line = createFaultLine({ target, prefix: '/line/ana' });
  url = `${await listen(line)}/line/ana`;
});
afterEach(() => line.close());

const open = (path = '/ws?token=a%20b'): Promise<WebSocket> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(url.replace('http', 'ws') + path);
    socket.on('open', () => resolve(socket)).on('error', reject);
  });
const ended = (socket: WebSocket): Promise<number> => new Promise((resolve) => socket.on('error', () => {}).on('close', resolve));
const next = (socket: WebSocket): Promise<string> => new Promise((resolve) => socket.once('message', (data) => resolve(String(data))));
const silence = (ms: number): Promise<'silence'> => new Promise((resolve) => setTimeout(resolve, ms, 'silence'));

describe('a line without faults', () => {
  it('passes requests on: method, path without the prefix, Host, body, answer', async () => {
    const response = await fetch(`${url}/rooms/?a=1`, { method: 'POST', body: 'hello' });
    assert.equal(await response.text(), 'hello');
    assert.equal(response.headers.get('X-From'), 'backend');
    assert.deepEqual(asked, [`POST /rooms/?a=1 ${new URL(url).host}`]);
  });

  it('passes sockets on, both ways, with their query, until either end closes', async () => {
    const socket = await open();
    socket.send('x'.repeat(100_000));
    assert.equal((await next(socket)).length, 100_000);
    assert.deepEqual(asked, ['UPGRADE /ws?token=a%20b']);
    for (const client of echo.clients) client.close(4001, 'enough');
    assert.equal(await ended(socket), 4001);
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
    assert.deepEqual(asked, []);
  });

  it('hang never answers; closing the line ends it', async () => {
    line.set({ socket: 'hang' });
    const opening = open();
    assert.equal(await Promise.race([opening, silence(50)]), 'silence');
    line.close();
    await assert.rejects(opening);
  });

  for (const how of ['reset', 'close'] as const) {
    it(`cut (${how}) ends open sockets with 1006, and lets new ones in`, async () => {
      const end = ended(await open());
      line.cut(how);
      assert.equal(await end, 1006);
      (await open()).close();
    });
  }

  it('blackhole: open, but nothing passes, and what was lost stays lost', async () => {
    const socket = await open();
    line.set({ blackhole: true });
    socket.send('lost');
    assert.equal(await Promise.race([next(socket), silence(50)]), 'silence');
    line.set({ blackhole: false });
    socket.send('lost too');
    assert.equal(await Promise.race([next(socket), silence(50)]), 'silence');
    assert.equal(socket.readyState, WebSocket.OPEN);
    const fresh = await open();
    fresh.send('hello');
    assert.equal(await next(fresh), 'hello');
  });
});

describe('faults of REST', () => {
  it('refuse destroys the connection, hang never answers', async () => {
    line.set({ rest: 'refuse' });
    await assert.rejects(fetch(url));
    line.set({ rest: 'hang' });
    assert.equal(await Promise.race([fetch(url).catch(() => 'ended'), silence(50)]), 'silence');
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
    assert.deepEqual(asked, []);
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
