/** Capability `around`: the part of a room's history around a message or a time. */
import { field } from '../http/http-responses.js';
import { RequestError } from '../errors.js';
import { messageFromRow, messageQuery, type MessageRow, type Source, type WireMessage } from './messages.js';

/** A message, by its id, or the first message at or after a time. */
export type Target = { id: number } | { at: Date };

export interface Part {
  messages: WireMessage[];
  hasOlder: boolean;
  hasNewer: boolean;
  targetId: number | null;
  seq: number;
}

interface Row extends MessageRow {
  seq: number;
  is_before: boolean;
}

/** A time later than any message; also of a room without messages. */
const END = 'infinity';

/** @throws {RequestError} `unknown_message` if the room does not have the message. */
async function positionOf({ database }: Source, roomId: number, target: Target): Promise<[time: string, id: number]> {
  const [found] =
    'id' in target
      ? await database.query<{ time: string; id: number }>(
          'select created_at::text as time, id from messages where id = $2 and room_id = $1',
          [roomId, target.id],
        )
      : await database.query<{ time: string; id: number }>(
          `select created_at::text as time, id from messages where room_id = $1 and created_at >= $2
           order by created_at, id limit 1`,
          [roomId, target.at],
        );
  if (found) return [found.time, found.id];
  if ('id' in target) throw new RequestError('unknown_message', 'There is no such message.', { roomId });
  return [END, 0];
}

/**
 * About `limit` messages: half of them before the target, and half from it. One statement, so that `seq` fits them. The
 * room is a parameter: see `listMessages`.
 */
export async function listAround(
  source: Source,
  viewerId: number,
  roomId: number,
  target: Target,
  limit: number,
): Promise<Part> {
  const [time, id] = await positionOf(source, roomId, target);
  const [before, from] = [Math.floor(limit / 2), Math.ceil(limit / 2)];
  const side = (operator: '<' | '>=', direction: 'desc' | 'asc', count: string): string => `(
    select m.*, ${operator === '<'} as is_before from messages m
    where m.room_id = $2 and (m.created_at, m.id) ${operator} ($3::timestamptz, $4::int)
    order by m.created_at ${direction}, m.id ${direction} limit ${count})`;
  const rows = await source.database.query<Omit<Row, 'id'> & { id: number | null }>(
    messageQuery(
      source,
      'r.seq, m.is_before',
      `rooms r left join lateral (${side('<', 'desc', '$5')} union all ${side('>=', 'asc', '$6')}) m on true`,
      'r.id = $2 order by m.created_at, m.id',
    ),
    [viewerId, roomId, time, id, before + 1, from + 1],
  );
  const found = rows.filter((row): row is Row => row.id !== null);
  const older = found.filter((row) => row.is_before);
  const newer = found.filter((row) => !row.is_before);
  const page = [...older.slice(Math.max(0, older.length - before)), ...newer.slice(0, from)];
  return {
    messages: page.map((row) => messageFromRow(source, viewerId, row)),
    hasOlder: older.length > before,
    hasNewer: newer.length > from,
    targetId: newer[0]?.id ?? older.at(-1)?.id ?? null,
    seq: rows[0]?.seq ?? 0,
  };
}

/** @throws {RequestError} if the parameters are not valid. */
export function readTarget(around: number | null, at: string | undefined): Target | undefined {
  if (around !== null) return { id: around };
  if (!at) return undefined;
  const time = new Date(at);
  const year = time.getUTCFullYear();
  // PostgreSQL does not read all years that a Date can have.
  if (!(year >= 1 && year <= 9_999)) throw field('at', 'Must be a time: 2026-11-28T12:00:00Z.');
  return { at: time };
}
