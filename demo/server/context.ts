/** What every part of one server shares. There is no module-level state: many servers can live in one process. */
import type { RateLimiterMemory } from 'rate-limiter-flexible';
import type { Hub } from './bus.js';
import type { Database } from './database.js';
import type { Differences } from './differences.js';
import type { Logger } from './log.js';
import type { ResolvedOptions } from './options.js';

export interface Context {
  options: ResolvedOptions;
  database: Database;
  /** Chat sockets. */
  hub: Hub;
  /** Notifications sockets. */
  notificationHub: Hub;
  differences: Differences;
  rate: RateLimiterMemory;
  log: Logger;
}
