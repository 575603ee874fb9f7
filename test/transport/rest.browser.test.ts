import { expect } from '@open-wc/testing';
import { http, HttpResponse } from 'msw';
import { setupWorker } from 'msw/browser';
import {
  ChatError,
  makeAddress,
  RestClient,
  attachmentUrl,
  sendMessage,
  type ErrorCode,
} from '../../src/transport/index.js';
import { room } from '../support/fake-backend.js';
import { FakeClock } from '../support/fake-clock.js';

const BASE = 'https://chat.example/api/chat/';
const MESSAGE = {
  id: 7,
  room: 1,
  sender: { id: 1, username: 'ana' },
  content: 'hi',
  timestamp: '2026-11-22T22:28:57.004410Z',
};
const worker = setupWorker();

const client = (more: Partial<ConstructorParameters<typeof RestClient>[0]> = {}): RestClient =>
  new RestClient({
    base: BASE,
    token: () => 'secret',
    loadDeferred: () => import('../../src/transport/index.js'),
    ...more,
  });

async function failure(promise: Promise<unknown>): Promise<ChatError> {
  const thrown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).to.be.instanceOf(ChatError);
  return thrown as ChatError;
}

describe('the REST client', () => {
  before(() =>
    worker.start({ quiet: true, onUnhandledRequest: 'bypass', serviceWorker: { url: '/mockServiceWorker.js' } }),
  );
  afterEach(() => worker.resetHandlers());
  after(() => worker.stop());

  it('reads a plain and a paginated list, item by item', async () => {
    const problems: string[] = [];
    const rest = client({ onProblem: ({ detail }) => problems.push(detail) });
    worker.use(
      http.get(`${BASE}rooms/`, () => HttpResponse.json([room(1, 'a'), { id: null }, 'nonsense', room(2, 'b')])),
    );
    expect((await rest.listRooms()).rooms.map(({ id }) => id)).to.deep.equal([1, 2]);
    expect(problems).to.have.length(2);
    expect(problems[0]).to.match(/^GET rooms\/\[1\]\.id: /);
    worker.resetHandlers(
      http.get(`${BASE}rooms/`, ({ request }) => {
        const page = Number(new URL(request.url).searchParams.get('page') ?? 1);
        // Behind a proxy, `next` may name another host, to which the token must not be sent.
        return HttpResponse.json({
          results: [room(page, 'x')],
          next: page < 3 ? `http://internal.example/api/chat/rooms/?page=${page + 1}` : null,
        });
      }),
    );
    expect((await rest.listRooms()).rooms.map(({ id }) => id)).to.deep.equal([1, 2, 3]);
  });

  it('13.6: reads the first page of a backend with cursors only', async () => {
    const queries: string[] = [];
    worker.use(
      http.get(`${BASE}rooms/`, ({ request }) => {
        queries.push(new URL(request.url).search);
        return HttpResponse.json({ items: [room(1, 'a')], next: 'opaque', as_of: 'now' });
      }),
    );
    const { rooms, isComplete } = await client().listRooms(undefined, 50);
    expect([rooms.map(({ id }) => id), isComplete, queries]).to.deep.equal([[1], false, ['?limit=50']]);
  });

  it('10.23: reads all pages, and reports how many rooms were unreadable', async () => {
    worker.use(
      http.get(`${BASE}rooms/`, ({ request }) => {
        const page = Number(new URL(request.url).searchParams.get('page') ?? 1);
        return HttpResponse.json({
          results: [room(page, 'x'), { name: 'no id' }],
          next: page < 30 ? `/api/chat/rooms/?page=${page + 1}` : null,
        });
      }),
    );
    const { rooms, leftOut, isComplete } = await client().listRooms();
    expect([rooms.length, leftOut, isComplete]).to.deep.equal([30, 30, true]);
  });

  it('10.23: stops at 10,000 rooms, and reports it', async () => {
    const problems: string[] = [];
    let asked = 0;
    worker.use(
      http.get(`${BASE}rooms/`, () => {
        asked++;
        return HttpResponse.json({
          results: Array.from({ length: 1_000 }, (_, n) => room(asked * 1_000 + n, 'x')),
          next: `/api/chat/rooms/?page=${asked + 1}`,
        });
      }),
    );
    const { rooms, isComplete } = await client({ onProblem: ({ detail }) => problems.push(detail) }).listRooms();
    expect([rooms.length, isComplete, asked]).to.deep.equal([10_000, false, 10]);
    expect(problems).to.deep.equal(['GET rooms/: more than 10000 rooms; the others are left out']);
  });

  for (const [what, next] of [
    ['that leads back to the first page', () => '/api/chat/rooms/'],
    ['that leads in a cycle', (page: number) => `/api/chat/rooms/?page=${(page % 3) + 1}`],
    ['that always continues with the same rooms', (page: number) => `/api/chat/rooms/?page=${page + 1}`],
  ] as const) {
    it(`10.23: detects a \`next\` ${what}, and reports it`, async () => {
      const problems: string[] = [];
      let asked = 0;
      worker.use(
        http.get(`${BASE}rooms/`, ({ request }) => {
          asked++;
          const page = Number(new URL(request.url).searchParams.get('page') ?? 1);
          return HttpResponse.json({ results: [room((page - 1) % 3, 'x')], next: next(page) });
        }),
      );
      const { rooms, isComplete } = await client({ onProblem: ({ detail }) => problems.push(detail) }).listRooms();
      expect(isComplete).to.equal(false);
      expect(asked).to.be.at.most(4);
      expect(new Set(rooms.map(({ id }) => id)).size, 'each once').to.equal(rooms.length);
      expect(problems).to.deep.equal(['GET rooms/: its pages do not end: `next` leads back']);
    });
  }

  it('10.23: reports how many messages of a page were unreadable', async () => {
    worker.use(
      http.get(`${BASE}rooms/1/messages/`, () =>
        HttpResponse.json({ messages: [MESSAGE, { id: 8 }, null], has_more: false }),
      ),
    );
    const { messages, leftOut } = await client().history(1);
    expect([messages.length, leftOut]).to.deep.equal([1, 2]);
  });

  it('sends the bearer token, JSON, and an Idempotency-Key only if requested', async () => {
    const seen: (string | null)[] = [];
    worker.use(
      http.post(`${BASE}rooms/1/send_message/`, async ({ request }) => {
        seen.push(request.headers.get('Authorization'), request.headers.get('Idempotency-Key'), await request.text());
        return HttpResponse.json(MESSAGE, { status: 201 });
      }),
    );
    const message = await sendMessage(client(), 1, 'hi', { replyTo: 3, idempotencyKey: 'temp_1' });
    await sendMessage(client(), 1, 'hi');
    expect(message.id).to.equal(7);
    expect(seen).to.deep.equal([
      'Bearer secret',
      'temp_1',
      '{"room":1,"content":"hi","message_type":"text","reply_to":3}',
      'Bearer secret',
      null,
      '{"room":1,"content":"hi","message_type":"text"}',
    ]);
  });

  for (const [name, answer, code, words] of [
    [
      '400 with a field',
      () => HttpResponse.json({ content: ['May not be blank.'] }, { status: 400 }),
      'invalid',
      'content: May not be blank.',
    ],
    ['403', () => HttpResponse.json({ detail: 'Not yours.' }, { status: 403 }), 'forbidden', 'Not yours.'],
    ['404', () => HttpResponse.json({ detail: 'Not found.' }, { status: 404 }), 'not_found', 'Not found.'],
    ['413', () => new HttpResponse(null, { status: 413 }), 'too_large', 'The server answered 413.'],
    [
      'an HTML error page',
      () => HttpResponse.html('<h1>Oh no</h1>', { status: 500 }),
      'server_error',
      'The server answered 500.',
    ],
    ['an HTML page with status 200', () => HttpResponse.html('<h1>Log in</h1>'), 'unexpected_answer', 'login page'],
    ['another shape', () => HttpResponse.json({ hello: 1 }), 'unexpected_answer', 'Unexpected answer: '],
    ['no network', () => HttpResponse.error(), 'unreachable', 'cannot be reached'],
  ] as [string, () => Response, ErrorCode, string][]) {
    it(`reports the cause: ${name}`, async () => {
      worker.use(http.get(`${BASE}rooms/1/messages/`, answer));
      const error = await failure(client().history(1));
      expect(error.code).to.equal(code);
      expect(error.message).to.contain(words);
      expect(error.message).not.to.contain('<');
    });
  }

  it('requests another token on 401, once, and repeats the request', async () => {
    let token = 'old';
    const used: string[] = [];
    worker.use(
      http.get(`${BASE}rooms/`, ({ request }) => {
        used.push(request.headers.get('Authorization')!);
        return used.length === 1
          ? HttpResponse.json({ detail: 'expired', code: 'token_not_valid' }, { status: 401 })
          : HttpResponse.json([]);
      }),
    );
    const rest = client({ token: () => token, renew: async (refused) => ((token = `${refused}-new`), true) });
    expect((await rest.listRooms()).rooms).to.deep.equal([]);
    expect(used).to.deep.equal(['Bearer old', 'Bearer old-new']);
    worker.resetHandlers(http.get(`${BASE}rooms/`, () => HttpResponse.json({ detail: 'expired' }, { status: 401 })));
    expect((await failure(client().listRooms())).code).to.equal('unauthorized');
  });

  it('parses Retry-After in seconds and as a date, and ignores invalid values', async () => {
    for (const [header, expected] of [
      ['7', 7_000],
      [new Date(Date.now() + 9_500).toUTCString(), 9_000],
      ['soon', 5_000],
      ['-3', 5_000],
      ['99999', 300_000],
      ['0', 1_000],
    ] as const) {
      worker.resetHandlers(
        http.get(`${BASE}rooms/`, () =>
          HttpResponse.json({ detail: 'Slow down.' }, { status: 429, headers: { 'Retry-After': header } }),
        ),
      );
      const error = await failure(client().listRooms());
      expect(error.code).to.equal('rate_limited');
      if (header.includes('GMT')) expect(error.retryAfterMs).to.be.within(expected - 1_500, expected + 1_500);
      else expect(error.retryAfterMs, header).to.equal(header === '-3' ? error.retryAfterMs : expected);
      expect(error.retryAfterMs).to.be.within(1_000, 300_000);
    }
  });

  it('times out a request without an answer, and can be aborted before', async () => {
    const clock = new FakeClock();
    const hangs = ((_url: unknown, { signal }: RequestInit) =>
      new Promise((_, reject) =>
        signal!.addEventListener('abort', () => reject(new DOMException('', 'AbortError'))),
      )) as typeof fetch;
    const rest = client({ clock, fetch: hangs });
    const late = failure(rest.listRooms());
    await clock.advance(15_000);
    expect((await late).code).to.equal('timeout');
    const abort = new AbortController();
    const given = failure(rest.listRooms(abort.signal));
    abort.abort();
    expect((await given).code).to.equal('aborted');
    expect(clock.pending).to.equal(0);
  });

  it('sends no request without a token', async () => {
    expect((await failure(client({ token: () => ' ' }).listRooms())).code).to.equal('token_missing');
  });
});

describe('addresses', () => {
  it('are built from a url with or without a path', () => {
    expect(makeAddress({ url: 'https://a.example/v2/' })).to.deep.include({
      base: 'https://a.example/v2',
      api: 'https://a.example/v2/api/chat/',
      socket: 'wss://a.example/v2/ws/chat/',
    });
    expect(makeAddress({ url: 'http://localhost:8000', wsPath: 'socket', apiPath: '/api' }).socket).to.equal(
      'ws://localhost:8000/socket/',
    );
    expect(makeAddress({}).api).to.equal(`${location.origin}/api/chat/`);
  });

  it('report the expected format if invalid', () => {
    for (const url of ['ftp://a.example', 'https://', 'javascript:alert(1)']) {
      expect(() => makeAddress({ url }), url).to.throw(ChatError, /https:\/\//);
    }
  });

  it('of attachments never execute scripts', () => {
    expect(attachmentUrl('https://a.example', '/media/cat.png')).to.equal('https://a.example/media/cat.png');
    for (const bad of ['javascript:alert(1)', 'data:text/html,<script>', 'java\nscript:alert(1)', '', null]) {
      expect(attachmentUrl('https://a.example', bad)).to.equal(null);
    }
  });
});
