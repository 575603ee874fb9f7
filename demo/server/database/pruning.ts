/**
 * Deletes regularly what would otherwise grow with use: old notifications, the marks of those that were read one by
 * one, previous texts of messages, changes outside the sync window, unsent uploads, files of deleted messages, and what
 * is known about former members and created rooms. Every process does it; what one has deleted, the next does not find.
 *
 * The rest is bounded elsewhere: expired tickets are deleted when the next one is issued, and the rows of `reads`, like
 * the ids of `idempotent_send`, belong to a message and are deleted with it.
 */
import type { Context } from '../context.js';
import { deleteOldChanges } from '../messages/changes.js';
import { SINCE_DAYS } from '../rooms/room-pages.js';
import type { NotificationWindow, SyncWindow } from '../options.js';
import { deleteUnsent, pruneFiles } from '../uploads/prune-files.js';
import type { Queryable } from './database.js';

export const PRUNE_INTERVAL_MS = 600_000;
/** Only what has changed within this time is checked for being too many. Several intervals, in case one run fails. */
const LOOK_BACK_MS = 3_600_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** How long an `Idempotency-Key` identifies a room. */
const CREATED_ROOM_DAYS = 1;
/** Rows per statement, so that no statement takes long, even the first time. */
const BATCH = 5_000;

interface Windows {
  versionDays: number;
  notificationWindow: NotificationWindow;
  syncWindow: SyncWindow;
}

/** Deletes everything that is too old, or too much. */
export async function prune(
  database: Queryable,
  { notificationWindow: { days, perUser }, syncWindow, versionDays }: Windows,
  now: number,
): Promise<void> {
  const oldest = new Date(now - days * DAY_MS);
  const lookBack = new Date(now - LOOK_BACK_MS);
  await deleteBefore(database, 'notifications', 'created_at', oldest);
  // A mark is younger than its message, and messages that are so old have no notifications.
  await deleteBefore(database, 'notification_reads', 'read_at', oldest);
  await deleteBefore(database, 'message_versions', 'replaced_at', new Date(now - versionDays * DAY_MS));
  await deleteBefore(database, 'created_rooms', 'created_at', new Date(now - CREATED_ROOM_DAYS * DAY_MS));
  // One day more than they are asked for.
  await deleteBefore(database, 'former_members', 'left_at', new Date(now - (SINCE_DAYS + 1) * DAY_MS));
  await pruneNotifications(database, lookBack, perUser);
  await pruneMarks(database, lookBack, perUser);
  await pruneChanges(database, syncWindow, now);
  await deleteUnsent(database, now);
}

async function deleteBefore(database: Queryable, table: string, column: string, time: Date): Promise<void> {
  for (let deleted = BATCH; deleted === BATCH;) {
    const [row] = await database.query<{ deleted: number }>(
      `with gone as (
         delete from ${table} where ctid = any(array(
           select ctid from ${table} where ${column} < $1 order by ${column} limit ${BATCH})) returning 1)
       select count(*)::int as deleted from gone`,
      [time],
    );
    ({ deleted } = row!);
  }
}

/** A user with too many rows, and the newest row that is too many. */
interface Excess {
  userId: number;
  id: number;
}

/** Keeps the newest stored notifications of each user. */
async function pruneNotifications(database: Queryable, lookBack: Date, perUser: number): Promise<void> {
  const found = await database.query<Excess>(
    `select a.recipient as "userId", e.id from (select distinct recipient from notifications where created_at > $1) a
     cross join lateral (
       select id from notifications n where n.recipient = a.recipient order by id desc offset $2 limit 1) e`,
    [lookBack, perUser],
  );
  for (const { userId, id } of found)
    await database.query('delete from notifications where recipient = $1 and id <= $2', [userId, id]);
}

/** Keeps the newest marks of each user. All older notifications count as read, as after 'mark all as read'. */
async function pruneMarks(database: Queryable, lookBack: Date, perUser: number): Promise<void> {
  const found = await database.query<Excess>(
    `select a.user_id as "userId", e.message_id as id
     from (select distinct user_id from notification_reads where read_at > $1) a
     cross join lateral (
       select message_id from notification_reads i where i.user_id = a.user_id
       order by message_id desc offset $2 limit 1) e`,
    [lookBack, perUser],
  );
  // One user at a time: a statement that locked several members of one room could meet another in the opposite order.
  for (const { userId, id } of found) {
    await database.query(
      `with older as (update members set notified_up_to = $2, notified_at = now()
         where user_id = $1 and notified_up_to < $2)
       delete from notification_reads where user_id = $1 and message_id <= $2`,
      [userId, id],
    );
  }
}

/** A room with many changes deletes old ones by itself. This is for a room that was busy, and is quiet now. */
async function pruneChanges(database: Queryable, syncWindow: SyncWindow, now: number): Promise<void> {
  const end = now - syncWindow.hours * HOUR_MS;
  const rooms = await database.query<{ roomId: number }>(
    'select distinct room_id as "roomId" from changes where at > $1 and at <= $2',
    [new Date(end - LOOK_BACK_MS), new Date(end)],
  );
  for (const { roomId } of rooms) await deleteOldChanges(database, syncWindow, roomId);
}

/** Prunes regularly, until it is stopped. */
export function startPruning(context: Pick<Context, 'database' | 'storage' | 'incoming' | 'options' | 'log'>): {
  stop(): Promise<void>;
} {
  const { database, options, log } = context;
  const { clock } = options;
  let running: Promise<void> | undefined;
  /** A run that becomes due during another one follows it. */
  let isDue = false;
  let cancel = schedule();

  async function run(): Promise<void> {
    while (isDue) {
      isDue = false;
      await prune(database, options, clock.now());
      await pruneFiles(context);
    }
  }

  function schedule(): () => void {
    return clock.after(PRUNE_INTERVAL_MS, () => {
      cancel = schedule();
      isDue = true;
      running ??= run()
        .catch((error: unknown) => log.error({ err: error }, 'pruning failed'))
        .finally(() => (running = undefined));
    });
  }

  return {
    async stop() {
      cancel();
      await running;
    },
  };
}
