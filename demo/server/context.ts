/** What every part of one server shares. There is no module-level state: many servers can live in one process. */
import type { RateLimiterAbstract } from 'rate-limiter-flexible';
import type { Telling } from './cluster/bus.js';
import type { Database } from './database/database.js';
import type { Differences } from './quirks.js';
import type { Hub } from './socket/hub.js';
import type { Logger } from './log.js';
import type { ResolvedOptions } from './options.js';
import type { Presence } from './cluster/presence.js';

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
