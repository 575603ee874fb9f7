/**
 * Delivers messages: first in first out per room, one at a time per room, so that one author's messages are stored in
 * the order in which they were written.
 *
 * A message goes by socket where there is one, and waits there for its confirmation: the echo (`new_message`) or
 * `message_ack`, whichever comes first. When neither comes it goes by REST, under the same name. A backend with
 * `idempotent_send` recognises that name; for any other one we look into the history first, because the first try may
 * have been stored though nobody told us.
 */
import { compareIds, idKey, isOrdered, sameId, type FrameOf, type Id, type Message } from '../protocol/index.js';
import { ChatError, toChatError, type Clock, type RestClient } from '../transport/index.js';
import { backoff } from './backoff.js';
import type { Method, Outgoing, Report } from './events.js';

/** What the outbox needs of the session it belongs to. */
export interface Lines {
  readonly clock: Clock;
  readonly random: () => number;
  /** Milliseconds that a confirmation on the socket may take. */
  readonly confirmMs: number;
  readonly rest: RestClient | undefined;
  readonly report: Report;
  /** @returns whether the frame was handed to an open socket. */
  sendBySocket(outgoing: Outgoing): boolean;
  has(capability: 'idempotent_send' | 'ack'): boolean;
  isMine(message: Message): boolean;
  /** The newest message of a room known to be stored. */
  newest(roomId: Id): Id | undefined;
}

type Outcome =
  | { is: 'stored'; message: Message; method: Method }
  | { is: 'refused'; error: ChatError }
  /** Not now; again after `ms` (null: not by itself), or as soon as the outbox is woken. */
  | { is: 'later'; ms: number | null }
  /** Sent, and nobody said what became of it. */
  | { is: 'unknown' };

interface Item extends Outgoing {
  /** It has left, this way, and may be stored: never send it again without asking. */
  left?: Method | undefined;
  discarded?: boolean;
  /** Everything of ours that the room holds up to here is an earlier message. */
  after: Id | undefined;
  /** Found stored, whichever way the news came. */
  stored?: Message;
  /** Tries that failed for a temporary cause. */
  failures: number;
  /** Of these, those at which the server broke down. */
  crashes: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Set while it waits for a word from the socket. */
  answer?: ((outcome: Outcome) => void) | undefined;
}

interface Queue {
  items: Item[];
  busy: boolean;
  /** Woken while busy: what just failed may work now. */
  woken: boolean;
  cancelRetry: () => void;
}

/** A server that breaks down this often over one message has a problem with the message. */
const MAX_CRASHES = 5;
/** Pages of history (100 each) that are searched for a message that may be stored. */
const MAX_PAGES = 10;
const MAX_REMEMBERED = 1_000;
/** By which the server's clock may be behind ours, in milliseconds. */
const CLOCK_SKEW_MS = 60_000;

const NEVER = (): void => {};

export class Outbox {
  readonly #lines: Lines;
  readonly #queues = new Map<string, Queue>();
  readonly #failed = new Map<string, Item>();
  /** Server id → localId of messages that were recognised as ours, so that none is taken for two. */
  readonly #recognised = new Map<string, string>();
  #abort = new AbortController();

  constructor(lines: Lines) {
    this.#lines = lines;
  }

