import { noop } from '../../internal/noop.js';
import { idKey, type Id } from '../../protocol/index.js';
import type { Wait } from '../time-left.js';
import type { QueuedMessage } from './queued-message.js';

export interface Queue {
  items: QueuedMessage[];
  busy: boolean;
  /** Whether `flush` was called while busy: an attempt that has just failed may succeed now. */
  woken: boolean;
  /** The wait that the server requested. */
  wait: Wait;
  cancelRetry: () => void;
}

/** The messages that wait to be sent: one queue per room, in the order in which they were written. */
export class MessageQueues {
  readonly #queues = new Map<string, Queue>();

  /** All queues, including empty ones. */
  get all(): Queue[] {
    return [...this.#queues.values()];
  }

  get queuedMessages(): QueuedMessage[] {
    return this.all.flatMap(({ items }) => items);
  }

  /** The queue of a room; an empty one is created if there is none. */
  queueOf(roomId: Id): Queue {
    const key = idKey(roomId);
    let queue = this.#queues.get(key);
    if (!queue)
      this.#queues.set(
        key,
        (queue = { items: [], busy: false, woken: false, wait: { from: 0, ms: 0 }, cancelRetry: noop }),
      );
    return queue;
  }

  find(localId: string): QueuedMessage | undefined {
    return this.queuedMessages.find((candidate) => candidate.localId === localId);
  }

  remove(localId: string): QueuedMessage | undefined {
    const item = this.find(localId);
    if (item) {
      const { items } = this.queueOf(item.roomId);
      items.splice(items.indexOf(item), 1);
    }
    return item;
  }
}
