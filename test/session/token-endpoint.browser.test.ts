/** `token-url`: the site's server provides the token, authenticated by the visitor's cookie. */
import { expect } from '@open-wc/testing';
import { ChatConnection, type ConnectionConfig } from '../../src/client/index.js';
import { FakeBackend, json, page, tokenOf } from '../support/fake-backend.js';
import { FakeClock } from '../support/fake-clock.js';
import { MemoryStorage } from '../support/memory-storage.js';
import { partsLoaded } from '../support/lazy-parts.js';

const WHERE = `(${location.origin}/chat-token/)`;
const FRESH = tokenOf(1, { jti: 'fresh' });

async function visit(answer: (nth: number) => Response | Error | Promise<Response>, config: ConnectionConfig = {}) {
  const clock = new FakeClock();
  const backend = new FakeBackend(clock);
  const asked: { url: string; init: RequestInit }[] = [];
  const chat = new ChatConnection(
    { url: 'https://chat.example', tokenUrl: '/chat-token/', ...config },
    {
      clock,
      random: () => 0.999,
      WebSocket: backend.WebSocket,
      storage: new MemoryStorage(),
      tabs: {},
      fetch: async (input, init = {}) => {
        const url = String(input);
        if (!url.endsWith('/chat-token/')) return backend.fetch(input, init);
        asked.push({ url, init });
        const response = answer(asked.length);
        if (response instanceof Error) throw response;
        return response;
      },
    },
  );
  const problems: string[] = [];
  chat.on('chat-error', ({ code, message }) => problems.push(`${code}: ${message}`));
  chat.connect();
  await partsLoaded();
  await clock.advance(0);
  const is = (): string => `${chat.state} ${chat.reason.code}`;
  return { chat, backend, clock, asked, problems, is };
}

