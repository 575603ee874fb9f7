/** What a connection needs only once it has been up, when something goes wrong, or where there is a second tab: loaded then. */
export { catchUp } from './catch-up.js';
export { onSubscriptionEnded } from './ended-subscription.js';
export { canGoOnWithout } from './failing-room.js';
export { Heartbeat } from './heartbeat.js';
export { Recovery } from './recovery.js';
export { Company } from './company.js';
export { NotificationSwitch } from './notification-switch.js';
export { watchPage } from './page-life.js';
export { PersonWatch } from './person-watch.js';
export { readPage } from './read-older.js';
export { SecondChances } from './second-chances.js';
export { Renewal } from './renewal.js';
export { fetchToken, TOKEN_TIMEOUT_MS } from './token-url.js';
export { fetchTicket, markReadByRest, readOtherRooms, refusal } from '../transport/index.js';
