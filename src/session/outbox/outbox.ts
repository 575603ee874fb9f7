/**
 * The unsent messages of one scope (one user on one backend): one queue per room, in the order in which the messages
 * were written. Each message stays in storage until the server has stored it. One tab of a scope sends
 * (message-sender.ts); the others pass their messages to it, and receive the results.
 *
 * An outbox never changes its scope: each user has an outbox, and at most one is open. A closed outbox sends and
 * reports nothing, even if the answer to an earlier request arrives.
 */
import { noop } from '../../internal/noop.js';
import { idKey, type Id, type Message } from '../../protocol/index.js';
import type { Method, Outgoing, SessionEvent, StoredMessage } from '../../model/index.js';
import { evictOldest } from '../../internal/evict-oldest.js';
import type { OutboxHost } from './outbox-context.js';
import { loadDeferred } from '../load-deferred.js';
import { Drafts } from './drafts.js';
import { MessageQueues } from './message-queues.js';
import { MessageSender } from './message-sender.js';
import type { OutboxContext } from './outbox-context.js';
import { isIdempotent, isStale, type QueuedMessage } from './queued-message.js';
import type { DeliveryFallback } from './delivery-fallback.js';
import type { TabMessage } from '../tabs/tab-channel.js';
import { storedFields, type MessageStorage } from './message-storage.js';

const asUnowned = (message: StoredMessage): StoredMessage => ({
  ...storedFields(message),
  refused: { code: 'disconnected', message: 'The sign-in has changed.' },
});

export class Outbox implements OutboxContext {
  readonly queues = new MessageQueues();
  readonly sender = new MessageSender(this);
  readonly drafts: Drafts;
  readonly #storage: MessageStorage;
  /** Server id → local id of matched messages, so that no message is matched twice. */
  readonly #matched = new Map<string, string>();
  /** Local ids of messages that were discarded here, possibly while this outbox was set aside. */
  readonly #discardedIds = new Set<string>();
  /** Aborted while the outbox is closed. */
  untilClosed = AbortSignal.abort();
  #close = noop;
  /** Whether stored messages could not be restored yet. */
  needsRestore = false;
  /** Undefined until its code is loaded. */
  fallback: DeliveryFallback | undefined;
  #adding: Promise<void> = Promise.resolve();
  /** Local ids of messages that are being written to storage. */
  readonly #beingSaved = new Set<string>();
  /** The outbox of the known user, which has taken over the messages of this one. */
  #heir: Outbox | undefined;
  /**
   * Unsent messages whose author is unknown. `purge` replaces the array, so that a pending restore restores nothing.
   */
  #unowned: StoredMessage[] = [];

  /** @param scope empty while the user is unknown: then nothing is written to storage. */
  constructor(
    readonly session: OutboxHost,
    storage: MessageStorage,
    readonly scope: string,
  ) {
    this.#storage = storage;
    this.drafts = new Drafts(storage, scope, () => this.untilClosed.aborted);
  }

  /** Opens the outbox for its author, and restores the messages that wait in storage or in memory. */
  async open(): Promise<void> {
    if (this.sender.isActive) return this.#announce();
    if (this.untilClosed.aborted) {
      const closing = new AbortController();
      this.untilClosed = closing.signal;
      this.#close = () => closing.abort();
      const items = [...this.queues.queuedMessages, ...(this.fallback?.refusedMessages ?? [])];
      if (items.length > 0) this.report({ type: 'restored', messages: items.map(storedFields) });
    }
    const untilClosed = this.untilClosed;
    await this.restore();
    if (!untilClosed.aborted) this.#announce();
  }

  /** Closes the outbox: until `open`, nothing is sent or reported. The messages stay. */
  close(): void {
    this.#close();
    this.drafts.close();
    void this.sender.setActive(false);
  }

  /** Whether no message waits to be sent or for its author's decision. */
  get isEmpty(): boolean {
    return (
      this.#beingSaved.size +
        this.queues.queuedMessages.length +
        this.#unowned.length +
        (this.fallback?.refusedMessages.length ?? 0) ===
      0
    );
  }

  /** Reports an event, unless the outbox is closed. */
  report(event: SessionEvent): void {
    if (!this.untilClosed.aborted) this.session.report(event);
  }

  /** Sends a message to the other tabs of this scope, unless the outbox is closed. */
  broadcast(message: TabMessage): void {
    if (!this.untilClosed.aborted) this.session.tabs.broadcast(message);
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
    // Except those that were sent in the meantime: they would stay in storage.
    for (const item of items) if (this.queues.find(item.localId)) await this.save(item);
  }

  /**
   * Detaches the waiting messages, because a new token does not name its user: only their author may send them again.
   * @returns their local ids.
   */
  detachUnowned(): string[] {
    const items = this.queues.queuedMessages;
    for (const item of items) {
      this.queues.remove(item.localId)?.answer?.({ is: 'unknown' });
      this.#unowned.push(asUnowned(item));
    }
    return [...this.#beingSaved, ...items.map(({ localId }) => localId)];
  }

  /** Announces the waiting messages to the sending tab, which could not be reached when they were written. */
  #announce(): void {
    for (const item of this.queues.queuedMessages) this.broadcast({ kind: 'added', kept: storedFields(item) });
  }

