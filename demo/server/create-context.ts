/** Creates the shared dependencies of a server, and releases them. */
import type { Context } from './context.js';
import { openDatabase } from './database/database.js';
import { startPruning } from './database/pruning.js';
import type { BusMessage } from './cluster/bus.js';
import { Broadcaster } from './cluster/broadcaster.js';
import { Differences } from './quirks.js';
import { joinCluster } from './cluster/cluster.js';
import { Hub } from './socket/hub.js';
import type { Logger } from './log.js';
import { migrate } from './database/migrations.js';
import { sendNotifications } from './socket/notifications.js';
import type { ResolvedOptions } from './options.js';
import { RateLimits } from './rate-limits.js';
import { settlesWithin } from './with-timeout.js';
import { readUpdatesAfter, startChangePoller } from './cluster/change-poller.js';
import { seed } from './database/seed.js';
import { startMoving } from './uploads/move-files.js';
import { startScanner } from './uploads/scanner.js';
import { openStorage } from './uploads/storage.js';

const STOP_MS = 1_000;

export interface ContextHandle {
  context: Context;
  /** Call after all sockets are closed. */
  close(): Promise<void>;
}

export async function createContext(options: ResolvedOptions, log: Logger): Promise<ContextHandle> {
  const files = await openStorage(options);
  const database = await openDatabase(options.database);
  try {
    await migrate(database, Infinity, {
      onApplied: ({ id }, ms) => log.info({ migration: id, ms: Math.round(ms) }, 'migration applied'),
      onBlocked: ({ id }) => log.warn({ migration: id }, 'a migration waits for a lock; it tries again in a second'),
    });
    if (options.seed) await seed(database, options.seed === 'transcript' ? 'transcript' : 'demo');
  } catch (error) {
    await database.close();
    await files.close();
    throw error;
  }
  const hub = new Hub();
  const cluster = await joinCluster(options, hub, log);
  const { bus, presence, createLimiter } = cluster;
  const dependencies = {
    options,
    database,
    storage: files.storage,
    incoming: files.incoming,
    log,
    hub,
    notificationHub: new Hub(),
    differences: new Differences(options.differences),
    presence,
    rateLimits: new RateLimits(options.limits, createLimiter, log),
  };
  const broadcaster = new Broadcaster({
    ...dependencies,
    bus,
    readUpdates: (roomId, after) => readUpdatesAfter(dependencies, roomId, after),
    sendNotifications: (messageId, userIds) =>
      void sendNotifications(dependencies, messageId, userIds).catch((error: unknown) =>
        log.error({ err: error }, 'sending notifications failed'),
      ),
  });
  const poller = options.baseline ? undefined : startChangePoller(dependencies, broadcaster.reorderBuffer);
  const withBroadcast = { ...dependencies, broadcast: (message: BusMessage) => broadcaster.broadcast(message) };
  const scanner = startScanner(withBroadcast);
  const background = [startPruning(dependencies), startMoving(dependencies), scanner, ...(poller ? [poller] : [])];
  return {
    context: { ...withBroadcast, wakeScanner: () => scanner.wake() },
    async close() {
      // A pending query may hang; the rest is closed regardless.
      await settlesWithin(Promise.all(background.map((task) => task.stop())), STOP_MS);
      broadcaster.close();
      await cluster.close();
      await database.close();
      await files.close();
    },
  };
}
