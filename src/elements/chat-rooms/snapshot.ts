/** A server-rendered room list, as it is passed to the page in an attribute. */
import { check, checkEach, Room, type Id as IdType } from '../../protocol/index.js';
import { anything, Id, object, text, z } from '../../protocol/schema.js';

export interface Snapshot {
  /** The user whose rooms these are. */
  readonly me: IdType;
  readonly rooms: readonly Room[];
  /** The server's text for the time of a room's last message, by `idKey` of the room. */
  readonly times: ReadonlyMap<string, string>;
  /** Base for relative avatar addresses. */
  readonly url: string;
}

const Schema = object(() => ({ me: Id, rooms: z.array(anything), times: anything, url: text }));

/** @returns undefined if the value is not a snapshot. Invalid rooms are left out. */
export function readSnapshot(json: string | null | undefined): Snapshot | undefined {
  try {
    const result = check(Schema, JSON.parse(json ?? ''), 'snapshot');
    if (!result.ok) return undefined;
    const { me, rooms, times, url } = result.value;
    const texts = Object.entries((times ?? {}) as Record<string, unknown>).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    );
    return { me, rooms: checkEach(Room, rooms, 'snapshot').items, times: new Map(texts), url };
  } catch {
    return undefined;
  }
}

/** Serializes only the fields that the list displays. */
export const writeSnapshot = ({ me, rooms, times, url }: Snapshot): string =>
  JSON.stringify({
    me,
    url,
    times: Object.fromEntries(times),
    rooms: rooms.map(({ id, name, room_type, participants, last_message, unread_count }) => ({
      id,
      name,
      room_type,
      unread_count,
      participants: participants.map(userFields),
      last_message: last_message && {
        content: last_message.content.slice(0, MAX_PREVIEW),
        timestamp: last_message.timestamp,
        sender: last_message.sender && userFields(last_message.sender),
      },
    })),
  });

/** Longest preview of a message, in characters. */
const MAX_PREVIEW = 200;

type User = Room['participants'][number];
const userFields = ({ id, username, first_name, last_name, profile_picture }: User): object => ({
  id,
  username,
  first_name,
  last_name,
  profile_picture,
});
