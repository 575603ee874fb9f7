/**
 * Shares one socket between all tabs of a user: the leader tab relays everything that it receives, and sends the
 * commands of the follower tabs. Loaded with the second tab: see deferred.ts.
 */
import { CloseCode, idKey, sameId, type Id } from '../../protocol/index.js';
import type { Transport, TransportConnection } from '../../transport/index.js';
import type { SessionContext } from '../session-context.js';
import { isForOutbox, readTabMessage } from './tab-messages.js';
import type { TabMessage } from './tab-channel.js';

export type SharedSocketHost = Pick<
  SessionContext,
  'clock' | 'parts' | 'report' | 'rest' | 'roomSync' | 'send' | 'signal' | 'socket' | 'tabs'
>;

/** The longest silence of the leader after a follower has joined, in milliseconds. */
const SILENCE_MS = 3_000;
/**
 * The interval between two roll calls of the follower tabs, in milliseconds. A dead tab counts for at most two
 * intervals.
 */
const ROLL_CALL_MS = 30_000;

export class SharedSocket {
  readonly #session: SharedSocketHost;
  readonly #listening = new Set<(message: TabMessage) => void>();
  /** Identifies this tab to the others. */
  readonly #name = crypto.getRandomValues(new Uint32Array(4)).join('-');
  /** The rooms that other tabs show, by tab. */
  readonly #others = new Map<string, { rooms: readonly Id[]; isThere: boolean }>();
  #cancelRollCall = (): void => {};
  /** Whether other tabs use the socket of this tab. */
  isLeader = false;

  constructor(session: SharedSocketHost) {
    this.#session = session;
  }

