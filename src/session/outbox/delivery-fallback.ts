/**
 * Handles a message that its socket does not confirm: searches the history for it, sends it by REST, waits, or fails
 * it. Also restores stored messages, and handles messages from other tabs. Loaded on demand: see deferred.ts.
 */
import { noop } from '../../internal/noop.js';
import { isUnknownUpload } from '../uploads/upload-errors.js';
import { errorOf, type StoredMessage } from '../../model/index.js';
import { idKey, sameId, type Message, type Problem } from '../../protocol/index.js';
import {
  ChatError,
  throwIfAborted,
  toChatError,
  type ChangeEvent,
  type HistoryQuery,
  type CommandError,
} from '../../transport/index.js';
import { MAX_SKEW_MS, messageSimilarity } from './message-similarity.js';
import { onRewritten } from './on-rewritten.js';
import type { OutboxContext } from './outbox-context.js';
import {
  acceptsIdempotencyKey,
  isIdempotent,
  isStale,
  type DeliveryOutcome,
  type QueuedMessage,
} from './queued-message.js';
import { isForOutbox, isKept, readTabMessage } from '../tabs/tab-messages.js';
import type { TabMessage } from '../tabs/tab-channel.js';
import { repeatableEvents } from '../sync/repeatable-events.js';
import { storedFields } from './message-storage.js';
import { createRoomOf, moveMessages } from './create-room.js';
import { MessageFiles } from './message-files.js';
import { MAX_CRASHES, outcomeOfError, PATIENCE_S } from './outcome-of-error.js';

/** The number of history pages (100 messages each) that are searched for a message. */
const MAX_PAGES = 10;
const NO_ACCESS: readonly string[] = ['access_denied', 'room_closed', 'not_allowed'];
const STALE: DeliveryOutcome = { is: 'refused', error: new ChatError('stale', 'It has waited for more than a day.') };

/** Converts rows of earlier releases, in which some fields have other names. */
function withPresentNames({
  named,
  unnamed,
  insisted,
  ...row
}: StoredMessage & { named?: boolean; unnamed?: boolean; insisted?: boolean }): StoredMessage {
  return { idempotent: named, sentWithoutKey: unnamed, confirmedByAuthor: insisted, ...row };
}

export class DeliveryFallback {
  readonly #outbox: OutboxContext;
  /** Messages that the server has refused. */
  readonly #refused = new Map<string, QueuedMessage>();

  readonly files: MessageFiles;

  constructor(outbox: OutboxContext) {
    this.#outbox = outbox;
    this.files = new MessageFiles(outbox, () => this.refusedMessages);
  }

  readonly #reportProblem = (problem: Problem): void => this.#outbox.session.report({ type: 'problem', problem });

  // ————— One message

  /**
   * Searches the history for a message that was sent, if the backend does not accept idempotency keys (or may have
   * forgotten this one).
   * @returns undefined if the message may be sent.
   * @throws {ChatError}
   */
  async search(item: QueuedMessage, signal: AbortSignal): Promise<DeliveryOutcome | undefined> {
    const outcome = await this.#search(item, signal);
    if (outcome?.is === 'stored') this.files.forget(item);
    return outcome;
  }

