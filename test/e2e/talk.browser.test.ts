/**
 * Two users, the real server, and a fault proxy: with the full server, and with a baseline server for each deviation of
 * real backends.
 */
import { expect } from '@open-wc/testing';
import type { Id } from '../../src/protocol/index.js';
import { ChatConnection } from '../../src/client/index.js';
import { startBackend, type Backend } from '../support/backend.js';
import type { StartOptions } from '../support/backend-plugin.js';
import { until } from '../support/mounted.js';

/** The room of Ana (1) and Ben (2) in the seed data. */
const ROOM = 1;
/** The defaults, but faster and without randomness. */
const TIMING = { pollMs: 400, rereadMs: 600, confirmMs: 2_000 };

const VARIANTS: [string, StartOptions][] = [
  ['the full server', {}],
  ['a baseline server', { baseline: true }],
  ...(
    [
      'temp-id-beside',
      'temp-id-none',
      'twice',
      'rest-silent',
      'socket-unread-zero',
      'history-marks-read',
      'foreign-typing',
      'unknown-frames',
      'bad-room',
      'html-errors',
      'notifications-1011',
      'accept-then-4001',
      'paginated-rooms',
      'string-ids',
    ] as const
  ).map((difference): [string, StartOptions] => [
    `a baseline server with ${difference}`,
    { baseline: true, differences: [difference] },
  ]),
];

