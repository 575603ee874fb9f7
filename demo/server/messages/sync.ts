/** Capability `sync`: the changes of rooms since a given seq, as one client sees them. */
import { CHANGE_COLUMNS, frameOf, showsMessage, type Change } from './changes.js';
import { getMessages, type Source } from './messages.js';
import { RequestError, toId } from '../errors.js';

/**
 * Maximum changes per response: of one room, and in total. Each may contain a message of 4,000 characters, and many
 * clients may ask at once.
 */
const MAX_OF_ROOM = 200;
const MAX_OF_ALL = 200;
const MAX_ROOMS = 500;

interface SyncRow extends Partial<Change> {
  room: number;
  last: number;
  oldest: number | null;
  since: number;
}

export interface RoomSync {
  room_id: number;
  seq: number;
  expired: boolean;
  has_more: boolean;
  changes: object[];
}

/** Parses the seqs a client knows: `[room, seq]`. @throws {RequestError} if the list is too long. */
export function readKnown(entries: [room: string, seq: number][]): Map<number, number> {
  if (entries.length > MAX_ROOMS)
    throw new RequestError('invalid', `At most ${MAX_ROOMS} rooms are allowed per request.`, { field: 'room' });
  const known = new Map<number, number>();
  for (const [room, seq] of entries) {
    const id = toId(room);
    // An impossible seq is reported as expired.
    if (id !== null) known.set(id, toId(seq) ?? IMPOSSIBLE_SEQ);
  }
  return known;
}

/** Larger than any seq. */
const IMPOSSIBLE_SEQ = 2 ** 31 - 1;

/** The changes after the `known` seq of each room. Rooms that the viewer is not a member of are left out. */
export async function syncRooms(
  source: Source,
  viewerId: number,
  known: ReadonlyMap<number, number>,
): Promise<RoomSync[]> {
  const rows = await source.database.query<SyncRow>(
    `select r.id as room, r.seq as last, asked.since, (select min(o.seq) from changes o where o.room_id = r.id) as oldest, ${CHANGE_COLUMNS}
     from unnest($2::int[], $3::int[]) with ordinality as asked (room, since, place)
     join rooms r on r.id = asked.room and r.is_active
     join members me on me.room_id = r.id and me.user_id = $1
     left join lateral (select * from changes n where n.room_id = r.id and n.seq > asked.since order by n.seq limit $4) c on true
     order by asked.place, c.seq`,
    [viewerId, [...known.keys()], [...known.values()], MAX_OF_ROOM + 1],
  );
  const found = new Map<number, Change[]>();
  for (const row of rows) {
    if (!found.has(row.room)) found.set(row.room, []);
    if (isChange(row)) found.get(row.room)!.push(row);
  }
  const taken: { room: Omit<RoomSync, 'changes'>; changes: Change[] }[] = [];
  let left = MAX_OF_ALL;
  for (const { room: room_id, last, oldest, since } of rows.filter(
    ({ room }, index) => room !== rows[index - 1]?.room,
  )) {
    if (since > last || (since < last && (oldest === null || since + 1 < oldest))) {
      taken.push({ room: { room_id, seq: last, expired: true, has_more: false }, changes: [] });
      continue;
    }
    const all = found.get(room_id)!;
    const changes = all.slice(0, Math.min(MAX_OF_ROOM, left));
    left -= changes.length;
    const has_more = changes.length < all.length;
    taken.push({ room: { room_id, seq: has_more ? since + changes.length : last, expired: false, has_more }, changes });
  }
  const ids = taken.flatMap(({ changes }) => changes.filter(showsMessage).map(({ messageId }) => messageId!));
  const messages = await getMessages(source, viewerId, [...new Set(ids)]);
  return taken.map(({ room, changes }) => ({
    ...room,
    changes: withoutRedundant(changes).flatMap(
      (change) => frameOf(change, viewerId, messages.get(change.messageId!)) ?? [],
    ),
  }));
}

const isChange = (row: SyncRow): row is SyncRow & Change => row.seq != null;

/** Drops redundant changes: frames contain the current state of a message, so its first frame suffices. */
function withoutRedundant(changes: readonly Change[]): Change[] {
  const shown = new Set<number>();
  const reacted = new Set<number>();
  return changes.filter(({ kind, messageId }) => {
    if (messageId === null || kind === 'message_deleted' || kind === 'message_read') return true;
    if (kind === 'reactions_updated') return !shown.has(messageId) && reacted.size < reacted.add(messageId).size;
    return shown.size < shown.add(messageId).size;
  });
}