  async #search(item: QueuedMessage, signal: AbortSignal): Promise<DeliveryOutcome | undefined> {
    throwIfAborted(signal);
    const outbox = this.#outbox;
    const { rest } = outbox.session;
    const method = item.left ?? 'websocket';
    if (item.stored) return { is: 'stored', message: item.stored, method };
    const isOld = isStale(item, outbox.session);
    // It waits for its room: it cannot have been sent.
    if (item.newRoom) item.left = undefined;
    if (!item.left) return isOld ? STALE : undefined;
    if (isIdempotent(item, outbox.session) && !isOld) return undefined;
    if (!rest) return { is: 'retry', ms: null };
    let isUnsure = false;
    let query: HistoryQuery = { after: item.after, limit: 100 };
    for (let page = 0; page < MAX_PAGES; page++) {
      const { messages, hasMore } = await rest.history(item.roomId, query, signal);
      throwIfAborted(signal);
      for (const message of messages) {
        if (outbox.matchPending(item.roomId, message) === item.localId) return { is: 'stored', message, method };
        isUnsure ||= messageSimilarity(item, message, this.#outbox.session) === 'unsure';
      }
      const [first, last] = [messages[0], messages.at(-1)];
      if (!hasMore || !first || !last) break;
      // Without a cursor: search backwards, until before the message was written.
      if (item.after === undefined && Date.parse(first.timestamp) < item.at - MAX_SKEW_MS) break;
      const from = item.after === undefined ? first.id : last.id;
      // The backend has returned the same page again: there is nothing more to find.
      if (sameId(from, query.before ?? query.after)) break;
      query = item.after === undefined ? { before: from, limit: 100 } : { after: from, limit: 100 };
    }
    // It is uncertain whether the message is stored: its author decides, or has already decided.
    if (isUnsure && !item.confirmedByAuthor)
      return { is: 'refused', error: new ChatError('maybe_sent', 'This may already have been sent.') };
    if (isOld) return STALE;
    item.left = undefined;
    // The decision is valid for one attempt, even after a reload. If the response is lost, the author is asked again.
    if (item.confirmedByAuthor) void outbox.save({ ...item, confirmedByAuthor: (item.confirmedByAuthor = undefined) });
    return undefined;
  }

