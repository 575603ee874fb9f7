/** What every part of one server shares. There is no module-level state: many servers can live in one process. */
import type { RateLimiterAbstract } from 'rate-limiter-flexible';
import type { Telling } from './bus.js';
import type { Database } from './database.js';
import type { Differences } from './differences.js';
import type { Hub } from './hub.js';
import type { Logger } from './log.js';
import type { ResolvedOptions } from './options.js';
import type { Presence } from './presence.js';

export interface Context {
  options: ResolvedOptions;
  database: Database;
  /** Chat sockets. */
  hub: Hub;
  /** Notifications sockets. */
  notificationHub: Hub;
  /** Tells everybody, on every process. */
  tell(telling: Telling): void;
  presence: Presence;
  differences: Differences;
  rate: RateLimiterAbstract;
  log: Logger;
}
