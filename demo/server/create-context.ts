/** Puts together what every part of one server shares, and takes it apart again. */
import type { Context } from './context.js';
import { openDatabase } from './database/database.js';
import { Delivery } from './cluster/broadcaster.js';
import { Differences } from './quirks.js';
import { joinFleet } from './cluster/cluster.js';
import { Hub } from './socket/hub.js';
import type { Logger } from './log.js';
import { migrate } from './database/migrations.js';
import { ring } from './socket/notifications.js';
import type { ResolvedOptions } from './options.js';
import { inTime } from './with-timeout.js';
import { newsAfter, startRepair } from './cluster/change-poller.js';
import { seed } from './database/seed.js';

const REPAIR_MS = 1_000;

export interface Assembled {
  context: Context;
  /** Call when nobody is connected any more. */
  close(): Promise<void>;
}

export async function assemble(options: ResolvedOptions, log: Logger): Promise<Assembled> {
  const database = await openDatabase(options.database);
  try {
    await migrate(database);
    if (options.seed) await seed(database, options.seed === 'transcript' ? 'transcript' : 'demo');
  } catch (error) {
    await database.close();
    throw error;
  }
  const hub = new Hub();
  const fleet = await joinFleet(options, hub, log);
  const { bus, presence, rate } = fleet;
  const parts = { options, database, log, hub, notificationHub: new Hub(), differences: new Differences(options.differences), presence, rate };
  const delivery = new Delivery({
    ...parts,
    bus,
    fetch: (roomId, after) => newsAfter(parts, roomId, after),
    ring: (messageId, userIds) => void ring(parts, messageId, userIds).catch((error: unknown) => log.error({ err: error }, 'could not ring')),
  });
  const repair = options.baseline ? undefined : startRepair(parts, delivery.sequencer);
  return {
    context: { ...parts, tell: (telling) => delivery.tell(telling) },
    async close() {
      // What it asks may hang; the rest is closed all the same.
      if (repair) await inTime(repair.stop(), REPAIR_MS);
      delivery.close();
      await fleet.close();
      await database.close();
    },
  };
}
