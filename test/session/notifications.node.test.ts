/** The notifications socket on a real server that sends an initial frame only if something is unread. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { WebSocket } from 'ws';
import { ChatConnection, type ConnectionEvents } from '../../src/client/index.js';
import { ANA, BEN, rest, within, withServer } from '../server/support.js';
import { MemoryStorage } from '../support/memory-storage.js';

it('10.13: a notification missed during a gap is reported with its content', () =>
  withServer({ differences: ['notifications-quiet'], seed: 'transcript' }, async (server) => {
    const sockets: WebSocket[] = [];
    const Kept = class extends WebSocket {
      constructor(url: string) {
        super(url);
        if (url.includes('/ws/notifications/')) sockets.push(this);
      }
    };
    const events: ConnectionEvents['chat-notification'][] = [];
    let wake = (): void => {};
    const chat = new ChatConnection(
      { url: server.url, token: await server.signToken(ANA), notifications: true },
      {
        random: () => 0.5,
        WebSocket: Kept as unknown as typeof globalThis.WebSocket,
        storage: new MemoryStorage(),
        tabs: {},
      },
    );
    chat.on('chat-notification', (event) => (events.push(event), wake()));
    const isTrue = (what: string, is: () => boolean): Promise<void> =>
      within(
        (async () => {
          while (!is()) await new Promise<void>((resolve) => ((wake = resolve), setTimeout(resolve, 20)));
        })(),
        what,
      );
    chat.connect();
    await isTrue('the socket to be open', () => sockets[0]?.readyState === WebSocket.OPEN);
    // The answer shows that nothing is unread and no initial frame was sent.
    sockets[0]!.send('{"action":"get_unread_count"}');
    await new Promise((resolve) => sockets[0]!.once('message', resolve));
    sockets[0]!.terminate();
    const sending = rest(server, BEN, 'rooms/1/send_message/', { json: { room: 1, content: 'while you were away' } });
    await isTrue('the notification', () => events.some(({ notification }) => notification !== undefined));
    assert.equal((await sending).status, 201);
    const reported = events
      .filter(({ notification }) => notification)
      .map(({ notification, unread }) => [notification!.message, unread]);
    assert.deepEqual(reported, [['while you were away', 1]]);
    chat.disconnect();
  }));
