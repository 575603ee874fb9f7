/** Holds the state, changes it with the reducer only, and notifies subscribers. */
import { callListener } from '../internal/call-listener.js';
import type { Action } from '../store/actions.js';
import { reduce } from '../store/reduce.js';
import { currentReason, totalUnread } from '../store/selectors.js';
import { INITIAL, type ChatData } from '../store/state.js';
import { ListenerRegistry } from './events.js';

export class StateStore {
  readonly events = new ListenerRegistry();
  readonly #subscribers = new Set<(previous: ChatData) => void>();
  #data = INITIAL;

  get data(): ChatData {
    return this.#data;
  }

  /**
   * Calls `listener` after every change.
   * @returns a function that unsubscribes.
   */
  subscribe(listener: (data: ChatData, previous: ChatData) => void): () => void {
    const notify = (previous: ChatData): void => callListener(() => listener(this.#data, previous));
    this.#subscribers.add(notify);
    return () => void this.#subscribers.delete(notify);
  }

  dispatch(action: Action): void {
    const before = this.#data;
    const after = (this.#data = reduce(before, action));
    if (after === before) return;
    for (const notify of this.#subscribers) notify(before);
    const reason = currentReason(after);
    if (before.phase.is !== after.phase.is || currentReason(before).code !== reason.code) {
      this.events.emit('chat-state-change', { state: after.phase.is, previous: before.phase.is, reason });
    }
    if (before.rooms === after.rooms) return;
    const total = totalUnread(after);
    if (totalUnread(before) !== total) this.events.emit('chat-unread-change', { total });
  }
}
