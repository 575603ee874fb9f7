/** The ways to transmit a token, with the real server, and token refresh on an open socket. */
import { expect } from '@open-wc/testing';
import { ChatConnection, type ConnectionConfig } from '../../src/client/index.js';
import { startBackend, type Backend } from '../support/backend.js';
import { until } from '../support/mounted.js';

/** The room of Ana (1) and Ben (2) in the seed data. */
const ROOM = 1;

describe('end to end, signing in', () => {
  let backend: Backend;
  let opened: { url: string; protocols: string[] }[];
  const chats: ChatConnection[] = [];
  before(async () => {
    // Warns 3 s before the expiry: real time, but short.
    backend = await startBackend({ expiryWarningSeconds: 3 });
  });
  after(() => backend.end());
  beforeEach(() => {
    opened = [];
  });
  afterEach(() => {
    for (const chat of chats.splice(0)) chat.disconnect();
  });

  async function connect(config: ConnectionConfig): Promise<ChatConnection> {
    const Watched = class extends WebSocket {
      constructor(url: string | URL, protocols: string | string[] = []) {
        super(url, protocols);
        opened.push({ url: String(url), protocols: [protocols].flat() });
      }
    };
    const chat = new ChatConnection({ url: backend.url, share: false, ...config }, { WebSocket: Watched });
    chats.push(chat);
    chat.openRoom(ROOM);
    chat.connect();
    await until(() => chat.state === 'connected');
    return chat;
  }

  it('with a ticket: the token is in no URL, and each socket has its own ticket', async () => {
    const token = await backend.token(1);
    const chat = await connect({ token, auth: 'ticket' });
    expect((await chat.sendChatMessage(ROOM, 'with a ticket')).method).to.equal('websocket');
    await backend.cut();
    await until(() => opened.length === 2 && chat.state === 'connected');
    const tickets = opened.map(({ url }) => new URL(url).searchParams.get('ticket'));
    expect(tickets.every(Boolean)).to.equal(true);
    expect(new Set(tickets).size).to.equal(2);
    expect(JSON.stringify(opened)).not.to.contain(token);
  });

  it('with a subprotocol: the token is in no URL', async () => {
    const token = await backend.token(1);
    const chat = await connect({ token, auth: 'subprotocol' });
    expect((await chat.sendChatMessage(ROOM, 'with a subprotocol')).method).to.equal('websocket');
    expect(opened.map(({ url }) => url).join()).not.to.contain(token);
    expect(opened[0]!.protocols.at(-1)).to.equal(`bearer.${btoa(token).replace(/=+$/, '')}`);
  });

  it('an expiring token is replaced on the open socket, which continues', async () => {
    let asked = 0;
    const states: string[] = [];
    const chat = await connect({ token: await backend.token(1, 5), tokenProvider: () => (asked++, backend.token(1)) });
    chat.on('chat-state-change', ({ state }) => states.push(state));
    await until(() => asked === 1);
    // Longer than the lifetime of the first token.
    const end = Date.now() + 6_000;
    await until(() => Date.now() > end);
    expect((await chat.sendChatMessage(ROOM, 'with the next token')).method).to.equal('websocket');
    expect({ asked, sockets: opened.length, states }).to.deep.equal({ asked: 1, sockets: 1, states: [] });
  });
});