for (const [name, options] of VARIANTS) {
  describe(`end to end, with ${name}`, () => {
    let backend: Backend;
    let ana: ChatConnection;
    let ben: ChatConnection;
    let renewals: number;
    /** Events of the notifications socket. */
    let told: number;

    const connect = async (userId: number, more: object = {}): Promise<ChatConnection> => {
      const chat = new ChatConnection(
        { url: backend.url, token: await backend.token(userId), ...more },
        { timing: TIMING, random: () => 0.1 },
      );
      chat.openRoom(ROOM);
      chat.connect();
      return chat;
    };
    const sees = (chat: ChatConnection, content: string): number =>
      chat.messages(ROOM).filter((message) => message.content === content).length;
    const isConnected = (chat: ChatConnection) => (): boolean => chat.state === 'connected';
    /** Stored once on the server, shown once on both sides. */
    const arrived = async (content: string): Promise<void> => {
      await until(() => sees(ana, content) === 1 && sees(ben, content) === 1);
      expect(await backend.stored(ROOM, content), content).to.equal(1);
    };

    before(async () => {
      backend = await startBackend(options);
      renewals = 0;
      ana = await connect(1, { notifications: true, tokenProvider: async () => (renewals++, backend.token(1)) });
      told = 0;
      ana.on('chat-notification', () => told++);
      ben = await connect(2);
    });
    after(() => {
      ana?.disconnect();
      ben?.disconnect();
      // Not awaited: a graceful shutdown takes a second.
      void backend?.end();
    });

    it('signs in, and is connected with rooms and history', async () => {
      await until(isConnected(ana));
      await until(isConnected(ben));
      expect(ana.rooms.length).to.be.above(2);
      expect(ana.messages(ROOM).length).to.be.above(10);
      expect(String(ana.user!.id)).to.equal('1');
      const ids = ana.messages(ROOM).map(({ id }) => Number(id));
      expect(ids).to.deep.equal([...new Set(ids)].sort((a, b) => a - b));
    });

    it('sends by socket; the other user receives it once', async () => {
      const { method, message } = await ana.sendChatMessage(ROOM, 'by socket, please');
      expect(method).to.equal('websocket');
      expect(message.delivery).to.equal('sent');
      await arrived('by socket, please');
      await ben.sendChatMessage(ROOM, 'got it', { replyTo: message.id });
      await arrived('got it');
      expect(ana.messages(ROOM).at(-1)!.reply_to?.content).to.equal('by socket, please');
    });

    it('receives messages sent by REST', async () => {
      expect(await backend.post(2, ROOM, 'from elsewhere')).to.equal(201);
      await arrived('from elsewhere');
    });

    it('counts messages in other rooms as unread, and marks them as read', async () => {
      const other = ana.rooms.find(
        (room) => String(room.id) !== String(ROOM) && room.participants.some(({ id }) => String(id) === '2'),
      );
      expect(other, 'a room with Ben that is not open').not.to.equal(undefined);
      const unread = (id: Id): number => ana.rooms.find((room) => room.id === id)!.unread_count;
      const before = unread(other!.id);
      await ben.sendChatMessage(other!.id, 'psst');
      await until(() => unread(other!.id) === before + 1);
      await ana.markRead(other!.id);
      await until(() => unread(other!.id) === 0);
      expect((await ana.refreshRoomList()).rooms.find((room) => room.id === other!.id)!.unread_count).to.equal(0);
    });

    it('shows typing users, but no non-members', async () => {
      const typists = (): string[] =>
        (ana.data.threads.get(String(ROOM))?.typing ?? []).map(({ userId }) => String(userId));
      const seen = new Set<string>();
      const stop = ana.subscribe(() => typists().forEach((id) => seen.add(id)));
      ben.typing(ROOM, true);
      await until(() => typists().includes('2'));
      ben.typing(ROOM, false);
      await until(() => typists().length === 0);
      stop();
      expect([...seen]).to.deep.equal(['2']);
    });

    it('receives notifications, and continues if their socket fails on client frames', async () => {
      await until(() => told > 0);
      expect(ana.markNotificationRead()).to.equal(true);
      expect(ana.data.notifications.recent.every(({ is_read }) => is_read)).to.equal(true);
      await ben.sendChatMessage(ROOM, 'still talking');
      await arrived('still talking');
      expect(ana.state).to.equal('connected');
    });

    it('refreshes the rooms by socket and REST', async () => {
      const names = (chat: ChatConnection): string[] => chat.rooms.map(({ name }) => name).sort();
      const byRest = await ana.refreshRoomList();
      expect(byRest.method).to.equal('rest');
      const before = names(ana);
      await backend.faults({ rest: 'refuse' });
      const bySocket = await ana.refreshRoomList();
      expect(bySocket.method).to.equal('websocket');
      expect(names(ana)).to.deep.equal(before);
      await backend.faults({ rest: 'pass', socket: 'refuse' });
      await backend.cut();
      await until(() => ana.state !== 'connected');
    });

    it('polls and sends over REST while a proxy blocks the socket', async () => {
      await backend.faults({ socket: 'strip' });
      await until(() => ana.state === 'polling' && ben.state === 'polling');
      expect(ana.reason.message).to.contain('REST');
      expect((await ana.sendChatMessage(ROOM, 'by REST, then')).method).to.equal('rest');
      await arrived('by REST, then');
    });

    it('waits while the server is unreachable, loses nothing, and recovers', async () => {
      await backend.faults({ socket: 'refuse', rest: 'refuse' });
      const sending = [ana.sendChatMessage(ROOM, 'into the dark 1'), ana.sendChatMessage(ROOM, 'into the dark 2')];
      await until(() => ana.state === 'error');
      expect(ana.reason.code).to.equal('server_unreachable');
      expect(sees(ana, 'into the dark 1')).to.equal(1);
      await backend.faults({ socket: 'pass', rest: 'pass' });
      ana.retryNow();
      ben.retryNow();
      await Promise.all(sending);
      await until(() => (ana.retryNow(), ben.retryNow(), ana.state === 'connected' && ben.state === 'connected'));
      await arrived('into the dark 1');
      await arrived('into the dark 2');
      const order = ben.messages(ROOM).map(({ content }) => content);
      expect(order.indexOf('into the dark 1')).to.be.below(order.indexOf('into the dark 2'));
    });

    it('loses nothing when the connection is cut with a message in flight', async () => {
      await backend.faults({ delayMs: 150 });
      const sending = ana.sendChatMessage(ROOM, 'cut on the way');
      await new Promise((resolve) => setTimeout(resolve, 50)); // the fault itself: sent, but not answered
      await backend.cut();
      await backend.faults({ delayMs: 0 });
      await sending;
      await until(() => ana.state === 'connected' && ben.state === 'connected');
      await arrived('cut on the way');
    });

    it('refreshes an expired token, and continues', async () => {
      const before = renewals;
      ana.configure({ token: await backend.token(1, -60) });
      await until(() => renewals > before);
      await until(() => (ana.retryNow(), ana.state === 'connected'));
      await ana.sendChatMessage(ROOM, 'with a new token');
      await arrived('with a new token');
    });

    it('shows that a token has expired without a replacement', async () => {
      ben.configure({ token: await backend.token(2, -60) });
      await until(() => ben.state === 'unauthorized');
      expect(ben.reason).to.deep.equal({ code: 'token_expired', message: 'Your sign-in has expired.' });
      ben.configure({ token: await backend.token(2) });
      await until(isConnected(ben));
      expect(sees(ben, 'with a new token')).to.equal(1);
    });
  });
}