  /** Handles a message from another tab. @param follows whether this tab is a follower. */
  onTab(said: TabMessage, follows: boolean): void {
    if (isForOutbox(said)) return;
    const message = readTabMessage(said, (problem) => this.#session.report({ type: 'problem', problem }));
    if (!message) return;
    switch (message.kind) {
      case 'join':
        // Without a sign-in this tab has no socket to share. Another tab may have one.
        if (follows || !this.#session.rest) return;
        this.isLeader = true;
        this.#session.parts.notifications?.tellAgain();
        return this.greet();
      case 'send':
        if (this.isLeader && this.#session.send(message.command) && message.command.type === 'subscribe-room')
          this.#session.roomSync.subscribed.add(idKey(message.command.roomId));
        return;
      case 'rooms':
        return this.isLeader ? this.#count(message.tab, message.rooms) : undefined;
      case 'who':
        return follows ? this.#tellRooms() : undefined;
      case 'notifications':
        return this.#session.report({ type: 'notifications', state: message.state, fresh: message.fresh });
      case 'notification-read':
        if (this.isLeader) this.#session.parts.markNotificationRead(message.id);
        return;
      case 'greeting':
      case 'text':
      case 'ended':
      case 'leads':
        for (const listen of [...this.#listening]) listen(message);
        return;
      default: // about a message: see delivery-fallback.ts
    }
  }

  // ————— The leader tab

  /** Sends the greeting to the followers; `null` if there is no socket. */
  greet(): void {
    if (this.isLeader) this.#session.tabs.broadcast({ kind: 'greeting', text: this.#session.socket?.greeting ?? null });
  }

  /** Relays what the socket has received. */
  relay(text: unknown): void {
    if (this.isLeader) this.#session.tabs.broadcast({ kind: 'text', text });
  }

  /** Reports the end of the socket. */
  ended(): void {
    if (this.isLeader) this.#session.tabs.broadcast({ kind: 'ended' });
  }

  /** Records the rooms that a tab shows. */
  #count(tab: string, rooms: readonly Id[]): void {
    const { clock, roomSync, signal } = this.#session;
    if (this.#others.size === 0 && rooms.length > 0) {
      roomSync.isOpenElsewhere = (roomId) =>
        [...this.#others.values()].some((other) => other.rooms.some((id) => sameId(id, roomId)));
      this.#cancelRollCall();
      this.#cancelRollCall = clock.after(ROLL_CALL_MS, () => this.#callRoll());
      signal.addEventListener('abort', this.#forgetOthers);
    }
    const before = this.#others.get(tab)?.rooms ?? [];
    if (rooms.length > 0) this.#others.set(tab, { rooms, isThere: true });
    else this.#others.delete(tab);
    if (this.#others.size === 0) this.#cancelRollCall();
    for (const roomId of before) roomSync.unsubscribe(roomId);
    // The rooms may have been unsubscribed, because the tab had not answered a roll call.
    for (const roomId of rooms) {
      if (!roomSync.subscribed.has(idKey(roomId)) && this.#session.send({ type: 'subscribe-room', roomId }))
        roomSync.subscribed.add(idKey(roomId));
    }
  }

  /** Forgets tabs that died without a message. */
  #callRoll(): void {
    for (const [tab, other] of [...this.#others]) {
      if (!other.isThere) this.#count(tab, []);
      other.isThere = false;
    }
    if (this.#others.size === 0) return;
    this.#session.tabs.broadcast({ kind: 'who' });
    this.#cancelRollCall = this.#session.clock.after(ROLL_CALL_MS, () => this.#callRoll());
  }

  readonly #forgetOthers = (): void => {
    this.#cancelRollCall();
    this.#others.clear();
  };

  // ————— A follower tab

  #tellRooms(rooms: readonly Id[] = [...this.#session.roomSync.openRooms.values()].map(({ roomId }) => roomId)): void {
    this.#session.tabs.broadcast({ kind: 'rooms', tab: this.#name, rooms });
  }

  /**
   * Opens connections for a follower's session, which the leader relays.
   * @param decode decodes what the leader has received.
   * @param onSilence called if the leader does not answer.
   */
  follow(decode: Transport['decode'], onSilence: () => void): Transport['open'] {
    const session = this.#session;
    const tellRooms = (rooms?: readonly Id[]): void => this.#tellRooms(rooms);
    this.isLeader = false;
    this.#forgetOthers();
    return ({ onAlive, onEvent, onProblem, onEnd }): TransportConnection => {
      let isUp = false;
      let ended = false;
      const finish = (code: number, reason: string): void => {
        if (ended) return;
        ended = true;
        if (isUp) tellRooms([]);
        this.#listening.delete(listen);
        cancel();
        onEnd({ code, reason });
      };
      const read = (text: unknown): void => {
        onAlive?.(text);
        const { frame: event, problems } = decode(text);
        for (const problem of problems) onProblem?.(problem);
        if (event) onEvent(event);
      };
      const listen = (message: TabMessage): void => {
        cancel();
        if (message.kind === 'greeting' && message.text !== null && !isUp) {
          isUp = true;
          read(message.text);
        } else if (message.kind === 'text' && isUp) read(message.text);
        else if (message.kind === 'ended' && isUp) finish(CloseCode.abnormal, '');
        else if (message.kind === 'leads') finish(CloseCode.leaderGone, 'another tab');
      };
      this.#listening.add(listen);
      const cancel = session.clock.after(SILENCE_MS, onSilence);
      session.tabs.broadcast({ kind: 'join' });
      return {
        send(command) {
          // A token never leaves its tab. The answer to `sync` does not name its requester, and another tab, with other
          // known messages, would take it for its own: each tab requests changes by REST.
          if (ended || !isUp || command.type === 'authenticate' || command.type === 'sync') return false;
          // The room may be open in another tab: the leader counts the tabs.
          if (command.type !== 'unsubscribe-room') session.tabs.broadcast({ kind: 'send', command });
          if (command.type === 'unsubscribe-room' || command.type === 'subscribe-room') tellRooms();
          return true;
        },
        end: finish,
      };
    };
  }
}
