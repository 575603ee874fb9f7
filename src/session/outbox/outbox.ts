/**
 * Sends the messages of one scope (one user on one backend): one queue per room, one message at a time, so that messages are stored in the order in
 * which they were written. Each message stays in storage until the server has stored it. One tab of a scope sends (`setSender`); the others pass
 * their messages to it, and hear the result.
 *
 * An outbox never changes its scope: each user has an outbox, and at most one is open. A closed outbox sends and reports nothing, even when an
 * answer that it waited for arrives.
 *
 * A message is sent by socket if there is one, and waits for its confirmation: the echo (`new_message`) or `message_ack`, whichever is first.
 * Without a confirmation it is sent by REST with the same idempotency key (delivery-fallback.ts). A backend without `idempotent_send` ignores that
 * key, so the history is searched first: the first attempt may have been stored.
 */
import { noop } from '../../internal/noop.js';
import { idKey, type FrameOf, type Id, type Message } from '../../protocol/index.js';
import { toChatError } from '../../transport/index.js';
import { backoff } from '../backoff.js';
import type { Method, Outgoing, SessionEvent } from '../events.js';
import { evictOldest } from '../../internal/evict-oldest.js';
import type { SessionContext } from '../session-context.js';
import { timeLeft } from '../time-left.js';
import { loadDeferred } from '../load-deferred.js';
import { Drafts } from './drafts.js';
import { MessageQueues, type Queue } from './message-queues.js';
import type { OutboxContext } from './outbox-context.js';
import type { DeliveryOutcome, QueuedMessage } from './queued-message.js';
import type { DeliveryFallback } from './delivery-fallback.js';
import type { TabMessage } from '../tabs/tab-channel.js';
import { storedFields, STALE_MS, type StoredMessage, type MessageStorage } from './message-storage.js';

export class Outbox implements OutboxContext {
  readonly queues = new MessageQueues();
  readonly drafts: Drafts;
  readonly #storage: MessageStorage;
  /** Server id → local id of messages that were matched, so that no message is matched twice. */
  readonly #matched = new Map<string, string>();
  /** Local ids of messages that were discarded here, perhaps while this outbox was set aside. */
  readonly #discardedIds = new Set<string>();
  /** Aborts when the outbox is closed. */
  #open = AbortSignal.abort();
  #close = noop;
  /** Aborts the requests that send messages. */
  #abort = new AbortController();
  /** Whether this tab sends, or will as soon as stored messages are restored. */
  #mayLead = false;
  isSender = false;
  /** Stored messages could not be restored yet. */
  #needsRestore = false;
  #fallback: DeliveryFallback | undefined;
  /** Counts the calls of `setSender`, so that only the last one takes effect. */
  #turn = 0;
  #adding: Promise<void> = Promise.resolve();
  /** Local ids of messages that are being written to storage. */
  readonly #beingSaved = new Set<string>();
  /** The outbox that has taken over the messages of this one. */
  #heir: Outbox | undefined;
  /** Unsent messages of an author who is not known. `purge` replaces the array, so that a restore that is under way restores nothing. */
  #unowned: StoredMessage[] = [];

