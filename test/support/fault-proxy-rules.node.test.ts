/** Each rule, as observed by both ends of a real connection. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { WebSocket } from 'ws';
import {
  createFaultProxy,
  listen,
  type FaultProxy,
  type HandshakeRule,
  type Rule,
} from '../../demo/fault-proxy/fault-proxy.js';
import { REMOTE_METHODS } from '../../demo/fault-proxy/rules.js';
import {
  openRawConnection,
  eventuallyEquals,
  closeOf,
  handshake,
  inbox,
  next,
  open as openAt,
  rejectedHandshake,
  startEchoServer,
  within,
  type EchoServer,
} from './fault-proxy-stand.js';
import { Opcode, writeFrame } from '../../demo/fault-proxy/frames.js';

let server: EchoServer;
before(async () => {
  server = await startEchoServer();
});
after(() => server.close());

let proxy: FaultProxy;
let url: string;
beforeEach(async () => {
  server.requests.length = server.messages.length = 0;
  proxy = createFaultProxy({ target: server.target, prefix: '/line' });
  url = `${await listen(proxy)}/line`;
});
afterEach(() => proxy.close());

const open = (path = '/ws/'): Promise<WebSocket> => openAt(url + path);
const post = (path = '/', body = 'hello'): Promise<Response> => fetch(url + path, { method: 'POST', body });

describe('rule filters', () => {
  it('match path, method and frame; the first matching rule applies', async () => {
    proxy.rule({ on: 'request', path: '^/a\\?b=1$', do: 'pass' });
    proxy.rule({ on: 'request', path: '^/a', method: 'GET', do: 'answer', status: 404 });
    const statuses = await Promise.all(['/a?b=1', '/a', '/b'].map(async (path) => (await fetch(url + path)).status));
    assert.deepEqual(statuses, [200, 404, 200]);
    assert.equal((await post('/a')).status, 200);
    proxy.rule({ on: 'up', path: '^/ws/quiet', frame: '^a', do: 'drop' });
    const [quiet, loud] = await Promise.all([open('/ws/quiet'), open('/ws/loud')]);
    for (const socket of [quiet, loud]) for (const text of ['a', 'b']) socket.send(text);
    await eventuallyEquals(() => [...server.messages].sort(), ['a', 'b', 'b']);
  });

  it('support `skip`, `every` and `times`; rules count their hits and can be removed', async () => {
    const skip = proxy.rule({ on: 'request', path: '/skip', skip: 1, times: 2, do: 'answer', status: 500 });
    const every = proxy.rule({ on: 'request', path: '/every', every: 3, do: 'answer', status: 500 });
    const ask = async (path: string): Promise<number[]> => {
      const statuses = [];
      for (let n = 0; n < 6; n++) statuses.push((await fetch(url + path)).status);
      return statuses;
    };
    assert.deepEqual(await ask('/skip'), [200, 500, 500, 200, 200, 200]);
    assert.deepEqual(await ask('/every'), [200, 200, 500, 200, 200, 500]);
    assert.deepEqual([proxy.timesApplied(skip), proxy.timesApplied(every)], [2, 2]);
    proxy.removeRule(every);
    assert.deepEqual(await ask('/every'), [200, 200, 200, 200, 200, 200]);
    proxy.rule({ on: 'request', do: 'answer', status: 500 });
    proxy.removeRule();
    assert.equal((await fetch(url)).status, 200);
  });

  it('match preflights only with an explicit method', async () => {
    proxy.rule({ on: 'request', do: 'answer', status: 500 });
    assert.equal((await fetch(url, { method: 'OPTIONS' })).status, 200);
    proxy.rule({ on: 'request', method: 'OPTIONS', do: 'answer', status: 403, cors: false });
    const response = await fetch(url, { method: 'OPTIONS' });
    assert.deepEqual([response.status, response.headers.get('Access-Control-Allow-Origin')], [403, null]);
  });

  it('reject invalid regular expressions; everything else is plain data', () => {
    assert.throws(() => proxy.rule({ on: 'up', frame: '(', do: 'drop' }), SyntaxError);
    for (const name of REMOTE_METHODS) assert.equal(typeof proxy[name], 'function');
  });
});

describe('handshakes', () => {
  for (const status of [401, 403, 404, 429, 503, 200]) {
    it(`are answered with ${status}`, async () => {
      proxy.rule({ on: 'handshake', do: 'answer', status, headers: { 'Retry-After': '7' }, times: 1 });
      const answer = await rejectedHandshake(`${url}/ws/`);
      assert.deepEqual([answer.status, answer.headers['retry-after']], [status, '7']);
      assert.match(answer.body, new RegExp(`<h1>${status}`));
      assert.deepEqual(server.requests, []);
      await open();
    });
  }

  it('are answered with a sign-in page', async () => {
    proxy.rule({ on: 'handshake', do: 'captive-portal' });
    const { status, body } = await rejectedHandshake(`${url}/ws/`);
    assert.equal(status, 200);
    assert.match(body, /Hotel/);
  });

  it('hang', async () => {
    proxy.rule({ on: 'handshake', do: 'hang', times: 1 });
    const opening = open();
    assert.equal(await within(opening, 50), 'silence');
    proxy.close();
    await assert.rejects(opening);
  });

  it('are closed or reset', async () => {
    for (const [how, seen] of [
      ['close', 'FIN'],
      ['reset', 'ECONNRESET'],
    ] as const) {
      proxy.rule({ on: 'handshake', do: how, times: 1 } satisfies HandshakeRule);
      assert.deepEqual(await openRawConnection(url, handshake('/line/ws/')), { bytes: Buffer.alloc(0), end: seen });
    }
  });

  it('are delayed', async () => {
    proxy.rule({ on: 'handshake', do: 'delay', ms: 80 });
    const startedAt = Date.now();
    await open();
    assert.ok(Date.now() - startedAt >= 78);
    assert.equal(server.requests.length, 1);
  });
});

describe('requests', () => {
  it('are answered with any status, headers and body, readable by a cross-origin page', async () => {
    proxy.rule({
      on: 'request',
      do: 'answer',
      status: 429,
      headers: { 'Retry-After': '3', 'Content-Type': 'application/json' },
      body: '{"detail":"slow down"}',
    });
    const response = await fetch(url, { headers: { Origin: 'https://page.example' } });
    assert.deepEqual(
      [response.status, response.headers.get('Retry-After'), await response.json()],
      [429, '3', { detail: 'slow down' }],
    );
    assert.equal(response.headers.get('Access-Control-Allow-Origin'), 'https://page.example');
    assert.deepEqual(server.requests, []);
  });

  it('are processed but never answered', async () => {
    proxy.rule({ on: 'request', method: 'POST', do: 'swallow', times: 1 });
    const lost = post('/send').catch(() => 'ended');
    await eventuallyEquals(() => server.requests.map((asked) => asked.split(' ')[1]), ['/send']);
    assert.equal(await within(lost, 30), 'silence');
    assert.equal((await post('/send')).status, 200);
    proxy.close();
    assert.equal(await lost, 'ended');
  });

  it('POST is lost while GET works', async () => {
    proxy.rule({ on: 'request', method: 'POST', do: 'hang' });
    assert.equal(
      await within(
        post().catch(() => 'ended'),
        50,
      ),
      'silence',
    );
    assert.equal((await fetch(url)).status, 200);
    assert.equal(server.requests.length, 1);
  });

  it('are answered late, though the server processes them at once', async () => {
    proxy.rule({ on: 'request', do: 'delay', ms: 80 });
    const startedAt = Date.now();
    const answer = fetch(url).then(() => Date.now());
    await eventuallyEquals(() => server.requests.length, 1);
    assert.ok((await answer) - startedAt >= 78);
  });

  it('lose the CORS headers', async () => {
    assert.equal((await fetch(url)).headers.get('Access-Control-Allow-Origin'), '*');
    proxy.rule({ on: 'request', do: 'no-cors' });
    const { headers } = await fetch(url);
    assert.deepEqual([headers.get('Access-Control-Allow-Origin'), headers.get('X-From')], [null, 'backend']);
  });

  it('are reset or closed', async () => {
    for (const [how, seen] of [
      ['reset', 'ECONNRESET'],
      ['close', 'FIN'],
    ] as const) {
      proxy.rule({ on: 'request', do: how, times: 1 } satisfies Rule);
      assert.equal((await openRawConnection(url, 'GET /line HTTP/1.1\r\nHost: x\r\n\r\n')).end, seen);
    }
  });
});

describe('frames', () => {
  /** Sends messages through one rule, and waits for the expected ones. */
  async function through(rule: Rule, sent: string[], wanted: string[]): Promise<void> {
    server.messages.length = 0;
    const socket = await open();
    proxy.rule(rule);
    const got = inbox(socket);
    for (const text of sent) socket.send(text);
    await eventuallyEquals(() => got, wanted);
    // The rule applies to one direction; the echo passes unchanged.
    assert.deepEqual(server.messages, rule.on === 'up' ? wanted : sent);
  }
  const one = { frame: '^2$', times: 1 };

  for (const on of ['up', 'down'] as const) {
    const seen = (rule: Rule, ...wanted: string[]): Promise<void> => through(rule, ['1', '2', '3'], wanted);

    it(`${on}: dropped, duplicated, reordered`, async () => {
      await seen({ on, ...one, do: 'drop' }, '1', '3');
      await seen({ on, ...one, do: 'duplicate' }, '1', '2', '2', '3');
      await seen({ on, ...one, do: 'duplicate', copies: 4 }, '1', '2', '2', '2', '2', '3');
      await seen({ on, ...one, do: 'reorder' }, '1', '3', '2');
      await seen({ on, frame: '^1$', times: 1, do: 'reorder', by: 2 }, '2', '3', '1');
    });

    it(`${on}: a reordered frame is delivered even if no other follows`, () =>
      seen({ on, frame: '^3$', times: 1, do: 'reorder', ms: 20 }, '1', '2', '3'));

    it(`${on}: text or binary frames injected before, after, instead`, async () => {
      await seen({ on, ...one, do: 'inject', text: '{"type":"x"}' }, '1', '2', '{"type":"x"}', '3');
      await seen({ on, ...one, do: 'inject', place: 'before', base64: 'AAEC' }, '1', 'base64:AAEC', '2', '3');
      await seen(
        { on, ...one, do: 'inject', place: 'instead', text: 'x'.repeat(70_000) },
        '1',
        'x'.repeat(70_000),
        '3',
      );
    });

    it(`${on}: corrupted: truncated text`, () =>
      through({ on, frame: 'type', times: 1, do: 'corrupt' }, ['{"type":"ping"}', 'whole'], ['{"type"', 'whole']));

    it(`${on}: after a given frame nothing passes, and both connections stay open`, async () => {
      proxy.rule({ on, ...one, do: 'half-open' });
      const socket = await open();
      const got = inbox(socket);
      socket.send('1');
      await eventuallyEquals(() => got, ['1']);
      socket.send('2');
      await eventuallyEquals(() => server.messages, on === 'up' ? ['1'] : ['1', '2']);
      socket.send('3');
      [...server.sockets.clients].at(-1)!.send('from afar');
      await eventuallyEquals(() => [server.messages, got], [on === 'up' ? ['1'] : ['1', '2'], ['1']]);
      assert.equal(socket.readyState, WebSocket.OPEN);
      assert.equal([...server.sockets.clients].at(-1)!.readyState, WebSocket.OPEN);
    });

    it(`${on}: a close frame with any code, or none, or no close frame at all`, async () => {
      for (const [rule, code] of [
        [{ do: 'send-close', code: 1013, reason: 'later' }, 1013],
        [{ do: 'send-close' }, 1005],
        [{ do: 'cut' }, 1006],
        [{ do: 'reset' }, 1006],
      ] as const) {
        const socket = await open();
        const [here, there] = [closeOf(socket), closeOf([...server.sockets.clients].at(-1)!)];
        proxy.rule({ on, frame: '^2$', times: 1, ...rule });
        for (const text of ['1', '2', '3']) socket.send(text);
        assert.equal((await here).code, code);
        assert.equal((await there).code, code);
      }
    });
  }

  it('corrupted: invalid UTF-8, which makes the recipient close', async () => {
    proxy.rule({ on: 'down', frame: '^2$', do: 'corrupt', how: 'utf8' });
    const socket = await open();
    const end = closeOf(socket);
    socket.send('2');
    // `ws` reports 1006 when it fails the connection itself.
    assert.equal((await end).code, 1006);
  });

  it('reset within a frame: half of its bytes arrive, then RST', async () => {
    proxy.rule({ on: 'down', do: 'reset', inside: true });
    const request = Buffer.concat([
      Buffer.from(handshake('/line/ws/')),
      writeFrame(Opcode.text, Buffer.from('x'.repeat(998)), true),
    ]);
    const { bytes, end } = await openRawConnection(url, request);
    const frame = bytes.subarray(bytes.indexOf('\r\n\r\n') + 4);
    assert.deepEqual([frame.length, frame.readUInt16BE(2), end], [(998 + 4) / 2, 998, 'ECONNRESET']);
  });

  it('delayed together with everything after it, in order', async () => {
    const socket = await open();
    const got = inbox(socket);
    proxy.rule({ on: 'down', frame: '^2$', do: 'delay', ms: 80 });
    for (const text of ['1', '2', '3']) socket.send(text);
    await next(socket);
    assert.equal(await within(next(socket), 40), 'silence');
    await eventuallyEquals(() => got, ['1', '2', '3']);
  });

  it('rules without text match binary frames; no rule matches fragments', async () => {
    const socket = await open();
    proxy.rule({ on: 'up', frame: '.', do: 'drop' });
    socket.send(Buffer.from([0, 1, 2]));
    assert.equal(await next(socket), 'base64:AAEC');
    proxy.removeRule();
    proxy.rule({ on: 'up', do: 'drop' });
    socket.send(Buffer.from([3]));
    socket.send('in ', { fin: false });
    socket.send('pieces', { fin: true });
    assert.equal(await next(socket), 'in pieces');
  });
});
