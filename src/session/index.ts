export type { Timing } from './session-context.js';
export * from './session.js';
export { isSamePerson } from './auth/token-manager.js';
export { loadDeferred, loadWithDeferred } from './load-deferred.js';
export type { MessageStorage } from './outbox/message-storage.js';
export type { TabApis } from './tabs/tab-channel.js';
