/** Data from other tabs and from misbehaving servers is validated on arrival, and tokens never leak. */
import { expect } from '@open-wc/testing';
import { readTabMessage } from '../../src/session/tabs/tab-messages.js';
import { ChatConnection } from '../../src/client/index.js';
import { connected, scene } from '../support/connected.js';
import { FakeBackend, json, room, tokenOf } from '../support/fake-backend.js';
import { FakeClock } from '../support/fake-clock.js';
import { FakeBrowser } from '../support/fake-tabs.js';
import { MemoryStorage } from '../support/memory-storage.js';
import { partsLoaded } from '../support/lazy-parts.js';

const kept = (more: object = {}): object => ({ localId: 'a', roomId: 1, content: 'x', at: 1, ...more });
const message = (more: object = {}): object => ({
  id: 1,
  sender: { id: 1, username: 'ana' },
  content: 'x',
  timestamp: '2026-11-22T22:28:57Z',
  ...more,
});

describe('messages of other tabs', () => {
  const GOOD = [
    { kind: 'join' },
    { kind: 'greeting', text: null },
    { kind: 'text', text: '{}' },
    { kind: 'send', command: { type: 'typing', roomId: 1 } },
    { kind: 'ended' },
    { kind: 'leads' },
    { kind: 'notifications', state: { unread: 1, recent: [] }, fresh: undefined },
    { kind: 'notification-read', id: undefined },
    { kind: 'added', kept: kept() },
    { kind: 'stored', kept: kept(), message: message(), method: 'rest' },
    { kind: 'refused', kept: kept({ refused: { code: 'invalid', message: 'no' } }) },
    { kind: 'retry', localId: 'a' },
    { kind: 'discard', localId: 'a' },
  ];
  const BAD: unknown[] = [
    null,
    7,
    'join',
    {},
    { kind: 'constructor' },
    { kind: '__proto__' },
    { kind: { toString: 1 } },
    { kind: 'greeting', text: { type: 'connection_established' } },
    { kind: 'send' },
    { kind: 'send', command: null },
    { kind: 'send', command: { type: 'from-the-future', roomId: 1 } },
    { kind: 'send', command: { type: 'constructor' } },
    { kind: 'send', command: { type: 'send-message', roomId: {}, content: 'x', localId: 'a' } },
    { kind: 'send', command: { type: 'authenticate', token: 'stolen' } },
    { kind: 'send', command: { type: 'sync', rooms: {} } },
    { kind: 'notifications', state: null },
    { kind: 'notifications', state: { unread: 'many', recent: [] } },
    { kind: 'added' },
    { kind: 'added', kept: kept({ content: { toString: 1 } }) },
    { kind: 'added', kept: kept({ at: '1' }) },
    { kind: 'added', kept: kept({ at: 1e300 }) },
    { kind: 'added', kept: kept({ roomId: null }) },
    { kind: 'stored', kept: kept(), message: message({ id: {} }), method: 'rest' },
    { kind: 'stored', kept: kept(), message: message(), method: 'pigeon' },
    { kind: 'discard', localId: {} },
  ];

  for (const message of GOOD)
    it(`10.31: ${JSON.stringify(message)} is accepted`, () =>
      expect(readTabMessage(message)?.kind).to.equal(message.kind));
  for (const message of BAD)
    it(`10.31: ${JSON.stringify(message)} is rejected`, () => expect(readTabMessage(message)).to.equal(undefined));

  for (const field of ['idempotent', 'sentWithoutKey', 'confirmedByAuthor', 'discarded'])
    it(`10.31: ${field} of a message is a boolean, or is ignored`, () => {
      const read = (value: unknown): unknown =>
        (
          readTabMessage({ kind: 'added', kept: kept({ [field]: value }) }) as unknown as {
            kept: Record<string, unknown>;
          }
        ).kept[field];
      expect([read(true), read('yes'), read({})]).to.deep.equal([true, undefined, undefined]);
    });

  it('10.31: invalid ones do not change the state, cause no frames, and are reported without their content', async () => {
    const backend = new FakeBackend(new FakeClock());
    backend.store(1, 2, 'hello');
    const channels: { onmessage?: (event: { data: unknown }) => void }[] = [];
    const parts = {
      WebSocket: backend.WebSocket,
      fetch: backend.fetch,
      clock: new FakeClock(),
      storage: new MemoryStorage(),
      tabs: {
        locks: new FakeBrowser().tab().locks,
        BroadcastChannel: class {
          onmessage: undefined;
          constructor(name: string) {
            if (name.includes(' channel ')) channels.push(this);
          }
          postMessage(): void {}
          close(): void {}
        } as unknown as typeof BroadcastChannel,
      },
    };
    const chat = new ChatConnection({ url: 'https://chat.example', token: tokenOf(1) }, parts);
    const problems: string[] = [];
    const unhandled: unknown[] = [];
    const listen = (event: PromiseRejectionEvent): void => void unhandled.push(event.reason);
    addEventListener('unhandledrejection', listen);
    chat.on('chat-error', ({ code, message }) => problems.push(`${code}: ${message}`));
    chat.openRoom(1);
    chat.connect();
    await partsLoaded();
    await parts.clock.advance(0);
    expect(chat.state).to.equal('connected');
    const { data } = chat;
    const sent = backend.socket.sent.length;
    const receive = async (message: unknown): Promise<void> => {
      channels.at(-1)!.onmessage!({ data: message });
      await parts.clock.advance(0);
    };
    await receive({ kind: 'join' });
    for (const message of BAD) await receive(message);
    expect(chat.data).to.equal(data);
    expect(backend.socket.sent.length).to.equal(sent);
    expect(problems).to.include('invalid_frame: tab.added.kept.content: custom');
    await receive({ kind: 'send', command: { type: 'typing', roomId: 1 } });
    expect(backend.socket.sent.at(-1)).to.deep.equal({ type: 'typing', room_id: 1 });
    removeEventListener('unhandledrejection', listen);
    expect(unhandled).to.deep.equal([]);
    chat.disconnect();
  });
});

