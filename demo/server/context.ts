/**
 * Dependencies shared by all parts of one server. There is no module-level state: several servers can run in one
 * process.
 */
import type { BusMessage } from './cluster/bus.js';
import type { Database } from './database/database.js';
import type { Differences } from './quirks.js';
import type { Hub } from './socket/hub.js';
import type { Logger } from './log.js';
import type { ResolvedOptions } from './options.js';
import type { Presence } from './cluster/presence.js';
import type { RateLimits } from './rate-limits.js';
import type { FileStorage } from './uploads/file-storage.js';

export interface Context {
  options: ResolvedOptions;
  database: Database;
  storage: FileStorage;
  /** A local folder for files that are being received. */
  incoming: string;
  /** Chat sockets. */
  hub: Hub;
  /** Notification sockets. */
  notificationHub: Hub;
  /** Delivers to all affected sockets, on every process. */
  broadcast(message: BusMessage): void;
  /** A file waits to be scanned. */
  wakeScanner(): void;
  presence: Presence;
  differences: Differences;
  rateLimits: RateLimits;
  log: Logger;
}
