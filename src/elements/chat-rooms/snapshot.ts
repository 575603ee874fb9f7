/** A list of rooms as a server has drawn it, on its way to the page in an attribute. */
import { check, checkEach, Room, type Id as IdType } from '../../protocol/index.js';
import { anything, Id, object, text, z } from '../../protocol/schema.js';

export interface Snapshot {
  /** Whose list this is. */
  readonly me: IdType;
  readonly rooms: readonly Room[];
  /** What the server has written for the time of a room's last message, by room. */
  readonly times: ReadonlyMap<string, string>;
  /** Base of relative addresses of pictures. */
  readonly url: string;
}

const Schema = object(() => ({ me: Id, rooms: z.array(anything), times: anything, url: text }));

/** @returns nothing for what is no snapshot; a room that is none is left out. */
export function readSnapshot(json: string | null | undefined): Snapshot | undefined {
  try {
    const result = check(Schema, JSON.parse(json ?? ''), 'snapshot');
    if (!result.ok) return undefined;
    const { me, rooms, times, url } = result.value;
    const said = Object.entries((times ?? {}) as Record<string, unknown>).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
    return { me, rooms: checkEach(Room, rooms, 'snapshot').items, times: new Map(said), url };
  } catch {
    return undefined;
  }
}

/** As much of the rooms as a list shows. */
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
      participants: participants.map(person),
      last_message: last_message && {
        content: last_message.content.slice(0, SHOWN),
        timestamp: last_message.timestamp,
        sender: last_message.sender && person(last_message.sender),
      },
    })),
  });

/** Of a message, so many characters at most can be seen in a list. */
const SHOWN = 200;

const person = ({ id, username, first_name, last_name, profile_picture }: Room['participants'][number]): object => ({ id, username, first_name, last_name, profile_picture });

