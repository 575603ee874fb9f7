/** The code that a connection needs only once it is up, after a failure, or with a second tab. Loaded on demand. */
export { catchUp } from './sync/catch-up.js';
export { onSubscriptionEnded } from './sync/subscription-ended.js';
export { canContinueWithout } from './sync/room-retry.js';
export { Heartbeat } from './heartbeat.js';
export { Reconnect } from './reconnect.js';
export { SharedSocket } from './tabs/shared-socket.js';
export { NotificationLoader } from './notifications/notification-loader.js';
export { watchPage } from './page-lifecycle.js';
export { UserChannel } from './tabs/user-channel.js';
export { listBySocket } from './sync/list-by-socket.js';
export { markRead } from './sync/mark-read.js';
export { listPages, readMore } from './sync/room-pages.js';
export { readPage } from './sync/history-page.js';
export { DeliveryFallback } from './outbox/delivery-fallback.js';
export { TokenFlow } from './auth/token-flow.js';
export { fetchToken, TOKEN_TIMEOUT_MS } from './auth/token-endpoint.js';
export { deferredRequests, readOtherRooms, toHttpError } from '../transport/index.js';