  /**
   * Restores the stored messages of this scope. Those that another tab has discarded are discarded here, too.
   * @returns whether all are restored, and the outbox is still open.
   */
  async restore(): Promise<boolean> {
    const untilClosed = this.untilClosed;
    const unowned = this.#unowned;
    const stored = this.scope ? await this.#storage.load(this.scope) : unowned.splice(0);
    const isCurrent = (): boolean => !untilClosed.aborted && unowned === this.#unowned;
    if (isCurrent()) {
      for (const message of stored) {
        if (this.#discardedIds.has(message.localId) && !message.discarded) this.#writeTombstone(message);
        if (message.discarded) this.discarded(message.localId);
      }
      this.needsRestore = false;
      if (stored.length + this.queues.queuedMessages.length > 0) {
        const fallback = await this.loadFallback().catch(noop);
        if (isCurrent()) {
          if (fallback) fallback.restore(stored.filter(({ discarded }) => !discarded));
          else this.needsRestore = true;
        }
      }
    }
    return !untilClosed.aborted && !this.needsRestore;
  }

  /** @throws {ChatError} `unreachable`, if the code cannot be loaded. */
  async loadFallback(): Promise<DeliveryFallback> {
    const { DeliveryFallback } = await loadDeferred();
    return (this.fallback ??= new DeliveryFallback(this));
  }

  /**
   * Stores a message and queues it. The result is reported as `stored` or `refused`.
   * @param shown called when the message is in storage: only then is it shown as being sent. Not called if its author
   *   has left.
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
    const untilClosed = this.untilClosed;
    // Writes are sequential, however long each takes, to preserve the order.
    this.#beingSaved.add(kept.localId);
    return (this.#adding = this.#adding.catch(noop).then(async () => {
      await this.save(kept).finally(() => this.#beingSaved.delete(kept.localId));
      if (untilClosed.aborted && !this.scope) {
        // The message was written before the user was known. By now the user is known, or may have left.
        if (this.#heir) return this.#heir.#add(kept, shown);
        return void this.#unowned.push(asUnowned(kept));
      }
      if (!this.untilClosed.aborted) shown();
      this.broadcast({ kind: 'added', kept });
      this.push(kept);
    }));
  }

  /** Deletes local data. @returns when all messages are queued, and can be discarded. */
  purge(): Promise<void> {
    this.drafts.clear();
    this.#unowned = [];
    this.broadcast({ kind: 'purged' });
    return this.#adding.catch(noop);
  }

  /** Deletes a message from storage: the server has stored it. */
  forget(localId: string): void {
    if (this.scope) void this.#storage.delete(this.scope, localId);
  }

  async save(message: StoredMessage): Promise<void> {
    if (this.scope) await this.#storage.put(this.scope, storedFields(message));
  }

  /** Handles a message from another tab. */
  onTab(message: TabMessage): Promise<void> {
    const untilClosed = this.untilClosed;
    return this.loadFallback().then(
      (chances) => {
        if (!untilClosed.aborted) chances.onTab(message);
      },
      () => void (this.needsRestore = true),
    );
  }

  push(kept: StoredMessage & Pick<QueuedMessage, 'left'>): void {
    const queue = this.queues.queueOf(kept.roomId);
    queue.items.push({ ...kept, failures: 0, crashes: 0 });
    void this.sender.drain(queue);
  }

  /** Whether a message is known to be stored. Another tab may still announce it afterwards. */
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

  /** Keeps the id of a discarded message without its content, so that no tab sends it. */
  #writeTombstone(message: StoredMessage): void {
    message.discarded = true;
    void this.save({ ...message, content: '', files: undefined, newRoom: undefined, at: this.session.clock.now() });
  }

  /** Discards a message, because another tab has discarded it. */
  discarded(localId: string): void {
    const item = this.#drop(localId);
    if (item) this.report({ type: 'discarded', localId, roomId: item.roomId });
  }

  #drop(localId: string): QueuedMessage | undefined {
    const item = this.fallback?.takeRefused(localId) ?? this.queues.remove(localId);
    if (!item) return undefined;
    this.fallback?.files.forget(item);
    item.discarded = true;
    item.answer?.({ is: 'unknown' });
    return item;
  }

  /**
   * Matches a message from the server, live or from the history, with a pending message.
   * @param tempId the `_tempId` inside the message or beside it.
   * @returns the local id of the match; without a match, `tempId`.
   */
  matchPending(roomId: Id, message: Message, tempId = message._tempId): string | undefined {
    const known = this.#matched.get(idKey(message.id));
    if (known) return known;
    const item = this.queues.queueOf(roomId).items.find((candidate) => {
      if (tempId) return candidate.localId === tempId;
      return (
        candidate.left &&
        (!isIdempotent(candidate, this.session) || isStale(candidate, this.session)) &&
        this.fallback?.isCopy(candidate, message)
      );
    });
    if (!item) return tempId;
    this.settle(item, message);
    return item.localId;
  }

  reportStored({ localId, roomId }: QueuedMessage, { message, method }: { message: Message; method: Method }): void {
    this.report({ type: 'stored', localId, roomId, message, method });
  }

  settle(item: QueuedMessage, message: Message): void {
    item.stored = message;
    this.#matched.set(idKey(message.id), item.localId);
    evictOldest(this.#matched);
    const outcome = { is: 'stored', message, method: item.left ?? 'websocket' } as const;
    item.onSettled?.();
    item.answer?.(outcome);
    // Another tab sends, and this tab may have missed the result.
    if (!this.sender.isActive && this.queues.remove(item.localId)) {
      this.fallback?.files.forget(item);
      this.reportStored(item, outcome);
    }
  }
}
