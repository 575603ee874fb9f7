/** The search field of the room list. */
import type { Room } from '../../protocol/index.js';

/** Accents of Latin, Greek and Cyrillic letters; Hebrew and Arabic vowel signs. */
const MARKS = /[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]/g;

/**
 * The form in which texts are compared: without case, accents and composition. Lower case comes before upper case,
 * because only `ß` has the upper case `SS`, which `ẞ` has to equal; `İ`, `I`, `i` and `ı` all become `I`.
 */
const comparable = (text: string): string => text.normalize('NFKD').toLowerCase().toUpperCase().replace(MARKS, '');

/** The comparable texts of each room that was compared before: a list of 10,000 is filtered with each key. */
const texts = new WeakMap<Room, string>();

function textOf(room: Room): string {
  const known = texts.get(room);
  if (known !== undefined) return known;
  const participants = room.participants.map((user) => `${user.first_name} ${user.last_name} ${user.username}`);
  // A query has no line breaks.
  const text = comparable([room.name, ...participants, room.last_message?.content].join('\n'));
  texts.set(room, text);
  return text;
}

/** The rooms whose name, participants or last message contain the query; all rooms if it is blank. */
export function filterRooms(rooms: readonly Room[], query: string): readonly Room[] {
  const wanted = comparable(query.trim());
  return wanted ? rooms.filter((room) => textOf(room).includes(wanted)) : rooms;
}
