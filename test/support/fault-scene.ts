/** A connection under faults: one user, a model server, and hooks for faults between them. */
import type { ReasonCode } from '../../src/locale/state-reasons.js';
import type { ChatState } from '../../src/model/index.js';
import { expect } from '@open-wc/testing';
import type { TabApis } from '../../src/session/index.js';
import { ChatConnection, type ConnectionConfig, type ConnectionEvents } from '../../src/client/index.js';
import type { ChatError, Clock } from '../../src/transport/index.js';
import { tokenOf, type FakeSocket } from './fake-backend.js';
import { FakeClock, settle } from './fake-clock.js';
import { MemoryStorage } from './memory-storage.js';
import { partsLoaded } from './lazy-parts.js';
import { ME, ModelServer, OTHER, ROOMS, type Row } from './model-server.js';

export type Frame = Record<string, unknown>;
/** Replaces the server's answer: a response, an error, no answer, or the server's answer after a delay in ms. */
type RequestFault = Response | Error | 'hang' | number | undefined;

/** All capabilities, or none. */
export const FULL = ['idempotent_send', 'ack', 'user_channel', 'sync', 'edit', 'delete'];
export const BASELINE: readonly string[] = [];

export class FaultScene {
  readonly clock = new FakeClock();
  readonly server: ModelServer;
  readonly storage = new MemoryStorage();
  token = tokenOf(ME, { jti: 'first' });
  config: ConnectionConfig = {};
  /** How far the local clock is ahead of the server's, in ms. */
  skewMs = 0;
  tabs: TabApis = {};
  chat!: ChatConnection;
  readonly reasons: string[] = [];
  readonly problems: string[] = [];
  readonly sent: { content: string; room: number; outcome: string }[] = [];
  readonly requests: { method: string; path: string; token: string }[] = [];
  socketAttempts = 0;
  #tokens = 1;

  // Fault hooks:

  onConstruct: (url: string) => void = () => {};
  onSocket: (socket: FakeSocket) => void = () => {};
  onRequest: (method: string, path: string, init: RequestInit) => RequestFault = () => undefined;
  /** Intercepts frames from the server. */
  onFrame: (frame: Frame, pass: (frame: unknown) => void) => void = (frame, pass) => pass(frame);
  /** Intercepts frames to the server. @returns false to drop the frame. */
  onSent: (frame: Frame, socket: FakeSocket) => boolean = () => true;

  constructor(capabilities: readonly string[] = FULL) {
    this.server = new ModelServer(this.clock, capabilities);
    this.server.acceptToken(this.token);
  }

  get socket(): FakeSocket {
    return this.server.sockets.at(-1)!;
  }

  /** Opens the connection, as on page load. */
  async open(): Promise<ChatConnection> {
    const { clock } = this;
    const skewed: Clock = { now: () => clock.now() + this.skewMs, after: (ms, run) => clock.after(ms, run) };
    const chat = new ChatConnection(
      { url: 'https://chat.example', token: this.token, ...this.config },
      {
        clock: skewed,
        random: () => 0.999,
        WebSocket: this.WebSocket,
        fetch: this.fetch,
        storage: this.storage,
        tabs: this.tabs,
      },
    );
    this.chat = chat;
    chat.on('chat-state-change', ({ reason }: ConnectionEvents['chat-state-change']) => this.reasons.push(reason.code));
    chat.on('chat-error', ({ code, message }) => this.problems.push(`${code}: ${message}`));
    chat.subscribe(() => {
      for (const room of ROOMS) {
        const ids = chat.messages(room).flatMap(({ id, delivery }) => (delivery === 'sent' ? [String(id)] : []));
        if (new Set(ids).size !== ids.length) this.server.violations.push(`duplicate id on screen: ${ids.join()}`);
      }
    });
    for (const room of ROOMS) chat.openRoom(room);
    chat.connect();
    await partsLoaded();
    await clock.advance(0);
    return chat;
  }

  /** Simulates a page reload. */
  async reload(): Promise<void> {
    this.chat.disconnect();
    await this.open();
  }

  readonly WebSocket = ((scene: FaultScene) =>
    class {
      constructor(url: string) {
        scene.socketAttempts++;
        scene.onConstruct(url);
        const socket = new scene.server.WebSocket(url) as unknown as FakeSocket;
        const [send, receive] = [socket.send.bind(socket), socket.receive.bind(socket)];
        socket.send = (text) => {
          if (scene.onSent(JSON.parse(text) as Frame, socket)) send(text);
        };
        socket.receive = (frame) =>
          scene.onFrame((typeof frame === 'string' ? JSON.parse(frame) : frame) as Frame, receive);
        scene.onSocket(socket);
        return socket as never;
      }
    })(this) as unknown as typeof WebSocket;