  /** Whether a message from the server is a copy of this one, although it has no `_tempId`. */
  isCopy(item: QueuedMessage, message: Message): boolean {
    return messageSimilarity(item, message, this.#outbox.session) === 'same';
  }

  /** Delivers a message without a socket, or after its confirmation is overdue. @throws {ChatError} */
  async withoutSocket(item: QueuedMessage, signal: AbortSignal): Promise<DeliveryOutcome> {
    const stored = await this.search(item, signal);
    return stored ?? (item.discarded ? { is: 'unknown' } : await this.#byRest(item, signal));
  }

  async #byRest(item: QueuedMessage, signal: AbortSignal): Promise<DeliveryOutcome> {
    const outbox = this.#outbox;
    const { rest } = outbox.session;
    if (!rest) return { is: 'retry', ms: null };
    const requests = await rest.deferred();
    if (item.newRoom) {
      const roomId = await createRoomOf(outbox, this.#refused, item, requests, signal);
      this.files.moveTo(roomId, item.roomId);
      return { is: 'unknown' };
    }
    const files = await this.files.optionsFor(item, signal);
    throwIfAborted(signal);
    if (item.discarded) return { is: 'unknown' };
    item.left = 'rest';
    if (!isIdempotent(item, outbox.session) && !item.sentWithoutKey) {
      item.sentWithoutKey = true;
      await outbox.save(item);
      throwIfAborted(signal);
      if (item.discarded) return { is: 'unknown' };
    }
    const { roomId, content, replyTo, localId } = item;
    const idempotencyKey =
      acceptsIdempotencyKey(item, outbox.session) || outbox.session.backend.has('temp_id') ? localId : undefined;
    const meanwhile: ChangeEvent[] = [];
    const records = outbox.session.roomSync.openRooms.get(idKey(roomId))?.records;
    records?.add(meanwhile);
    // The message may arrive by socket or in a page first, and change before this response arrives: then the response
    // is outdated.
    const settled = new Promise<void>((resolve) => (item.onSettled = resolve));
    const sent = requests
      .sendMessage(outbox.session.roomSync.idOf(roomId), content, { replyTo, idempotencyKey, ...files, signal })
      .catch(async (thrown: unknown) => {
        // A refusal also means that nothing was stored. After a timeout (408), that is unknown.
        const { status = 0 } = toChatError(thrown);
        if (status >= 400 && status < 500 && status !== 408) item.left = undefined;
        // If the server fails for every request, the message is not the cause.
        if (status === 500 && ++item.crashes >= MAX_CRASHES)
          await rest.history(roomId, { limit: 1 }, signal).catch(() => (item.crashes = 0));
        throw thrown;
      });
    sent.catch(() => {});
    try {
      const message = (await Promise.race([sent, settled])) ?? item.stored!;
      if (message.room !== undefined && !sameId(message.room, roomId))
        throw new ChatError('unexpected_answer', 'The server answered with a message of another room.');
      if (!item.stored) outbox.settle(item, message);
      this.files.forget(item);
      return { is: 'stored', message, method: 'rest', meanwhile: repeatableEvents(meanwhile) };
    } finally {
      item.onSettled = undefined;
      records?.delete(meanwhile);
    }
  }

  /** The outcome of a failed attempt. */
  setback(item: QueuedMessage, error: ChatError): DeliveryOutcome {
    if (isUnknownUpload(error) && ++item.crashes < MAX_CRASHES) {
      void this.files.expire(item).catch(noop);
      error = new ChatError('unreachable', 'A file has expired on the server, and is uploaded again.');
    }
    return outcomeOfError(item, error, this.#outbox.session.platform.random);
  }

  /** Handles a rejected command. If it names no message, the outcome is unknown, and the history is searched. */
  failed(event: CommandError): void {
    for (const { items } of this.#outbox.queues.all) {
      const item = items[0];
      if (!item?.answer) continue;
      if (event.localId != null) {
        if (event.localId !== item.localId) continue;
        item.left = undefined;
        item.answer(
          event.code === 'rate_limited' || (event.retryAfter != null && ++item.crashes < MAX_CRASHES)
            ? { is: 'retry', ms: (event.retryAfter ?? PATIENCE_S) * 1000, isAsked: true }
            : {
                is: 'refused',
                error: new ChatError(NO_ACCESS.includes(event.code ?? '') ? 'forbidden' : 'invalid', event.message),
              },
        );
      } else if (sameId(event.roomId, item.roomId)) {
        item.answer({ is: 'unknown' });
      }
    }
  }

  // ————— Refused messages

  /** Fails a message until its author retries it. */
  refused(item: QueuedMessage, { code, message, status }: ChatError): void {
    const kept = { ...storedFields(item), refused: { code, message, status } };
    this.#refuse(item, kept);
    if (!this.#outbox.sender.isActive) return;
    void this.#outbox.save(kept);
    this.#outbox.broadcast({ kind: 'refused', kept });
  }

  /** The refused messages, which wait for a decision of their author. */
  get refusedMessages(): QueuedMessage[] {
    return [...this.#refused.values()];
  }

  #refuse(item: QueuedMessage, kept: StoredMessage): void {
    const { localId, roomId } = item;
    this.#refused.set(localId, { ...item, ...kept });
    this.#outbox.report({ type: 'refused', localId, roomId, error: errorOf(kept)! });
  }

  /** Retries a refused message. @returns whether there was one. */
  retry(localId: string): boolean {
    const isKnown = this.#again(localId);
    if (isKnown) this.#outbox.broadcast({ kind: 'retry', localId });
    return isKnown;
  }

  #again(localId: string): boolean {
    const item = this.takeRefused(localId);
    if (!item) return false;
    const { session } = this.#outbox;
    // The author has decided, so the message counts as written now. The history is still searched for it: see `search`.
    const isDecided = item.refused?.code === 'stale' || item.refused?.code === 'maybe_sent';
    const { left, after, roomId } = item;
    const asNew = isDecided && {
      confirmedByAuthor: true,
      at: session.clock.now(),
      after: session.roomSync.cursor(roomId) ?? after,
      left: left ?? 'websocket',
    };
    const again = { ...storedFields(item), left, refused: undefined, ...asNew };
    void this.#outbox.save(again);
    this.#outbox.push(again);
    return true;
  }

  /** Removes a message from the refused ones. */
  takeRefused(localId: string): QueuedMessage | undefined {
    const item = this.#refused.get(localId);
    this.#refused.delete(localId);
    return item;
  }

  // ————— Restored messages, and other tabs

  /** Adds a stored message, or one from another tab. @returns whether it is new here. */
  #take(kept: StoredMessage): boolean {
    const outbox = this.#outbox;
    const item = outbox.queues.find(kept.localId);
    // It was refused in another tab while this tab received no messages.
    if (item && kept.refused && !outbox.sender.isActive) this.#refuse(outbox.queues.remove(kept.localId)!, kept);
    if (item || this.#refused.has(kept.localId) || outbox.isStored(kept.localId)) return false;
    if (kept.refused) this.#refused.set(kept.localId, { ...kept, failures: 0, crashes: 0 });
    // It may already have been sent: without idempotency keys the history is searched first.
    else outbox.push({ ...kept, left: 'websocket' });
    return true;
  }

  /**
   * @param rows the stored messages of this scope that are not discarded. Another release, or another script of the
   *   site, may have written them.
   */
  restore(rows: readonly StoredMessage[]): void {
    const outbox = this.#outbox;
    const kept = rows.map(withPresentNames).filter((row) => isKept(row, this.#reportProblem));
    const found = kept.filter((message) => this.#take(message));
    this.#sort(kept);
    for (const { items } of outbox.queues.all) {
      for (const item of items) {
        // Another tab may have sent it, possibly without its key. If it is no longer in storage, this is assumed. Then
        // the history is searched first.
        item.left ??= 'websocket';
        const same = kept.find(({ localId }) => localId === item.localId);
        item.sentWithoutKey = same ? same.sentWithoutKey : true;
      }
    }
    if (found.length > 0) outbox.report({ type: 'restored', messages: found });
  }

  /** Sorts the queues by the order in storage. A message that is being sent stays first. */
  #sort(kept: readonly StoredMessage[]): void {
    const place = new Map(kept.map(({ localId }, index) => [localId, index]));
    const placeOf = ({ localId }: QueuedMessage): number => place.get(localId) ?? Infinity;
    for (const { items, busy } of this.#outbox.queues.all) {
      const first = busy ? items.splice(0, 1) : [];
      items.sort((a, b) => (placeOf(a) === placeOf(b) ? 0 : placeOf(a) - placeOf(b))).unshift(...first);
    }
  }

  /** Handles a message from another tab. */
  onTab(said: TabMessage): void {
    if (!isForOutbox(said)) return;
    const outbox = this.#outbox;
    const message = readTabMessage(said, this.#reportProblem);
    if (!message) return;
    switch (message.kind) {
      case 'added':
        if (this.#take(message.kept)) outbox.report({ type: 'restored', messages: [message.kept] });
        return;
      case 'stored': {
        const { kept, message: stored, method } = message;
        this.files.forget(kept);
        const item = outbox.queues.find(kept.localId);
        if (item) {
          item.left = method;
          return outbox.settle(item, stored);
        }
        // It was already found in the history, and reported.
        if (outbox.isStored(kept.localId)) return;
        return outbox.report({ type: 'stored', localId: kept.localId, roomId: kept.roomId, message: stored, method });
      }
      case 'refused': {
        const item = outbox.queues.remove(message.kept.localId);
        if (item) this.#refuse(item, message.kept);
        return;
      }
      case 'rewritten':
        return onRewritten(outbox, this.#refused, message.kept);
      case 'retry':
        if (this.#again(message.localId)) outbox.report({ type: 'resent', localId: message.localId });
        return;
      case 'discard':
        return outbox.discarded(message.localId);
      case 'room-created':
        moveMessages(outbox, this.#refused, message.localRoomId, message.room.id);
        this.files.moveTo(message.room.id, message.localRoomId);
        return outbox.report({ ...message, type: 'room-created' });
      case 'uploaded':
        return void this.files.load().then((queue) => queue.onUploaded(message.uploadId, message.remoteId), noop);
      case 'purged':
        return outbox.report({ type: 'purged' });
      default: // about the socket: see shared-socket.ts
    }
  }
}
