/**
 * Polls the database for changes that this process has not delivered, and delivers them. A process that dies between
 * commit and broadcast, a bus outage or a network partition therefore only delays delivery.
 */
import type { RoomUpdate } from './bus.js';
import { CHANGE_COLUMNS, type Change } from '../messages/changes.js';
import type { Context } from '../context.js';
import { updateOf } from '../rooms/room-updates.js';
import type { ReorderBuffer } from './reorder-buffer.js';

type Dependencies = Pick<Context, 'database' | 'options' | 'log'>;

const INTERVAL_MS = 2_000;
/** Younger changes may still arrive over the bus, in seconds. */
const MIN_AGE_S = 1;
/**
 * Each poll overlaps the previous one by this many seconds: `at` is set at insert, but visible only after the commit.
 */
const OVERLAP_S = 10;
const BATCH = 500;

/** The updates of a room after a seq, in order. */
export async function readUpdatesAfter(
  { database, options, log }: Dependencies,
  roomId: number,
  after: number,
): Promise<RoomUpdate[]> {
  try {
    const changes = await database.query<Change>(
      `select ${CHANGE_COLUMNS} from changes c where c.room_id = $1 and c.seq > $2 order by c.seq limit ${BATCH}`,
      [roomId, after],
    );
    const updates: RoomUpdate[] = [];
    for (const change of changes) updates.push(await updateOf({ database, options }, change));
    return updates;
  } catch (error) {
    log.error({ err: error, room: roomId }, 'reading room changes failed');
    return [];
  }
}

/** Polls for undelivered changes until it is stopped. */
export function startChangePoller(
  context: Dependencies,
  reorderBuffer: ReorderBuffer<RoomUpdate>,
): { stop(): Promise<void> } {
  const { database, log } = context;
  /** All changes before this time (database clock) are delivered. */
  let since: Date | undefined;
  let startedAt: Date | undefined;
  let polling: Promise<void> | undefined;

  async function poll(): Promise<void> {
    const rows = await database.query<{ now: Date; roomId: number | null; first: number; last: number }>(
      `select now() as now, c.room_id as "roomId", min(c.seq) as first, max(c.seq) as last
       from (select 1) one left join changes c on c.at > $1 and c.at < now() - ${MIN_AGE_S} * interval '1 second' group by c.room_id`,
      [since ?? 'infinity'],
    );
    for (const { roomId, first, last } of rows) {
      if (roomId === null) continue;
      // Nothing delivered for this room yet: everything since the last poll was missed.
      for (let known = reorderBuffer.last(roomId) ?? first - 1; known < last;) {
        const updates = await readUpdatesAfter(context, roomId, known);
        if (updates.length === 0) break;
        log.warn({ room: roomId, from: updates[0]!.seq, to: updates.at(-1)!.seq }, 'changes delivered late');
        updates.forEach((update) => reorderBuffer.accept(update));
        known = updates.at(-1)!.seq;
      }
    }
    const { now } = rows[0]!;
    const overlapping = new Date(now.getTime() - OVERLAP_S * 1_000);
    // Earlier changes concern no socket of this process.
    startedAt ??= now;
    since = overlapping > startedAt ? overlapping : startedAt;
  }

  const pollOnce = (): void => {
    polling ??= poll()
      .catch((error: unknown) => log.error({ err: error }, 'polling for undelivered changes failed'))
      .finally(() => (polling = undefined));
  };
  pollOnce();
  const timer = setInterval(pollOnce, INTERVAL_MS).unref();
  return {
    async stop() {
      clearInterval(timer);
      await polling;
    },
  };
}
