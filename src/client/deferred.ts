/** Parts of a connection that the first messages do not need. Loaded together with session/deferred.ts. */
import type { StorageState } from '../model/index.js';

export * from '../store/history-pages.js';
export { clearLocalData } from './clear-local-data.js';
export { diagnose } from './diagnose.js';
export { loadHistoryPage, loadNewestPage } from './history-loader.js';
export { ReadReceipts } from './read-receipts.js';
export { afterEvent } from './room-events.js';
export { loadMethods } from './load-methods.js';
export { retryMessage } from './retry-message.js';
export { sendError } from './send-errors.js';
export { TypingNotifier } from './typing-notifier.js';

/** The problem that `chat-error` reports for a state of the local storage. */
export const STORAGE_PROBLEMS: Record<StorageState, readonly [code: string, message: string] | undefined> = {
  kept: undefined,
  'not-kept': [
    'storage_unavailable',
    'Keep this page open until your messages are sent: this device cannot store them.',
  ],
  outdated: ['reload_required', 'Reload to continue: another tab runs a newer version of this chat.'],
};
