/** Each rule, as the two ends of a real connection see it. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { createFaultLine, listen, type FaultLine, type HandshakeRule, type Rule } from '../../demo/fault-proxy/fault-proxy.js';
import { REMOTE } from '../../demo/fault-proxy/rules.js';
import { bare, becomes, ended, handshake, inbox, next, open as openAt, refusal, startFar, within, type Far } from './fault-proxy-stand.js';
import { Opcode, writeFrame } from '../../demo/fault-proxy/frames.js';

let far: Far;
before(async () => {
  far = await startFar();
});
after(() => far.close());

let line: FaultLine;
let url: string;
beforeEach(async () => {
  far.asked.length = far.heard.length = 0;
  line = createFaultLine({ target: far.target, prefix: '/line' });
  url = `${await listen(line)}/line`;
});
afterEach(() => line.close());

const open = (path = '/ws/'): Promise<WebSocket> => openAt(url + path);
const post = (path = '/', body = 'hello'): Promise<Response> => fetch(url + path, { method: 'POST', body });

describe('which things a rule is about', () => {
  it('those that fit its path, its method, its frame; the first rule that fits acts', async () => {
    line.rule({ on: 'request', path: '^/a\\?b=1$', do: 'pass' });
    line.rule({ on: 'request', path: '^/a', method: 'GET', do: 'answer', status: 404 });
    const statuses = await Promise.all(['/a?b=1', '/a', '/b'].map(async (path) => (await fetch(url + path)).status));
    assert.deepEqual(statuses, [200, 404, 200]);
    assert.equal((await post('/a')).status, 200);
    line.rule({ on: 'up', path: '^/ws/quiet', frame: '^a', do: 'drop' });
    const [quiet, loud] = await Promise.all([open('/ws/quiet'), open('/ws/loud')]);
    for (const socket of [quiet, loud]) for (const text of ['a', 'b']) socket.send(text);
    await becomes(() => [...far.heard].sort(), ['a', 'b', 'b']);
  });

  it('after `skip`, each `every`, so many `times`; it says how often it acted, and can be taken back', async () => {
    const skip = line.rule({ on: 'request', path: '/skip', skip: 1, times: 2, do: 'answer', status: 500 });
    const every = line.rule({ on: 'request', path: '/every', every: 3, do: 'answer', status: 500 });
    const ask = async (path: string): Promise<number[]> => {
      const statuses = [];
      for (let n = 0; n < 6; n++) statuses.push((await fetch(url + path)).status);
      return statuses;
    };
    assert.deepEqual(await ask('/skip'), [200, 500, 500, 200, 200, 200]);
    assert.deepEqual(await ask('/every'), [200, 200, 500, 200, 200, 500]);
    assert.deepEqual([line.acted(skip), line.acted(every)], [2, 2]);
    line.lift(every);
    assert.deepEqual(await ask('/every'), [200, 200, 200, 200, 200, 200]);
    line.rule({ on: 'request', do: 'answer', status: 500 });
    line.lift();
    assert.equal((await fetch(url)).status, 200);
  });

  it('requests that a browser asks beforehand only where it says so', async () => {
    line.rule({ on: 'request', do: 'answer', status: 500 });
    assert.equal((await fetch(url, { method: 'OPTIONS' })).status, 200);
    line.rule({ on: 'request', method: 'OPTIONS', do: 'answer', status: 403, cors: false });
    const response = await fetch(url, { method: 'OPTIONS' });
    assert.deepEqual([response.status, response.headers.get('Access-Control-Allow-Origin')], [403, null]);
  });

  it('a rule whose expression is none is not taken; all else is data', () => {
    assert.throws(() => line.rule({ on: 'up', frame: '(', do: 'drop' }), SyntaxError);
    for (const name of REMOTE) assert.equal(typeof line[name], 'function');
  });
});

describe('handshakes', () => {
  for (const status of [401, 403, 404, 429, 503, 200]) {
    it(`are answered with ${status}`, async () => {
      line.rule({ on: 'handshake', do: 'answer', status, headers: { 'Retry-After': '7' }, times: 1 });
      const answer = await refusal(`${url}/ws/`);
      assert.deepEqual([answer.status, answer.headers['retry-after']], [status, '7']);
      assert.match(answer.body, new RegExp(`<h1>${status}`));
      assert.deepEqual(far.asked, []);
      await open();
    });
  }

  it('are answered with a sign-in page', async () => {
    line.rule({ on: 'handshake', do: 'captive-portal' });
    const { status, body } = await refusal(`${url}/ws/`);
    assert.equal(status, 200);
    assert.match(body, /Hotel/);
  });

  it('hang', async () => {
    line.rule({ on: 'handshake', do: 'hang', times: 1 });
    const opening = open();
    assert.equal(await within(opening, 50), 'silence');
    line.close();
    await assert.rejects(opening);
  });

  it('are ended in order, or reset', async () => {
    for (const [how, seen] of [['close', 'FIN'], ['reset', 'ECONNRESET']] as const) {
      line.rule({ on: 'handshake', do: how, times: 1 } satisfies HandshakeRule);
      assert.deepEqual(await bare(url, handshake('/line/ws/')), { bytes: Buffer.alloc(0), end: seen });
    }
  });

  it('come late', async () => {
    line.rule({ on: 'handshake', do: 'delay', ms: 80 });
    const begun = Date.now();
    await open();
    assert.ok(Date.now() - begun >= 78);
    assert.equal(far.asked.length, 1);
  });
});

describe('requests', () => {
  it('are answered with any status, headers and body, which a page of another origin can read', async () => {
    line.rule({ on: 'request', do: 'answer', status: 429, headers: { 'Retry-After': '3', 'Content-Type': 'application/json' }, body: '{"detail":"slow down"}' });
    const response = await fetch(url, { headers: { Origin: 'https://page.example' } });
    assert.deepEqual([response.status, response.headers.get('Retry-After'), await response.json()], [429, '3', { detail: 'slow down' }]);
    assert.equal(response.headers.get('Access-Control-Allow-Origin'), 'https://page.example');
    assert.deepEqual(far.asked, []);
  });

  it('are stored but never answered', async () => {
    line.rule({ on: 'request', method: 'POST', do: 'swallow', times: 1 });
    const lost = post('/send').catch(() => 'ended');
    await becomes(() => far.asked.map((asked) => asked.split(' ')[1]), ['/send']);
    assert.equal(await within(lost, 30), 'silence');
    assert.equal((await post('/send')).status, 200);
    line.close();
    assert.equal(await lost, 'ended');
  });

  it('POST vanishes while GET works', async () => {
    line.rule({ on: 'request', method: 'POST', do: 'hang' });
    assert.equal(await within(post().catch(() => 'ended'), 50), 'silence');
    assert.equal((await fetch(url)).status, 200);
    assert.equal(far.asked.length, 1);
  });

  it('are answered late, though the server does them at once', async () => {
    line.rule({ on: 'request', do: 'delay', ms: 80 });
    const begun = Date.now();
    const answer = fetch(url).then(() => Date.now());
    await becomes(() => far.asked.length, 1);
    assert.ok((await answer) - begun >= 78);
  });

  it('lose the headers that let a page of another origin read them', async () => {
    assert.equal((await fetch(url)).headers.get('Access-Control-Allow-Origin'), '*');
    line.rule({ on: 'request', do: 'no-cors' });
    const { headers } = await fetch(url);
    assert.deepEqual([headers.get('Access-Control-Allow-Origin'), headers.get('X-From')], [null, 'backend']);
  });

  it('are reset, or ended', async () => {
    for (const [how, seen] of [['reset', 'ECONNRESET'], ['close', 'FIN']] as const) {
      line.rule({ on: 'request', do: how, times: 1 } satisfies Rule);
      assert.equal((await bare(url, 'GET /line HTTP/1.1\r\nHost: x\r\n\r\n')).end, seen);
    }
  });
});

describe('frames', () => {
  /** Sends with one rule in the way, and waits for what should come back. */
  async function through(rule: Rule, sent: string[], wanted: string[]): Promise<void> {
    far.heard.length = 0;
    const socket = await open();
    line.rule(rule);
    const got = inbox(socket);
    for (const text of sent) socket.send(text);
    await becomes(() => got, wanted);
    // The rule was for one direction, and the far end sends back what it hears.
    assert.deepEqual(far.heard, rule.on === 'up' ? wanted : sent);
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

    it(`${on}: a frame that nothing overtakes comes all the same`, () => seen({ on, frame: '^3$', times: 1, do: 'reorder', ms: 20 }, '1', '2', '3'));

    it(`${on}: text or bytes injected before, after, instead`, async () => {
      await seen({ on, ...one, do: 'inject', text: '{"type":"x"}' }, '1', '2', '{"type":"x"}', '3');
      await seen({ on, ...one, do: 'inject', place: 'before', base64: 'AAEC' }, '1', 'base64:AAEC', '2', '3');
      await seen({ on, ...one, do: 'inject', place: 'instead', text: 'x'.repeat(70_000) }, '1', 'x'.repeat(70_000), '3');
    });

    it(`${on}: corrupt, as text that ends too early`, () => through({ on, frame: 'type', times: 1, do: 'corrupt' }, ['{"type":"ping"}', 'whole'], ['{"type"', 'whole']));

    it(`${on}: from one frame on nothing passes, and both connections stay`, async () => {
      line.rule({ on, ...one, do: 'half-open' });
      const socket = await open();
      const got = inbox(socket);
      socket.send('1');
      await becomes(() => got, ['1']);
      socket.send('2');
      await becomes(() => far.heard, on === 'up' ? ['1'] : ['1', '2']);
      socket.send('3');
      [...far.sockets.clients].at(-1)!.send('from afar');
      await becomes(() => [far.heard, got], [on === 'up' ? ['1'] : ['1', '2'], ['1']]);
      assert.equal(socket.readyState, WebSocket.OPEN);
      assert.equal([...far.sockets.clients].at(-1)!.readyState, WebSocket.OPEN);
    });

    it(`${on}: a close with any code, or none, or no close at all`, async () => {
      for (const [rule, code] of [[{ do: 'hang-up', code: 1013, reason: 'later' }, 1013], [{ do: 'hang-up' }, 1005], [{ do: 'cut' }, 1006], [{ do: 'reset' }, 1006]] as const) {
        const socket = await open();
        const [here, there] = [ended(socket), ended([...far.sockets.clients].at(-1)!)];
        line.rule({ on, frame: '^2$', times: 1, ...rule });
        for (const text of ['1', '2', '3']) socket.send(text);
        assert.equal((await here).code, code);
        assert.equal((await there).code, code);
      }
    });
  }

  it('corrupt as no text at all: who reads it closes', async () => {
    line.rule({ on: 'down', frame: '^2$', do: 'corrupt', how: 'utf8' });
    const socket = await open();
    const end = ended(socket);
    socket.send('2');
    // What `ws` makes of a line that it has to fail itself.
    assert.equal((await end).code, 1006);
  });

  it('reset in the middle of a frame: half of its bytes arrive, and then RST', async () => {
    line.rule({ on: 'down', do: 'reset', inside: true });
    const said = Buffer.concat([Buffer.from(handshake('/line/ws/')), writeFrame(Opcode.text, Buffer.from('x'.repeat(998)), true)]);
    const { bytes, end } = await bare(url, said);
    const frame = bytes.subarray(bytes.indexOf('\r\n\r\n') + 4);
    assert.deepEqual([frame.length, frame.readUInt16BE(2), end], [(998 + 4) / 2, 998, 'ECONNRESET']);
  });

  it('late: it and all behind it, in their order', async () => {
    const socket = await open();
    const got = inbox(socket);
    line.rule({ on: 'down', frame: '^2$', do: 'delay', ms: 80 });
    for (const text of ['1', '2', '3']) socket.send(text);
    await next(socket);
    assert.equal(await within(next(socket), 40), 'silence');
    await becomes(() => got, ['1', '2', '3']);
  });

  it('binary frames are meant by rules that ask for no text; pieces of a message by none', async () => {
    const socket = await open();
    line.rule({ on: 'up', frame: '.', do: 'drop' });
    socket.send(Buffer.from([0, 1, 2]));
    assert.equal(await next(socket), 'base64:AAEC');
    line.lift();
    line.rule({ on: 'up', do: 'drop' });
    socket.send(Buffer.from([3]));
    socket.send('in ', { fin: false });
    socket.send('pieces', { fin: true });
    assert.equal(await next(socket), 'in pieces');
  });
});