describe('token-url', () => {
  for (const [what, answer] of [
    ['token', () => json({ token: FRESH })],
    ['access, as in djangorestframework-simplejwt', () => json({ access: FRESH, refresh: 'not this' })],
    ['access_token, as in OAuth', () => json({ access_token: FRESH })],
    ['a JSON string', () => json(FRESH)],
    ['the plain token', () => page(`${FRESH}\n`, 200)],
  ] as const) {
    it(`is requested with the visitor's cookie, and may answer with ${what}`, async () => {
      const { chat, backend, asked, problems, is } = await visit(answer);
      expect(is()).to.equal('connected connected');
      expect(asked).to.have.length(1);
      expect(asked[0]!.url).to.equal(new URL('/chat-token/', location.href).href);
      expect([asked[0]!.init.credentials, asked[0]!.init.cache]).to.deep.equal(['include', 'no-store']);
      expect(new URL(backend.socket.url).searchParams.get('token')).to.equal(FRESH);
      expect(problems).to.deep.equal([]);
      chat.disconnect();
    });
  }

  it('a signed-out answer signs the chat out, without further requests', async () => {
    for (const status of [401, 403, 204]) {
      const { chat, backend, clock, asked, problems, is } = await visit(() => new Response(null, { status }));
      await clock.advance(60_000);
      expect(is(), `${status}`).to.equal('unauthorized token_missing');
      expect([asked.length, backend.sockets.length, clock.pending, problems]).to.deep.equal([1, 0, 0, []]);
      chat.disconnect();
    }
  });

  for (const [what, answer, says] of [
    [
      'a page',
      () => page('<!doctype html><title>Log in</title>', 200),
      `token-url answered a page (HTML) instead of a token ${WHERE}. Expected: {"token": "…"}.`,
    ],
    [
      'JSON without a token',
      () => json({ secret: 'words' }),
      `token-url answered no token ${WHERE}. Expected: {"token": "…"}.`,
    ],
    ['null', () => json(null), `token-url answered no token ${WHERE}. Expected: {"token": "…"}.`],
    [
      '404',
      () => new Response('', { status: 404 }),
      `token-url answered 404 ${WHERE}. Expected: 200 with {"token": "…"}.`,
    ],
  ] as const) {
    it(`an answer with ${what} is reported`, async () => {
      const { chat, problems, is } = await visit(answer);
      expect(problems).to.deep.equal([`token_provider: ${says}`]);
      expect(is()).to.equal('unauthorized token_endpoint_failing');
      chat.disconnect();
    });
  }

  it('after a redirect, the report has the address of the answer, without its query', async () => {
    const login = page('<!doctype html><title>Log in</title>', 200);
    Object.defineProperties(login, {
      redirected: { value: true },
      url: { value: 'https://site.example/login?next=a' },
    });
    const { chat, problems } = await visit(() => login);
    expect(problems).to.deep.equal([
      'token_provider: token-url answered a page (HTML) instead of a token ' +
        '(redirected to https://site.example/login). Expected: {"token": "…"}.',
    ]);
    chat.disconnect();
  });

  it('10.8: a network error or server error is retried; the visitor does not count as signed out', async () => {
    const { chat, clock, asked, is } = await visit(
      (nth) =>
        [
          new TypeError('Failed to fetch'),
          new Response('', { status: 503 }),
          new Response('', { status: 429 }),
          json({ token: FRESH }),
        ][nth - 1]!,
    );
    expect(is()).to.equal('error token_endpoint_unreachable');
    await clock.advance(1_000 + 2_000 + 5_000);
    expect([is(), asked.length]).to.deep.equal(['connected connected', 4]);
    chat.disconnect();
  });

  it('10.8: failing for an hour is retried at growing intervals, without counting as signed out', async () => {
    let isBack = false;
    const { chat, clock, asked, problems, is } = await visit(() =>
      isBack ? json({ token: FRESH }) : new Response('', { status: 503 }),
    );
    await clock.advance(60_000);
    expect(is()).to.equal('error token_endpoint_unreachable');
    const inTheFirstMinute = asked.length;
    await clock.advance(59 * 60_000);
    expect([is(), problems]).to.deep.equal(['error token_endpoint_unreachable', []]);
    expect(asked.length - inTheFirstMinute).to.be.at.most(59 * 2 + 1);
    isBack = true;
    await clock.advance(30_000);
    expect(is()).to.equal('connected connected');
    chat.disconnect();
  });

  it('10.8: Retry-After is respected', async () => {
    const { chat, clock, asked } = await visit((nth) =>
      nth === 1 ? new Response('', { status: 503, headers: { 'Retry-After': '20' } }) : json({ token: FRESH }),
    );
    await clock.advance(19_000);
    expect(asked.length).to.equal(1);
    await clock.advance(2_000);
    expect([chat.state, asked.length]).to.deep.equal(['connected', 2]);
    chat.disconnect();
  });

  it('10.8: hanging, or a truncated answer, times out after 10 s and is retried; Retry asks at once', async () => {
    const broken = json({ token: FRESH });
    broken.text = () => Promise.reject(new TypeError('network error'));
    const never = new Promise<Response>(() => {});
    const { chat, clock, asked, problems, is } = await visit(
      (nth) => ([never, broken, never, json({ token: FRESH })] as const)[nth - 1] as Response,
    );
    await clock.advance(9_000);
    expect([is(), asked.length]).to.deep.equal(['connecting connecting', 1]);
    await clock.advance(1_000);
    expect([is(), asked.length]).to.deep.equal(['error token_endpoint_unreachable', 1]);
    await clock.advance(1_000);
    expect([is(), asked.length]).to.deep.equal(['error token_endpoint_unreachable', 2]);
    await clock.advance(2_000);
    expect(asked.length).to.equal(3);
    for (let n = 0; n < 100; n++) chat.retryNow();
    await clock.advance(0);
    expect(asked.length, 'a request that has just started').to.equal(3);
    await clock.advance(1_000);
    for (let n = 0; n < 100; n++) chat.retryNow();
    await clock.advance(0);
    expect([is(), asked.length, problems]).to.deep.equal(['connected connected', 4, []]);
    chat.disconnect();
    expect(clock.pending).to.equal(0);
  });

  it('10.8: failing when the server rejects the token keeps the displayed data, and recovers with the endpoint', async () => {
    let isDown = false;
    const { chat, backend, clock, is } = await visit((nth) =>
      isDown ? new TypeError('Failed to fetch') : json({ token: nth === 1 ? tokenOf(1) : FRESH }),
    );
    isDown = true;
    backend.rejectedTokens.add(tokenOf(1));
    backend.socket.drop(4001, 'expired');
    await clock.advance(40_000);
    expect([is(), chat.rooms.length]).to.deep.equal(['error token_endpoint_unreachable', 2]);
    isDown = false;
    await clock.advance(31_000);
    expect(is()).to.equal('connected connected');
    chat.disconnect();
  });

  it('is not requested after the chat is removed', async () => {
    const { chat, clock, asked } = await visit(() => new TypeError('Failed to fetch'));
    chat.disconnect();
    await clock.advance(120_000);
    expect([asked.length, clock.pending]).to.deep.equal([1, 0]);
  });

  it('is requested again when the chat is reinserted into the page', async () => {
    const { chat, clock, is } = await visit((nth) =>
      nth === 1 ? new TypeError('Failed to fetch') : json({ token: FRESH }),
    );
    chat.disconnect();
    chat.connect();
    await clock.advance(1_000);
    expect(is()).to.equal('connected connected');
    chat.disconnect();
  });

  it('is requested again when the server rejects the first token', async () => {
    const { chat, backend, clock, asked, is } = await visit((nth) => json({ token: nth === 1 ? tokenOf(1) : FRESH }));
    backend.rejectedTokens.add(tokenOf(1));
    backend.socket.drop(4001, 'expired');
    await clock.advance(3_000);
    expect([is(), asked.length]).to.deep.equal(['connected connected', 2]);
    chat.disconnect();
  });

  it('is not requested if the page has a tokenProvider', async () => {
    const { chat, asked, is } = await visit(() => json({ token: 'no' }), { tokenProvider: async () => FRESH });
    expect([is(), asked.length]).to.deep.equal(['connected connected', 0]);
    chat.disconnect();
  });

  it('an invalid URL is reported', async () => {
    const { chat, asked, problems } = await visit(() => json({ token: FRESH }), { tokenUrl: 'https://' });
    expect([asked.length, problems]).to.deep.equal([0, ['token_provider: token-url="https://" is not an address.']]);
    chat.disconnect();
  });
});
