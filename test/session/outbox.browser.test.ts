import { expect } from '@open-wc/testing';
import { ChatConnection } from '../../src/client/index.js';
import type { ChatError } from '../../src/transport/index.js';
import { connected, fakeDependencies, scene } from '../support/connected.js';
import { FakeBackend, json, page, tokenOf } from '../support/fake-backend.js';
import { FakeClock, settle } from '../support/fake-clock.js';
import { partsLoaded } from '../support/lazy-parts.js';

const BASELINE = (backend: FakeBackend): void => void (backend.capabilities = []);
const sends = (backend: FakeBackend): string[] =>
  backend.requests.filter(({ method }) => method === 'POST').map(({ path }) => path);
const contents = (backend: FakeBackend): string[] => backend.messages.map(({ content }) => content);

describe('sending', () => {
  for (const echo of ['echo', 'ack', 'both'] as const) {
    it(`a message sent by socket is confirmed by ${echo}, in place and once`, async () => {
      const { chat, backend, clock } = await connected();
      backend.echo = echo;
      chat.openRoom(1);
      await clock.advance(0);
      let pending = chat.messages(1)[0];
      chat.subscribe(() => (pending ??= chat.messages(1)[0]));
      const sending = chat.sendChatMessage(1, '\n\nhello  ');
      const { method, message } = await sending;
      expect([pending!.delivery, pending!.content]).to.deep.equal(['sending', 'hello']);
      await settle();
      expect(method).to.equal('websocket');
      expect(chat.messages(1)).to.have.length(1);
      expect([message.id, message.key, message.delivery]).to.deep.equal([1, pending!.key, 'sent']);
      expect(sends(backend)).to.deep.equal([]);
      chat.disconnect();
    });
  }

  it('a message written while another user signs in is kept for its author', async () => {
    const { chat, backend, clock } = scene();
    chat.openRoom(1);
    chat.connect();
    chat.sendChatMessage(1, 'by Ana').catch(() => {});
    for (const [me, stored] of [
      [2, []],
      [1, ['1 by Ana']],
    ] as const) {
      backend.me = me;
      chat.configure({ token: tokenOf(me) });
      await partsLoaded();
      await clock.advance(10_000);
      expect([chat.state, ...backend.messages.map(({ content, sender }) => `${sender.id} ${content}`)]).to.deep.equal([
        'connected',
        ...stored,
      ]);
    }
    chat.disconnect();
  });

  it('respects a rate limit without retry_after on the socket', async () => {
    const { chat, backend, clock } = await connected();
    backend.stores = false;
    const sending = chat.sendChatMessage(1, 'too fast');
    await settle();
    backend.stores = true;
    backend.socket.receive({
      type: 'error',
      message: 'Slow down.',
      code: 'rate_limited',
      _tempId: backend.socket.sent.at(-1)!._tempId,
    });
    await clock.advance(4_900);
    expect(contents(backend)).to.deep.equal([]);
    await clock.advance(200);
    expect((await sending).method).to.equal('websocket');
    chat.disconnect();
  });

  it('settles the promises of all retries of a message', async () => {
    const { chat, backend, clock } = await connected({}, (made) => (made.onSocket = 'refuse'));
    backend.onRequest = (method) => (method === 'POST' ? json({ detail: 'No.' }, 400) : undefined);
    const refused = await chat.sendChatMessage(1, 'once').catch((error: ChatError) => error.code);
    expect(refused).to.equal('invalid');
    backend.onRequest = () => undefined;
    const { localId } = chat.messages(1)[0]!;
    const [first, second] = [chat.retry(localId!), chat.retry(localId!)];
    await clock.advance(1_000);
    expect((await Promise.all([first, second])).map(({ message }) => message.id)).to.deep.equal([1, 1]);
    expect(contents(backend)).to.deep.equal(['once']);
    chat.disconnect();
  });

  it('does not send a message that was discarded in another tab during sleep', async () => {
    const clock = new FakeClock();
    const backend = new FakeBackend(clock);
    const parts = fakeDependencies(backend, clock);
    const [awake, asleep] = [0, 1].map(
      () => new ChatConnection({ url: 'https://chat.example', token: tokenOf(1) }, parts),
    ) as [ChatConnection, ChatConnection];
    backend.onSocket = 'refuse';
    backend.onRequest = () => new TypeError('Failed to fetch');
    for (const chat of [awake, asleep]) chat.openRoom(1);
    awake.connect();
    awake.sendChatMessage(1, 'given up').catch(() => {});
    await partsLoaded();
    await clock.advance(0);
    asleep.connect();
    await partsLoaded();
    await clock.advance(0);
    const [message] = asleep.messages(1);
    expect(message?.content).to.equal('given up');
    asleep.disconnect();
    awake.discard(message!._tempId!);
    await settle();
    awake.disconnect();
    backend.onSocket = 'greet';
    backend.onRequest = () => undefined;
    asleep.connect();
    await partsLoaded();
    await clock.advance(60_000);
    expect([asleep.state, backend.messages, asleep.messages(1)]).to.deep.equal(['connected', [], []]);
    asleep.disconnect();
  });

  it('recognises its own echo on a backend without temporary ids', async () => {
    const { chat, backend, clock } = await connected({}, BASELINE);
    backend.echo = 'no-temp-id';
    chat.openRoom(1);
    await clock.advance(0);
    const sent = await Promise.all([chat.sendChatMessage(1, 'ok'), chat.sendChatMessage(1, 'ok')]);
    expect(sent.map(({ message }) => message.id)).to.deep.equal([1, 2]);
    await settle();
    expect(chat.messages(1)).to.have.length(2);
    chat.disconnect();
  });

  it('falls back to REST, with the same id, if the socket does not confirm', async () => {
    const { chat, backend, clock } = await connected();
    backend.echo = 'none';
    chat.openRoom(1);
    await clock.advance(0);
    const sending = chat.sendChatMessage(1, 'stored but not confirmed');
    await clock.advance(6_000);
    expect((await sending).method).to.equal('rest');
    expect(backend.messages).to.have.length(1);
    const post = backend.requests.find(({ method }) => method === 'POST')!;
    expect(post.headers.get('Idempotency-Key')).to.equal(
      backend.socket.sent.find(({ type }) => type === 'send_message')!._tempId,
    );
    expect(chat.messages(1)).to.have.length(1);
    chat.disconnect();
  });

  it('falls back to REST at once if the socket closes with a message in flight', async () => {
    const { chat, backend } = await connected();
    backend.stores = false;
    backend.onSocket = 'refuse';
    const sending = chat.sendChatMessage(1, 'on its way');
    await settle();
    backend.socket.drop();
    expect((await sending).method).to.equal('rest');
    expect(contents(backend)).to.deep.equal(['on its way']);
    chat.disconnect();
  });

  it('searches the history first on a backend without idempotency', async () => {
    const { chat, backend, clock } = await connected({}, BASELINE);
    chat.openRoom(1);
    await clock.advance(0);
    backend.echo = 'none';
    backend.onSocket = 'refuse';
    const sending = chat.sendChatMessage(1, 'once');
    await settle();
    backend.socket.drop();
    expect((await sending).method).to.equal('websocket');
    expect(contents(backend)).to.deep.equal(['once']);
    expect(sends(backend)).to.deep.equal([]);
    // And without a key, which the CORS rules of a baseline backend would reject.
    const second = chat.sendChatMessage(1, 'once');
    await clock.advance(1_000);
    expect((await second).method).to.equal('rest');
    expect(contents(backend)).to.deep.equal(['once', 'once']);
    expect(backend.requests.some(({ headers }) => headers.has('Idempotency-Key'))).to.equal(false);
    chat.disconnect();
  });

  it('shows a message once that a baseline backend stored over REST', async () => {
    const { chat, clock } = await connected({}, (made) => {
      BASELINE(made);
      made.onSocket = 'refuse';
    });
    chat.openRoom(1);
    await clock.advance(1_000);
    await chat.sendChatMessage(1, 'hi');
    expect(chat.messages(1).map(({ delivery }) => delivery)).to.deep.equal(['sent']);
    chat.disconnect();
  });

  it('does not mistake an older message with the same text for this one', async () => {
    const { chat, backend, clock } = await connected({}, BASELINE);
    backend.store(2, 1, 'ok').timestamp = '2026-11-01T10:00:00Z';
    backend.stores = false;
    const sending = chat.sendChatMessage(2, 'ok'); // a room that is not open
    await clock.advance(7_000);
    expect((await sending).message.id).to.equal(2);
    chat.disconnect();
  });

  it('respects Retry-After of a gateway', async () => {
    const { chat, backend, clock } = await connected();
    backend.onSocket = 'refuse';
    backend.onRequest = () => page('<h1>Bad Gateway</h1>', 502);
    backend.socket.drop();
    const sending = chat.sendChatMessage(1, 'patience');
    await clock.advance(300_000);
    expect(chat.messages(1)[0]!.delivery).to.equal('sending');
    backend.onRequest = () => undefined;
    await clock.advance(31_000);
    await sending;
    chat.disconnect();
  });

  it('searches the history if a socket error names no message, and trusts REST', async () => {
    const { chat, backend, clock } = await connected({}, BASELINE);
    backend.stores = false;
    backend.onRequest = (method) => (method === 'POST' ? json({ detail: 'Not found.' }, 404) : undefined);
    const sending = chat.sendChatMessage(1, 'not my room').catch((error: ChatError) => error);
    await settle();
    backend.socket.receive({ type: 'error', message: 'Access denied to room 1', room_id: 1 });
    await clock.advance(0);
    expect(((await sending) as ChatError).code).to.equal('not_found');
    expect(chat.messages(1)[0]!.delivery).to.equal('failed');
    chat.disconnect();
  });

  it('fails permanently on an error that names the message; retry resends it, discard removes it', async () => {
    const { chat, backend } = await connected();
    backend.stores = false;
    const refuse = async (): Promise<void> => {
      await settle();
      const { _tempId } = backend.socket.sent.findLast(({ type }) => type === 'send_message')!;
      backend.socket.receive({
        type: 'error',
        code: 'access_denied',
        message: 'You left this room.',
        room_id: 1,
        _tempId,
      });
      await settle();
    };
    const failures: string[] = [];
    chat.on('chat-send-failed', ({ localId, error }) => failures.push(localId, error.message));
    const sending = chat.sendChatMessage(1, 'hm').catch((error: ChatError) => error.code);
    await refuse();
    expect(await sending).to.equal('forbidden');
    const { localId } = chat.messages(1)[0]!;
    expect(failures).to.deep.equal([localId, 'You left this room.']);
    backend.stores = true;
    expect((await chat.retry(localId!)).method).to.equal('websocket');
    expect(chat.messages(1).map(({ delivery }) => delivery)).to.deep.equal(['sent']);

    backend.stores = false;
    const second = chat.sendChatMessage(1, 'never mind').catch((error: ChatError) => error.code);
    await refuse();
    await second;
    chat.discard(chat.messages(1)[1]!.localId!);
    expect(chat.messages(1)).to.have.length(1);
    chat.disconnect();
  });

  for (const [when, at, bySocket, byRest] of [
    ['after the first attempt', 0, 1, 0],
    ['before the second attempt', 1, 1, 1],
    ['after the second attempt', 2, 2, 1],
  ] as const) {
    it(`does not send a message discarded during the search ${when}`, async () => {
      const { chat, backend, clock } = await connected({}, BASELINE);
      chat.openRoom(1);
      await clock.advance(0);
      backend.stores = false;
      const sending = chat.sendChatMessage(1, 'never mind').catch((error: ChatError) => error.code);
      await settle();
      let looked = 0;
      backend.onRequest = (method, path) => {
        if (method === 'POST') return page('busy', 503);
        if (path.startsWith('rooms/1/messages') && looked++ === at) chat.discard(chat.messages(1)[0]!.localId!);
        return undefined;
      };
      await clock.advance(60_000);
      expect(await sending).to.equal('discarded');
      expect(sends(backend)).to.have.length(byRest);
      expect(backend.socket.sent.filter(({ type }) => type === 'send_message')).to.have.length(bySocket);
      chat.disconnect();
    });
  }

  it('does not fail a message because the search fails', async () => {
    const { chat, backend, clock } = await connected({}, BASELINE);
    chat.openRoom(1);
    await clock.advance(0);
    backend.stores = false;
    let [posts, looks] = [0, 0];
    backend.onRequest = (method, path) => {
      if (method === 'POST' && posts++ === 0) return page('busy', 503);
      return posts > 0 && path.startsWith('rooms/1/messages') && looks++ < 12 ? page('broken', 500) : undefined;
    };
    const sending = chat.sendChatMessage(1, 'patience');
    await clock.advance(600_000);
    expect((await sending).method).to.equal('rest');
    expect([backend.messages.length, looks > 12]).to.deep.equal([1, true]);
    chat.disconnect();
  });

  it('searches for a message that was sent before the capabilities were known', async () => {
    const { chat, backend, clock } = scene({}, (each) => (each.onSocket = 'hang'));
    chat.openRoom(1);
    chat.connect();
    await partsLoaded();
    await clock.advance(10_500); // the handshake times out, and the next one is due
    backend.onRequest = (method) => {
      if (method !== 'POST') return undefined;
      backend.store(1, 1, 'once');
      return new TypeError('Failed to fetch');
    };
    const sending = chat.sendChatMessage(1, 'once');
    await settle();
    // Connected before the retry.
    backend.onRequest = () => undefined;
    backend.onSocket = 'greet';
    chat.retryNow();
    await settle();
    expect(chat.state).to.equal('connected');
    await clock.advance(60_000);
    expect((await sending).message.id).to.equal(1);
    expect(backend.messages).to.have.length(1);
    chat.disconnect();
  });

  it('does not resend a message that was discarded in flight', async () => {
    const { chat, backend, clock } = await connected();
    backend.stores = false;
    const sending = chat.sendChatMessage(1, 'oops').catch((error: ChatError) => error.code);
    await settle();
    chat.discard(chat.messages(1)[0]!.localId!);
    expect(await sending).to.equal('discarded');
    await clock.advance(60_000);
    expect(sends(backend)).to.deep.equal([]);
    chat.disconnect();
  });

  it('keeps the order of one author, one message at a time', async () => {
    const { chat, backend, clock } = await connected();
    backend.echo = 'none';
    const sent = ['a', 'b', 'c'].map((content) => chat.sendChatMessage(1, content));
    await settle();
    expect(contents(backend)).to.deep.equal(['a']);
    backend.socket.drop();
    await clock.advance(40_000);
    await Promise.all(sent);
    expect(contents(backend)).to.deep.equal(['a', 'b', 'c']);
    chat.disconnect();
  });

  it('waits while both socket and REST fail, and sends when one of them works', async () => {
    const { chat, backend, clock } = await connected();
    backend.onSocket = 'refuse';
    backend.onRequest = () => new TypeError('down');
    backend.socket.drop();
    const sending = chat.sendChatMessage(1, 'patience');
    await clock.advance(120_000);
    expect([chat.state, chat.messages(1)[0]!.delivery]).to.deep.equal(['error', 'sending']);
    backend.onRequest = () => undefined;
    await clock.advance(31_000);
    expect(chat.state).to.equal('polling');
    expect((await sending).method).to.equal('rest');
    chat.disconnect();
  });

  it('waits as long as the server asks, then sends', async () => {
    const { chat, backend, clock } = await connected();
    backend.stores = false;
    backend.echo = 'none';
    let asked = 0;
    backend.onRequest = (method) =>
      method === 'POST' && asked++ === 0 ? json({ detail: 'Slow down.' }, 429, { 'Retry-After': '7' }) : undefined;
    const sending = chat.sendChatMessage(1, 'eager');
    await clock.advance(6_000);
    expect(asked).to.equal(1);
    backend.stores = true;
    backend.echo = 'both';
    await clock.advance(6_900);
    expect(backend.messages).to.have.length(0);
    await clock.advance(200);
    await sending;
    expect(backend.messages).to.have.length(1);
    chat.disconnect();
  });

  for (const status of [408, 421, 425]) {
    it(`10.24: HTTP ${status} is not a rejection: the message is retried`, async () => {
      const { chat, backend, clock } = await connected();
      backend.stores = false;
      backend.echo = 'none';
      let asked = 0;
      backend.onRequest = (method) =>
        method === 'POST' && asked++ < 2 ? json({ detail: 'Later.' }, status) : undefined;
      const sending = chat.sendChatMessage(1, 'patient');
      await clock.advance(30_000);
      expect((await sending).method).to.equal('rest');
      expect([asked, backend.messages.length]).to.deep.equal([3, 1]);
      chat.disconnect();
    });
  }

  it('fails a message with its reason if the server repeatedly fails on it', async () => {
    const { chat, backend, clock } = await connected();
    backend.stores = false;
    backend.onRequest = (method) => (method === 'POST' ? page('<h1>Server Error</h1>', 500) : undefined);
    const sending = chat.sendChatMessage(1, 'poison').catch((error: ChatError) => error);
    await clock.advance(120_000);
    const error = (await sending) as ChatError;
    expect([error.code, error.status]).to.deep.equal(['server_error', 500]);
    expect(error.message).not.to.contain('<');
    expect(sends(backend)).to.have.length(5);
    chat.disconnect();
  });

  it('rejects invalid messages before sending', async () => {
    const { chat, backend } = await connected();
    backend.socket.receive({ ...backend.greeting(), limits: { content: 5 } });
    for (const [content, code] of [
      ['   ', 'empty_message'],
      ['123456', 'message_too_long'],
    ] as const) {
      const error = await chat.sendChatMessage(1, content).catch((thrown: ChatError) => thrown);
      expect((error as ChatError).code).to.equal(code);
    }
    expect(chat.messages(1)).to.have.length(0);
    chat.disconnect();
  });
});