  /** @param scope empty while the user is not known: then nothing is written to storage. */
  constructor(
    readonly session: SessionContext,
    vault: MessageStorage,
    readonly scope: string,
  ) {
    this.#storage = vault;
    this.drafts = new Drafts(vault, scope, () => this.#open.aborted);
  }

  /** Opens the outbox for its author, and restores the messages that wait in storage or in memory. */
  async open(): Promise<void> {
    if (this.isSender) return this.#announce();
    if (this.#open.aborted) {
      const closing = new AbortController();
      this.#open = closing.signal;
      this.#close = () => closing.abort();
      const items = [...this.queues.queuedMessages, ...(this.#fallback?.refusedMessages ?? [])];
      if (items.length > 0) this.report({ type: 'restored', messages: items.map(storedFields) });
    }
    const open = this.#open;
    await this.#restore(open);
    if (!open.aborted) this.#announce();
  }

  /** Closes the outbox: until `open`, nothing is sent or reported. The messages stay. */
  close(): void {
    this.#close();
    this.drafts.close();
    void this.setSender(false);
  }

  /** Whether no message waits to be sent or for its author's decision. */
  get isEmpty(): boolean {
    return (
      this.#beingSaved.size +
        this.queues.queuedMessages.length +
        this.#unowned.length +
        (this.#fallback?.refusedMessages.length ?? 0) ===
      0
    );
  }

  /** Reports an event, unless the outbox is closed. */
  report(event: SessionEvent): void {
    if (!this.#open.aborted) this.session.report(event);
  }

  /** Tells the other tabs of this scope, unless the outbox is closed. */
  broadcast(message: TabMessage): void {
    if (!this.#open.aborted) this.session.tabs.broadcast(message);
  }

  /** Takes over the messages that were written before the user was known. */
  async adopt(other: Outbox): Promise<void> {
    other.#heir = this;
    this.drafts.adoptDrafts(other.drafts);
    const items = other.queues.queuedMessages;
    for (const item of items) {
      other.queues.remove(item.localId)?.answer?.({ is: 'unknown' });
      this.queues.queueOf(item.roomId).items.push({ ...item, answer: undefined });
    }
    // Not those that were sent meanwhile: they would stay in storage.
    for (const item of items) if (this.queues.find(item.localId)) await this.save(item);
  }

  /** A new token does not name its user: only their author may send the waiting messages again. @returns their local ids. */
  detachUnowned(): string[] {
    const items = this.queues.queuedMessages;
    for (const item of items) {
      this.queues.remove(item.localId)?.answer?.({ is: 'unknown' });
      this.#leave(item);
    }
    return [...this.#beingSaved, ...items.map(({ localId }) => localId)];
  }

  #leave(message: StoredMessage): void {
    this.#unowned.push({
      ...storedFields(message),
      refused: { code: 'disconnected', message: 'Not sent: the sign-in has changed.' },
    });
  }

  /** Passes messages to the sending tab that were written while it could not be told. */
  #announce(): void {
    for (const item of this.queues.queuedMessages) this.broadcast({ kind: 'added', kept: storedFields(item) });
  }

  /** Sets whether this tab sends. */
  async setSender(on: boolean): Promise<void> {
    const turn = ++this.#turn;
    const open = this.#open;
    this.#mayLead = on;
    this.isSender = false;
    if (!on) return this.pause();
    // First the messages of closed tabs, which were written before those of this tab.
    await this.#restore(open);
    if (turn !== this.#turn || open.aborted || this.#needsRestore) return;
    this.isSender = true;
    this.flush();
  }

  /** Restores the stored messages of this scope. Those that another tab has discarded are discarded here. */
  async #restore(open: AbortSignal): Promise<void> {
    const leftBehind = this.#unowned;
    const kept = this.scope ? await this.#storage.load(this.scope) : leftBehind.splice(0);
    if (open.aborted || leftBehind !== this.#unowned) return;
    for (const message of kept) {
      if (this.#discardedIds.has(message.localId) && !message.discarded) this.#writeTombstone(message);
      if (message.discarded) this.discarded(message.localId);
    }
    this.#needsRestore = false;
    if (kept.length === 0 && this.queues.queuedMessages.length === 0) return;
    const chances = await this.loadFallback().catch(noop);
    if (open.aborted || leftBehind !== this.#unowned) return;
    if (chances) chances.restore(kept.filter(({ discarded }) => !discarded));
    else this.#needsRestore = true;
  }

  /** @throws {ChatError} `unreachable`, if the code cannot be loaded. */
  async loadFallback(): Promise<DeliveryFallback> {
    const { DeliveryFallback } = await loadDeferred();
    return (this.#fallback ??= new DeliveryFallback(this));
  }

  /**
   * Stores a message and queues it. The result is reported as `stored` or `refused`.
   * @param shown called when the message is in storage: only then it is shown as being sent. Not called if its author has left.
   */
  add(outgoing: Outgoing, shown: () => void): Promise<void> {
    const session = this.session;
    const kept: StoredMessage = {
      ...outgoing,
      at: session.clock.now(),
      after: session.roomSync.cursor(outgoing.roomId),
      idempotent: session.backend.has('idempotent_send'),
    };
    return this.#add(kept, shown);
  }

  #add(kept: StoredMessage, shown: () => void): Promise<void> {
    const open = this.#open;
    // One write after the other, however long each takes: that keeps the order.
    this.#beingSaved.add(kept.localId);
    return (this.#adding = this.#adding.catch(noop).then(async () => {
      await this.save(kept).finally(() => this.#beingSaved.delete(kept.localId));
      if (open.aborted && !this.scope) {
        // Written before the user was known. By now the user is known, or may have left.
        if (this.#heir) return this.#heir.#add(kept, shown);
        return this.#leave(kept);
      }
      if (!this.#open.aborted) shown();
      this.broadcast({ kind: 'added', kept });
      this.push(kept);
    }));
  }

  /** Local data is cleared. @returns when all messages are queued, and can be discarded. */
  purge(): Promise<void> {
    this.drafts.clear();
    this.#unowned = [];
    this.broadcast({ kind: 'purged' });
    return this.#adding.catch(noop);
  }

  async save(message: StoredMessage): Promise<void> {
    if (this.scope) await this.#storage.put(this.scope, storedFields(message));
  }

  /** Sends a refused message again. @returns whether there was one. */
  retry(localId: string): boolean {
    return this.#fallback?.retry(localId) ?? false;
  }

  /** Handles a message of another tab. */
  onTab(message: TabMessage): Promise<void> {
    const open = this.#open;
    return this.loadFallback().then(
      (chances) => {
        if (!open.aborted) chances.onTab(message);
      },
      () => void (this.#needsRestore = true),
    );
  }

  push(kept: StoredMessage & Pick<QueuedMessage, 'left'>): void {
    const queue = this.queues.queueOf(kept.roomId);
    queue.items.push({ ...kept, failures: 0, crashes: 0 });
    void this.#drain(queue);
  }

  /** Whether a message is known to be stored. Another tab may announce it after that. */
  isStored(localId: string): boolean {
    return [...this.#matched.values()].includes(localId);
  }

  /** Discards a message that is not stored. One that was sent may still arrive. @returns whether there was one. */
  discard(localId: string): boolean {
    const item = this.#drop(localId);
    this.#discardedIds.add(localId);
    evictOldest(this.#discardedIds);
    if (!item) return false;
    this.#writeTombstone(item);
    this.broadcast({ kind: 'discard', localId });
    return true;
  }

  /** Keeps the id of a discarded message without its text, so that no tab sends it. */
  #writeTombstone(message: StoredMessage): void {
    message.discarded = true;
    void this.save({ ...message, content: '', at: this.session.clock.now() });
  }

  /** Another tab has discarded it. */
  discarded(localId: string): void {
    const item = this.#drop(localId);
    if (item) this.report({ type: 'discarded', localId, roomId: item.roomId });
  }

  #drop(localId: string): QueuedMessage | undefined {
    const item = this.#fallback?.takeRefused(localId) ?? this.queues.remove(localId);
    if (!item) return undefined;
    item.discarded = true;
    item.answer?.({ is: 'unknown' });
    return item;
  }

  /** The connection works again: sends what waits. */
  flush(): void {
    if (this.#needsRestore) void (this.#mayLead ? this.setSender(true) : this.#restore(this.#open));
    for (const queue of this.queues.all) {
      if (queue.busy) queue.woken = true;
      else void this.#drain(queue);
    }
  }

  /** Aborts requests and timers; the messages stay. `flush` resumes. */
  pause(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.socketEnded();
    for (const queue of this.queues.all) queue.cancelRetry();
  }

  /** The socket has ended: no confirmation will come on it. */
  socketEnded(): void {
    for (const { items } of this.queues.all) items[0]?.answer?.({ is: 'unknown' });
  }

  /**
   * Matches a message from the server, live or from the history, with a pending message.
   * @param tempId the `_tempId` inside the message or beside it.
   * @returns the local id, if there is a match.
   */
  matchPending(roomId: Id, message: Message, tempId = message._tempId): string | undefined {
    const known = this.#matched.get(idKey(message.id));
    if (known) return known;
    const item = this.queues.queueOf(roomId).items.find((candidate) => {
      if (tempId) return candidate.localId === tempId;
      return (
        candidate.left &&
        (!this.isIdempotent(candidate) || this.isStale(candidate)) &&
        this.#fallback?.isCopy(candidate, message)
      );
    });
    if (!item) return tempId;
    this.settle(item, message);
    return item.localId;
  }

  /** An `error` frame. */
  failed(frame: FrameOf<'error'>): void {
    const { signal } = this.#abort;
    void this.loadFallback().then((chances) => signal.aborted || chances.failed(frame), noop);
  }

  async #drain(queue: Queue): Promise<void> {
    queue.cancelRetry();
    if (queue.busy || !this.isSender) return;
    const { clock } = this.session;
    const waitMs = timeLeft(clock, queue.wait);
    if (waitMs > 0) {
      queue.cancelRetry = clock.after(waitMs, () => void this.#drain(queue));
      return;
    }
    queue.busy = true;
    let item: QueuedMessage | undefined;
    // Another tab may have taken over while this one waited.
    while (this.isSender && (item = queue.items[0])) {
      queue.woken = false;
      const { signal } = this.#abort;
      const outcome = await this.#deliver(item, signal);
      if (item.discarded || queue.items[0] !== item) continue;
      if (outcome.is === 'retry' || outcome.is === 'unknown') {
        const ms = outcome.is === 'retry' ? outcome.ms : 0;
        if (outcome.is === 'retry' && outcome.isAsked) queue.wait = { from: clock.now(), ms: ms ?? 0 };
        else if (queue.woken) continue;
        if (ms !== null && !signal.aborted) queue.cancelRetry = clock.after(ms, () => void this.#drain(queue));
        break;
      }
      queue.items.shift();
      if (outcome.is === 'stored') this.#stored(item, outcome);
      else this.#fallback?.refused(item, outcome.error);
    }
    queue.busy = false;
  }

  #stored(item: QueuedMessage, { message, method, meanwhile = [] }: Extract<DeliveryOutcome, { is: 'stored' }>): void {
    if (this.scope) void this.#storage.delete(this.scope, item.localId);
    this.broadcast({ kind: 'stored', kept: storedFields(item), message, method });
    this.#reportStored(item, { message, method });
    for (const frame of meanwhile) this.report({ type: 'frame', frame });
  }

  #reportStored({ localId, roomId }: QueuedMessage, { message, method }: { message: Message; method: Method }): void {
    this.report({ type: 'stored', localId, roomId, message, method });
  }

  async #deliver(item: QueuedMessage, signal: AbortSignal): Promise<DeliveryOutcome> {
    try {
      const earlier = await ((item.left || item.stored || this.isStale(item)) &&
        (await this.loadFallback()).search(item, signal));
      // Discarded during the search: it must not be sent.
      if (earlier || item.discarded) return earlier || { is: 'unknown' };
      const outcome = await this.#bySocket(item, signal);
      if (outcome.is !== 'unknown' || item.discarded) return outcome;
      return await (await this.loadFallback()).withoutSocket(item, signal);
    } catch (thrown) {
      if (signal.aborted) return { is: 'retry', ms: null };
      return (
        this.#fallback?.setback(item, toChatError(thrown)) ?? {
          is: 'retry',
          ms: backoff(++item.failures, this.session.platform.random),
        }
      );
    }
  }

  #bySocket(item: QueuedMessage, signal: AbortSignal): Promise<DeliveryOutcome> {
    const { roomId, content, replyTo, localId } = item;
    return new Promise((resolve) => {
      const frame = {
        type: 'send_message' as const,
        room_id: roomId,
        content,
        ...(replyTo != null && { reply_to: replyTo }),
        _tempId: localId,
      };
      if (signal.aborted) return resolve({ is: 'retry', ms: null });
      if (!this.session.send(frame)) return resolve({ is: 'unknown' });
      item.left = 'websocket';
      const cancel = this.session.clock.after(this.session.timing.confirmMs, () => {
        void this.session.socket?.verify();
        item.answer?.({ is: 'unknown' });
      });
      item.answer = (outcome) => {
        cancel();
        item.answer = undefined;
        resolve(outcome);
      };
    });
  }

  /** Whether a message has waited for more than a day: then its author decides whether to send it. */
  isStale(item: QueuedMessage): boolean {
    return this.session.clock.now() - item.at > STALE_MS;
  }

  /** Whether the backend accepts idempotency keys; it may have said so before this page was loaded. */
  acceptsIdempotencyKey(item: QueuedMessage): boolean {
    return item.idempotent || this.session.backend.has('idempotent_send');
  }

  /** Whether sending this message again is safe. */
  isIdempotent(item: QueuedMessage): boolean {
    return !item.sentWithoutKey && this.acceptsIdempotencyKey(item);
  }

  settle(item: QueuedMessage, message: Message): void {
    item.stored = message;
    this.#matched.set(idKey(message.id), item.localId);
    evictOldest(this.#matched);
    const outcome = { is: 'stored', message, method: item.left ?? 'websocket' } as const;
    item.onSettled?.();
    item.answer?.(outcome);
    // Another tab sends, and this one may have missed its result.
    if (!this.isSender && this.queues.remove(item.localId)) this.#reportStored(item, outcome);
  }
}
