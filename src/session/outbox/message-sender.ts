/**
 * Sends the queued messages of one outbox: one message per room at a time.
 *
 * A message is sent by socket if there is one, and waits for its confirmation: the echo (`new-message`) or
 * `message-ack`, whichever is first. Without a confirmation it is sent by REST with the same idempotency key
 * (delivery-fallback.ts). A backend without `idempotent_send` ignores that key, so the history is searched first: the
 * first attempt may have been stored.
 */
import { noop } from '../../internal/noop.js';
import type { Message } from '../../protocol/index.js';
import { toChatError, type CommandError } from '../../transport/index.js';
import { backoff } from '../backoff.js';
import type { Method, SessionEvent } from '../../model/index.js';
import type { OutboxHost } from './outbox-context.js';
import { timeLeft } from '../time-left.js';
import type { TabMessage } from '../tabs/tab-channel.js';
import type { DeliveryFallback } from './delivery-fallback.js';
import type { MessageQueues, Queue } from './message-queues.js';
import { storedFields } from './message-storage.js';
import { isStale, type DeliveryOutcome, type QueuedMessage } from './queued-message.js';

interface SenderOutbox {
  readonly session: OutboxHost;
  readonly queues: MessageQueues;
  /** Whether stored messages could not be restored yet. */
  readonly needsRestore: boolean;
  /** @returns whether all messages are restored, and the outbox is still open. */
  restore(): Promise<boolean>;
  /** Undefined until its code is loaded. */
  readonly fallback: DeliveryFallback | undefined;
  /** @throws {ChatError} `unreachable`, if the code cannot be loaded. */
  loadFallback(): Promise<DeliveryFallback>;
  /** Deletes a message from storage. */
  forget(localId: string): void;
  report(event: SessionEvent): void;
  reportStored(item: QueuedMessage, result: { message: Message; method: Method }): void;
  broadcast(message: TabMessage): void;
}

export class MessageSender {
  /** Whether this tab sends. */
  isActive = false;
  /** Whether this tab sends once the stored messages are restored. */
  #isWanted = false;
  /** Counts the calls of `setActive`, so that only the last one takes effect. */
  #turn = 0;
  /** Aborts the requests that send messages. */
  #abort = new AbortController();
  readonly #outbox: SenderOutbox;

  constructor(outbox: SenderOutbox) {
    this.#outbox = outbox;
  }

  /** Sets whether this tab sends. */
  async setActive(on: boolean): Promise<void> {
    const turn = ++this.#turn;
    this.#isWanted = on;
    this.isActive = false;
    if (!on) return this.#pause();
    // First restore the messages of closed tabs, which were written before those of this tab.
    if (!(await this.#outbox.restore()) || turn !== this.#turn) return;
    this.isActive = true;
    this.flush();
  }

  /** Sends the waiting messages now, because the connection works again. */
  flush(): void {
    const outbox = this.#outbox;
    if (outbox.needsRestore) void (this.#isWanted ? this.setActive(true) : outbox.restore());
    for (const queue of outbox.queues.all) {
      if (queue.busy) queue.woken = true;
      else void this.drain(queue);
    }
  }

  /** Aborts requests and timers. The messages stay, and `flush` resumes. */
  #pause(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.socketEnded();
    for (const queue of this.#outbox.queues.all) queue.cancelRetry();
  }

  /** Ends the wait for confirmations: a socket that has ended delivers none. */
  socketEnded(): void {
    for (const { items } of this.#outbox.queues.all) items[0]?.answer?.({ is: 'unknown' });
  }

  /** Handles a rejected command. */
  failed(event: CommandError): void {
    const { signal } = this.#abort;
    void this.#outbox.loadFallback().then((fallback) => signal.aborted || fallback.failed(event), noop);
  }

  /** Sends the messages of a queue until it is empty or must wait. */
  async drain(queue: Queue): Promise<void> {
    queue.cancelRetry();
    if (queue.busy || !this.isActive) return;
    const { clock } = this.#outbox.session;
    const waitMs = timeLeft(clock, queue.wait);
    if (waitMs > 0) {
      queue.cancelRetry = clock.after(waitMs, () => void this.drain(queue));
      return;
    }
    queue.busy = true;
    let item: QueuedMessage | undefined;
    // Another tab may have taken over while this one waited.
    while (this.isActive && (item = queue.items[0])) {
      queue.woken = false;
      const { signal } = this.#abort;
      const outcome = await this.#deliver(item, signal);
      if (item.discarded || queue.items[0] !== item) continue;
      if (outcome.is === 'retry' || outcome.is === 'unknown') {
        const ms = outcome.is === 'retry' ? outcome.ms : 0;
        if (outcome.is === 'retry' && outcome.isAsked) queue.wait = { from: clock.now(), ms: ms ?? 0 };
        else if (queue.woken) continue;
        if (ms !== null && !signal.aborted) queue.cancelRetry = clock.after(ms, () => void this.drain(queue));
        break;
      }
      queue.items.shift();
      if (outcome.is === 'stored') this.#onStored(item, outcome);
      else this.#outbox.fallback?.refused(item, outcome.error);
    }
    queue.busy = false;
  }

  #onStored(
    item: QueuedMessage,
    { message, method, meanwhile = [] }: Extract<DeliveryOutcome, { is: 'stored' }>,
  ): void {
    const outbox = this.#outbox;
    outbox.forget(item.localId);
    outbox.broadcast({ kind: 'stored', kept: storedFields(item), message, method });
    outbox.reportStored(item, { message, method });
    for (const event of meanwhile) outbox.report({ type: 'room-event', event });
  }

  async #deliver(item: QueuedMessage, signal: AbortSignal): Promise<DeliveryOutcome> {
    const outbox = this.#outbox;
    try {
      const earlier = await ((item.left || item.stored || isStale(item, outbox.session)) &&
        (await outbox.loadFallback()).search(item, signal));
      // Discarded during the search: it must not be sent.
      if (earlier || item.discarded) return earlier || { is: 'unknown' };
      const outcome: DeliveryOutcome = item.files ? { is: 'unknown' } : await this.#bySocket(item, signal);
      if (outcome.is !== 'unknown' || item.discarded) return outcome;
      return await (await outbox.loadFallback()).withoutSocket(item, signal);
    } catch (thrown) {
      if (signal.aborted) return { is: 'retry', ms: null };
      return (
        outbox.fallback?.setback(item, toChatError(thrown)) ?? {
          is: 'retry',
          ms: backoff(++item.failures, outbox.session.platform.random),
        }
      );
    }
  }

  #bySocket(item: QueuedMessage, signal: AbortSignal): Promise<DeliveryOutcome> {
    const { session } = this.#outbox;
    const { roomId, content, replyTo, localId } = item;
    return new Promise((resolve) => {
      if (signal.aborted) return resolve({ is: 'retry', ms: null });
      if (!session.send({ type: 'send-message', roomId, content, ...(replyTo != null && { replyTo }), localId }))
        return resolve({ is: 'unknown' });
      item.left = 'websocket';
      const cancel = session.clock.after(session.timing.confirmMs, () => {
        void session.socket?.verify();
        item.answer?.({ is: 'unknown' });
      });
      item.answer = (outcome) => {
        cancel();
        item.answer = undefined;
        resolve(outcome);
      };
    });
  }
}