describe('a token repeated by a server', () => {
  for (const token of [
    '0123456789abcdef0123456789abcdef01234567',
    'onlyletters',
    `${'long'.repeat(30)}.x`,
    tokenOf(1),
  ]) {
    it(`10.31: is not part of chat-error, in any encoding (${token.slice(0, 20)})`, async () => {
      const { chat, backend, clock, problems } = await connected({ token });
      backend.socket.receive({ type: token });
      backend.socket.receive({ type: `x ${token}` });
      backend.socket.receive({ type: 'error', message: `refused: ${token}`, code: token });
      backend.socket.receive({ type: token.slice(0, 39), message: token });
      backend.socket.receive({ type: 'new_message', room_id: token, message: { [token]: token } });
      backend.onRequest = () => json({ detail: `No ${token}.` }, 400);
      const failures: string[] = [];
      await chat.refreshRoomList().catch((thrown: Error) => failures.push(thrown.message));
      backend.onRequest = () => json({ [token]: [token] }, 400);
      await chat.loadOlder(1).catch((thrown: Error) => failures.push(thrown.message));
      await clock.advance(0);
      expect(problems.length).to.be.above(2);
      expect(JSON.stringify([problems, failures, chat.data])).not.to.contain(token);
      chat.disconnect();
    });
  }
});

describe('a room id given as an attribute', () => {
  for (const [is, given, expected] of [
    ['a number', '7', 7],
    ['digits', '7', '7'],
    ['a word', 'lobby', 'lobby'],
    ['digits beyond 2^53', '9007199254740993', '9007199254740993'],
  ] as const) {
    it(`10.31: is sent as in the list, on the socket and over REST: ${is}`, async () => {
      const { chat, backend, clock } = scene({}, (each) => {
        each.rooms = [room(expected as never, 'Seven')];
        each.onRequest = (method, path) => {
          if (method === 'GET' && path.startsWith(`rooms/${given}/`)) return json({ messages: [], has_more: false });
          if (method === 'POST') return json(message({ room: expected, id: 9 }), 201);
          return undefined;
        };
      });
      chat.openRoom(given);
      chat.connect();
      await partsLoaded();
      await clock.advance(0);
      chat.typing(given, true);
      await chat.markRead(given);
      void chat.sendChatMessage(given, 'hello').catch(() => {});
      await clock.advance(0);
      const ids = new Set(
        backend.socket.sent
          .filter((frame) => 'room_id' in frame && frame.type !== 'subscribe_room')
          .map(({ room_id }) => room_id),
      );
      expect([...ids]).to.deep.equal([expected]);
      // Before the list arrives, digits are taken for a number.
      const { room_id } = backend.socket.sent.find(({ type }) => type === 'subscribe_room')!;
      expect(room_id).to.equal(is === 'digits' ? 7 : expected);
      backend.onSocket = 'refuse';
      backend.socket.drop();
      await clock.advance(5_000);
      void chat.sendChatMessage(given, 'over REST').catch(() => {});
      await clock.advance(5_000);
      const { body } = backend.requests.find(({ path }) => path.endsWith('/send_message/'))!;
      expect((body as { room: unknown }).room).to.equal(expected);
      chat.disconnect();
    });
  }
});

describe('a strict server with string ids', () => {
  for (const capabilities of [[], ['idempotent_send', 'ack', 'user_channel']]) {
    it(`10.31: gets subscriptions with the id from the list, even for a room opened before the list arrived (${capabilities.length} capabilities)`, async () => {
      const { chat, backend, clock } = scene({ token: tokenOf('1') }, (each) => {
        each.capabilities = capabilities;
        each.rooms = [room('1' as never, 'Ana & Ben'), room('2' as never, 'General')];
      });
      chat.openRoom('1');
      chat.connect();
      await partsLoaded();
      await clock.advance(30_000);
      expect(
        backend.socket.sent.filter(({ type }) => type === 'subscribe_room').map(({ room_id }) => room_id),
      ).to.include('1');
      chat.disconnect();
    });
  }
});