  add(outgoing: Outgoing): void {
    const queue = this.#queue(outgoing.roomId);
    queue.items.push({ ...outgoing, after: undefined, failures: 0, crashes: 0, at: this.#lines.clock.now() });
    void this.#drain(queue);
  }

  /** Sends a refused message again. @returns whether there was one. */
  retry(localId: string): boolean {
    const item = this.#failed.get(localId);
    if (!item) return false;
    this.#failed.delete(localId);
    item.failures = item.crashes = 0;
    const queue = this.#queue(item.roomId);
    queue.items.push(item);
    void this.#drain(queue);
    return true;
  }

  /** Forgets a message that is not stored yet. One that has left may still arrive. @returns whether there was one. */
  discard(localId: string): boolean {
    if (this.#failed.delete(localId)) return true;
    for (const queue of this.#queues.values()) {
      const item = queue.items.find((candidate) => candidate.localId === localId);
      if (!item) continue;
      queue.items.splice(queue.items.indexOf(item), 1);
      item.discarded = true;
      item.answer?.({ is: 'unknown' });
      return true;
    }
    return false;
  }

  /** Something works again: whatever waits is tried now. */
  wake(): void {
    for (const queue of this.#queues.values()) {
      if (queue.busy) queue.woken = true;
      else void this.#drain(queue);
    }
  }

  /** Pauses: requests under way are given up, timers cleared; the messages stay. `wake` goes on. */
  pause(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.socketEnded();
    for (const queue of this.#queues.values()) queue.cancelRetry();
  }

  /** Forgets everything. @returns the messages that were not stored. */
  clear(): Outgoing[] {
    this.pause();
    const lost = [...this.#queues.values()].flatMap((queue) => queue.items.splice(0));
    this.#failed.clear();
    this.#queues.clear();
    this.#recognised.clear();
    return lost;
  }

  /** The socket is gone: nobody will confirm what went that way. */
  socketEnded(): void {
    for (const { items } of this.#queues.values()) items[0]?.answer?.({ is: 'unknown' });
  }

  /**
   * Looks whether a message from the server, live or from the history, is one of those on their way.
   * @param tempId the id that came with it, inside the message or beside it.
   * @returns the id under which it was sent, if so.
   */
  recognise(roomId: Id, message: Message, tempId = message._tempId): string | undefined {
    const known = this.#recognised.get(idKey(message.id));
    if (known) return known;
    const item = this.#queues.get(idKey(roomId))?.items.find((candidate) => {
      if (tempId) return candidate.localId === tempId;
      return candidate.left && !this.#lines.has('idempotent_send') && this.#looksLike(candidate, message);
    });
    if (!item) return tempId;
    this.#settle(item, message);
    return item.localId;
  }

  /** An `error` frame. Says nothing of the message where it names none; then the history is asked. */
  failed(frame: FrameOf<'error'>): void {
    for (const { items } of this.#queues.values()) {
      const item = items[0];
      if (!item?.answer) continue;
      if (frame._tempId != null) {
        if (frame._tempId !== item.localId) continue;
        item.left = undefined;
        item.answer(
          frame.retry_after != null && (frame.code === 'rate_limited' || ++item.crashes < MAX_CRASHES)
            ? { is: 'later', ms: frame.retry_after * 1000 }
            : { is: 'refused', error: new ChatError(frame.code === 'access_denied' ? 'forbidden' : 'invalid', frame.message) },
        );
      } else if (sameId(frame.room_id, item.roomId)) {
        item.answer({ is: 'unknown' });
      }
    }
  }

  #queue(roomId: Id): Queue {
    const key = idKey(roomId);
    let queue = this.#queues.get(key);
    if (!queue) this.#queues.set(key, (queue = { items: [], busy: false, woken: false, cancelRetry: NEVER }));
    return queue;
  }

  async #drain(queue: Queue): Promise<void> {
    queue.cancelRetry();
    if (queue.busy) return;
    queue.busy = true;
    let item: Item | undefined;
    while ((item = queue.items[0])) {
      queue.woken = false;
      const outcome = await this.#deliver(item, this.#abort.signal);
      if (item.discarded || queue.items[0] !== item) continue;
      if (outcome.is === 'later' || outcome.is === 'unknown') {
        if (queue.woken) continue;
        const ms = outcome.is === 'later' ? outcome.ms : 0;
        if (ms !== null) queue.cancelRetry = this.#lines.clock.after(ms, () => void this.#drain(queue));
        break;
      }
      queue.items.shift();
      const { localId, roomId } = item;
      if (outcome.is === 'stored') {
        this.#lines.report({ type: 'stored', localId, roomId, message: { ...outcome.message, _tempId: localId }, method: outcome.method });
      } else {
        this.#failed.set(localId, item);
        this.#lines.report({ type: 'refused', localId, roomId, error: outcome.error });
      }
    }
    queue.busy = false;
  }

  async #deliver(item: Item, signal: AbortSignal): Promise<Outcome> {
    item.after ??= this.#lines.newest(item.roomId);
    try {
      const earlier = await this.#find(item, signal);
      if (earlier) return earlier;
      const outcome = await this.#bySocket(item);
      if (outcome.is !== 'unknown' || item.discarded) return outcome;
      return (await this.#find(item, signal)) ?? (await this.#byRest(item, signal));
    } catch (thrown) {
      return this.#setback(item, toChatError(thrown));
    }
  }

  #bySocket(item: Item): Promise<Outcome> {
    return new Promise((resolve) => {
      if (!this.#lines.sendBySocket(item)) return resolve({ is: 'unknown' });
      item.left = 'websocket';
      const cancel = this.#lines.clock.after(this.#lines.confirmMs, () => item.answer?.({ is: 'unknown' }));
      item.answer = (outcome) => {
        cancel();
        item.answer = undefined;
        resolve(outcome);
      };
    });
  }

  async #byRest(item: Item, signal: AbortSignal): Promise<Outcome> {
    const { rest } = this.#lines;
    if (!rest) return { is: 'later', ms: null };
    item.left = 'rest';
    const message = await rest.sendMessage(item.roomId, item.content, {
      replyTo: item.replyTo,
      idempotencyKey: this.#lines.has('idempotent_send') ? item.localId : undefined,
      signal,
    });
    this.#settle(item, message);
    return { is: 'stored', message, method: 'rest' };
  }

  /** Whether a message that has left is stored, where the backend would not recognise it by its name. */
  async #find(item: Item, signal: AbortSignal): Promise<Outcome | undefined> {
    const { rest } = this.#lines;
    const method = item.left ?? 'websocket';
    if (item.stored) return { is: 'stored', message: item.stored, method };
    if (!item.left) return undefined;
    if (this.#lines.has('idempotent_send')) return undefined;
    if (!rest) return { is: 'later', ms: null };
    let after = item.after;
    for (let page = 0; page < MAX_PAGES; page++) {
      const { messages, hasMore } = await rest.history(item.roomId, { after, limit: 100 }, signal);
      for (const message of messages) {
        if (this.recognise(item.roomId, message) === item.localId) return { is: 'stored', message, method };
      }
      const last = messages.at(-1);
      // Without a cursor the newest page is all that can hold it.
      if (!hasMore || !last || after === undefined) break;
      after = last.id;
    }
    item.left = undefined;
    return undefined;
  }

  #setback(item: Item, error: ChatError): Outcome {
    const wait: Outcome = { is: 'later', ms: backoff(++item.failures, this.#lines.random) };
    switch (error.code) {
      case 'rate_limited':
        item.left = undefined;
        return { is: 'later', ms: error.retryAfterMs ?? 5_000 };
      case 'server_error':
        // 502, 503, 504 are about the server; 500 may be about the message.
        return error.status === 500 && ++item.crashes >= MAX_CRASHES ? { is: 'refused', error } : wait;
      case 'unauthorized':
      case 'token_missing':
      case 'aborted':
        return { is: 'later', ms: null };
      case 'unreachable':
      case 'timeout':
      case 'unexpected_answer':
        return wait;
      default:
        item.left = undefined;
        return { is: 'refused', error };
    }
  }

  /** The same author, room and words, later than anything known when it was sent, or not long before it was written. */
  #looksLike(item: Item, message: Message): boolean {
    if (!this.#lines.isMine(message) || message.content.trim() !== item.content.trim()) return false;
    if (!sameId(message.reply_to?.id ?? '', item.replyTo ?? '')) return false;
    if (item.after !== undefined && isOrdered(item.after)) return compareIds(message.id, item.after) > 0;
    return Date.parse(message.timestamp) > item.at - CLOCK_SKEW_MS;
  }

  #settle(item: Item, message: Message): void {
    item.stored = message;
    this.#recognised.set(idKey(message.id), item.localId);
    const [oldest] = this.#recognised.keys();
    if (this.#recognised.size > MAX_REMEMBERED && oldest) this.#recognised.delete(oldest);
    item.answer?.({ is: 'stored', message, method: item.left ?? 'websocket' });
  }
}