  readonly fetch: typeof fetch = async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const path = url.pathname.replace('/api/chat/', '') + url.search;
    const method = init.method ?? 'GET';
    this.requests.push({ method, path, token: new Headers(init.headers).get('Authorization')?.slice(7) ?? '' });
    const instead = this.onRequest(method, path, init);
    if (instead instanceof Response) return instead;
    if (instead instanceof Error) throw instead;
    if (instead !== undefined) {
      await new Promise<void>((resolve, reject) => {
        init.signal?.addEventListener('abort', () => reject(new DOMException('', 'AbortError')));
        if (instead !== 'hang') this.clock.after(instead, resolve);
      });
    }
    return this.server.fetch(input, init);
  };

  /** Receives raw data that no server would send. */
  receiveRaw(data: unknown): void {
    this.socket.dispatchEvent(new MessageEvent('message', { data }));
  }

  // ————— User actions

  /** This user sends a message. */
  send(content: string, room = 1): void {
    const entry = { content, room, outcome: 'sending' };
    this.sent.push(entry);
    this.chat.sendChatMessage(room, content).then(
      ({ method }) => (entry.outcome = method),
      (error: ChatError) => (entry.outcome = error.code),
    );
  }

  /** Another user sends a message. */
  sendAsOther(content: string, room = 1): Row {
    return this.server.store(room, OTHER, content);
  }

  newToken(more: object = {}): string {
    this.token = tokenOf(ME, { jti: `token ${++this.#tokens}`, ...more });
    this.server.acceptToken(this.token);
    return this.token;
  }

  // ————— Assertions

  texts(room = 1): string[] {
    return this.chat.messages(room).map(({ content }) => content);
  }

  /** Asserts the displayed state. */
  async expectState(state: ChatState, reason: ReasonCode): Promise<void> {
    await settle();
    expect([this.chat.state, this.chat.reason.code]).to.deep.equal([state, reason]);
    expect(this.chat.reason.message).to.match(/^[A-Z].*[.…]$/);
  }

  /** Advances a minute, then asserts the displayed state and the maximum number of sockets and requests. */
  async expectMinute(state: ChatState, reason: ReasonCode, sockets: number, requests: number): Promise<void> {
    const before = [this.socketAttempts, this.requests.length] as const;
    await this.clock.advance(60_000);
    const tried = [this.socketAttempts - before[0], this.requests.length - before[1]] as const;
    await this.expectState(state, reason);
    expect(tried[0], 'sockets in a minute').to.be.at.most(sockets);
    expect(tried[1], 'requests in a minute').to.be.at.most(requests);
  }

  /** Removes all faults. */
  heal(): void {
    this.onConstruct = () => {};
    this.onSocket = () => {};
    this.onRequest = () => undefined;
    this.onFrame = (frame, pass) => pass(frame);
    this.onSent = () => true;
    this.server.heal();
  }

  /**
   * Removes the faults, then asserts: connected, the screen equals the server, every sent message is stored once, in
   * order.
   * @param failed Own messages expected to fail, with an error.
   */
  async expectRecovery(...failed: string[]): Promise<void> {
    this.heal();
    // Pending token requests to the page time out first.
    await this.clock.advance(16_000);
    if (this.chat.state === 'unauthorized') this.chat.configure({ token: this.newToken() });
    await this.clock.advance(46_000);
    await this.expectState('connected', 'connected');
    // Includes the check for missed changes.
    await this.clock.advance(61_000);
    this.expectScreenEqualsServer(failed);
    this.chat.disconnect();
    await settle();
    expect(this.server.open, 'sockets left').to.have.length(0);
    expect(this.clock.pending, 'timers left').to.equal(0);
  }

  expectScreenEqualsServer(failed: readonly string[] = []): void {
    expect(this.server.violations).to.deep.equal([]);
    for (const room of ROOMS) {
      const shown = this.chat.messages(room);
      const stored = shown.filter(({ delivery }) => delivery === 'sent').map(({ id, content }) => `${id} ${content}`);
      const held = this.server.history(room).map(({ id, content }) => `${id} ${content}`);
      expect(stored, `room ${room}`).to.deep.equal(stored.length === 0 ? held : held.slice(-stored.length));
      expect(this.chat.data.threads.get(String(room))?.hasOlder, 'whether there is more').to.equal(
        stored.length < held.length,
      );
      expect(this.chat.rooms.find(({ id }) => id === room)?.unread_count, `unread in room ${room}`).to.equal(
        this.server.unread(room),
      );
      const mine = this.sent.filter((message) => message.room === room).map(({ content }) => content);
      const waiting = shown.filter(({ delivery }) => delivery !== 'sent');
      expect(waiting.map(({ content, delivery }) => `${delivery} ${content}`)).to.deep.equal(
        mine.filter((content) => failed.includes(content)).map((content) => `failed ${content}`),
      );
      for (const { error } of waiting) expect(error?.message).to.be.a('string').that.is.not.empty;
      const got = this.server.rows
        .filter((row) => row.room === room && row.sender === ME && mine.includes(row.content))
        .map(({ content }) => content);
      expect(got, 'stored once, in order').to.deep.equal(mine.filter((content) => !failed.includes(content)));
    }
  }
}

/** Opens a connection. @param prepare Sets up faults before the connection is opened. */
export async function openFaultScene(
  prepare: (scene: FaultScene) => void = () => {},
  capabilities: readonly string[] = FULL,
): Promise<FaultScene> {
  const scene = new FaultScene(capabilities);
  prepare(scene);
  await scene.open();
  return scene;
}
