/** Reads a part of a history that the checks of the capability `around` can compare with. */
import { isId } from '../internal/is-id.js';
import type { Id } from '../protocol/index.js';
import type { CheckContext } from './check-context.js';
import { isOldestFirst } from './oldest-first.js';
import { isResponse } from './raw-request.js';
import { isRecord } from './shapes.js';

export interface SampleMessage {
  readonly id: Id;
  readonly timestamp: string;
}

/** The newest messages of a room, oldest first. */
export interface HistorySample {
  readonly path: string;
  readonly messages: readonly SampleMessage[];
  /** Whether there are messages before the first one. */
  readonly hasMore: boolean;
}

/** Enough messages for a target with others before and after it. */
const SAMPLE_SIZE = 20;
/** Reads no more histories than this to find a long one. */
const MAX_ROOMS = 5;

/**
 * The longest history of the first few rooms that may be read, the room under test first.
 * @param minimum the number of messages that it must have at least.
 * @param write whether the room under test may be read although it has unread messages.
 */
export async function sampleHistory(
  context: CheckContext,
  minimum: number,
  write: boolean,
): Promise<HistorySample | { reason: string }> {
  let longest: HistorySample | undefined;
  let reason = tooShort(minimum, write);
  for (const id of readableRooms(context, write).slice(0, MAX_ROOMS)) {
    const sample = await readSample(context, id);
    if ('reason' in sample) reason = sample.reason;
    else if (sample.messages.length > (longest?.messages.length ?? -1)) longest = sample;
    if (longest && longest.messages.length >= SAMPLE_SIZE) break;
  }
  if (longest && longest.messages.length >= minimum) return longest;
  return { reason: longest ? tooShort(minimum, write) : reason };
}

const tooShort = (minimum: number, write: boolean): string =>
  write
    ? `this needs a room with at least ${minimum} messages`
    : `this needs a room with at least ${minimum} messages, none of them unread; on some backends reading a history ` +
      'marks it as read, so only --write --room ID reads a room with unread messages';

/** Rooms without unread messages: reading their histories changes nothing, even if the backend marks them as read. */
function readableRooms(context: CheckContext, write: boolean): Id[] {
  const ids = context.roomEntries.flatMap((room) => {
    if (!isRecord(room) || !isId(room['id'])) return [];
    const isRead = room['unread_count'] === 0 && (room['first_unread_id'] ?? null) === null;
    return isRead || (write && room['id'] === context.room) ? [room['id']] : [];
  });
  return ids.sort((a, b) => Number(b === context.room) - Number(a === context.room));
}

async function readSample(context: CheckContext, roomId: Id): Promise<HistorySample | { reason: string }> {
  const path = `rooms/${encodeURIComponent(roomId)}/messages/`;
  const result = await context.request(`${path}?limit=${SAMPLE_SIZE}`);
  if (!isResponse(result)) return { reason: result.reason };
  const body = isRecord(result.json) ? result.json : {};
  const messages = body['messages'];
  if (result.status !== 200 || !Array.isArray(messages)) {
    return { reason: `GET ${context.routePath(path)} returned ${result.status} without a list of messages` };
  }
  const usable = messages.filter(isSampleMessage);
  if (!isOldestFirst(usable)) return { reason: `GET ${context.routePath(path)} does not return the oldest first` };
  return { path, messages: usable, hasMore: body['has_more'] === true };
}

const isSampleMessage = (message: unknown): message is SampleMessage & Record<string, unknown> =>
  isRecord(message) && isId(message['id']) && typeof message['timestamp'] === 'string';
