/**
 * Finds changes that this process was not told of, and tells its sockets. That is all that makes several processes
 * complete: one that dies between storing and telling, a bus that is down, a line between two that is cut, cost a
 * moment and nothing else.
 */
import type { News } from './bus.js';
import { CHANGE_COLUMNS, type Change } from '../messages/changes.js';
import type { Context } from '../context.js';
import { newsOf } from '../rooms/room-updates.js';
import type { Sequencer } from './reorder-buffer.js';

type Parts = Pick<Context, 'database' | 'options' | 'log'>;

const EVERY_MS = 2_000;
/** What is younger may be on its way still, in seconds. */
const ON_ITS_WAY_S = 1;
/** Looks so far back behind the last look, in seconds: a change is dated when it is made, and visible when it is committed. */
const OVERLAP_S = 10;
const BATCH = 500;

/** The news of a room after a seq, in order. */
export async function newsAfter({ database, options, log }: Parts, roomId: number, after: number): Promise<News[]> {
  try {
    const changes = await database.query<Change>(`select ${CHANGE_COLUMNS} from changes c where c.room_id = $1 and c.seq > $2 order by c.seq limit ${BATCH}`, [roomId, after]);
    const news: News[] = [];
    for (const change of changes) news.push(await newsOf({ database, options }, change));
    return news;
  } catch (error) {
    log.error({ err: error, room: roomId }, 'changes could not be read');
    return [];
  }
}

/** Looks for untold changes, now and then, until it is stopped. */
export function startRepair(context: Parts, sequencer: Sequencer<News>): { stop(): Promise<void> } {
  const { database, log } = context;
  /** Everything before this moment, by the clock of the database, is told. */
  let since: Date | undefined;
  let begun: Date | undefined;
  let looking: Promise<void> | undefined;

  async function look(): Promise<void> {
    const rows = await database.query<{ now: Date; roomId: number | null; first: number; last: number }>(
      `select now() as now, c.room_id as "roomId", min(c.seq) as first, max(c.seq) as last
       from (select 1) one left join changes c on c.at > $1 and c.at < now() - ${ON_ITS_WAY_S} * interval '1 second' group by c.room_id`,
      [since ?? 'infinity'],
    );
    for (const { roomId, first, last } of rows) {
      if (roomId === null) continue;
      // A room of which nothing was ever heard: everything since the last look was missed.
      for (let known = sequencer.last(roomId) ?? first - 1; known < last; ) {
        const news = await newsAfter(context, roomId, known);
        if (news.length === 0) break;
        log.warn({ room: roomId, from: news[0]!.seq, to: news.at(-1)!.seq }, 'told late');
        news.forEach((each) => sequencer.accept(each));
        known = news.at(-1)!.seq;
      }
    }
    const { now } = rows[0]!;
    const overlapping = new Date(now.getTime() - OVERLAP_S * 1_000);
    // Before this process began nobody was connected to it.
    begun ??= now;
    since = overlapping > begun ? overlapping : begun;
  }

  const lookOnce = (): void => {
    looking ??= look()
      .catch((error: unknown) => log.error({ err: error }, 'could not look for untold changes'))
      .finally(() => (looking = undefined));
  };
  lookOnce();
  const timer = setInterval(lookOnce, EVERY_MS).unref();
  return {
    async stop() {
      clearInterval(timer);
      await looking;
    },
  };
}
