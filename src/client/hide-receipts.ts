/** Hides the receipts of the user: capability `hide_receipts`. Loaded on first use: see people-methods.ts. */
import { throwIfAborted } from '../transport/index.js';
import { noop } from '../internal/noop.js';
import type { ConnectionParts } from './connection-parts.js';
import { hidden } from './delivery-receipts.js';
import { notSupported } from './people-requests-of.js';
import type { StateStore } from './state-store.js';

interface Changes {
  /** The last value that the server has confirmed. */
  confirmed: boolean;
  /** The last requested change. */
  last: Promise<void>;
}

/** The changes that the server has not answered. */
const running = new WeakMap<StateStore, Changes>();

/**
 * Shows the change at once. Of quick changes, the last one counts; if it fails, the last confirmed one is shown again.
 * @throws {ChatError}
 */
export async function hideReceipts(
  { session, store }: Pick<ConnectionParts, 'session' | 'store'>,
  hides: boolean,
): Promise<void> {
  const { signal } = session;
  if (!session.backend.has('hide_receipts')) throw notSupported();
  const offer = (hideReceipts: boolean) => {
    const { capabilities, limits } = store.data;
    return { type: 'offer', capabilities, limits, hideReceipts } as const;
  };
  const changes = running.get(store) ?? { confirmed: store.data.hideReceipts === true, last: Promise.resolve() };
  running.set(store, changes);
  // A greeting, whose list of capabilities is a new one, has the server's value, also if the answer is lost.
  const stop = store.subscribe((data, previous) => {
    if (data.capabilities !== previous.capabilities) changes.confirmed = data.hideReceipts === true;
  });
  store.dispatch(offer(hides));
  // In order, so that the last one counts for the server, too.
  const change = changes.last.catch(noop).then(async () => {
    const requests = await session.restOrThrow().deferred();
    if (!requests.hideReceipts) throw notSupported();
    await requests.hideReceipts(hides, signal);
    throwIfAborted(signal);
    changes.confirmed = hides;
  });
  changes.last = change;
  try {
    await change;
  } finally {
    stop();
    if (changes.last === change) {
      running.delete(store);
      // Receipts were dropped, and those that arrived meanwhile were not shown: they are requested again.
      if (!changes.confirmed) hidden.add(store);
      if (!signal.aborted) session.report(offer(changes.confirmed));
    }
  }
}
