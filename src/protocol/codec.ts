/**
 * Text from a socket → a frame that everybody inside may trust. Nothing past this point asks "is it a string?".
 */
import { Room } from './entities.js';
import { check, checkEach, type Problem, type Schema } from './validation.js';
import { ChatFrames, type ChatFrame } from './server-frames.js';

/** A frame, or none where the text held nothing usable; and everything that was not as agreed. */
export interface Decoded<Frame> {
  frame?: Frame;
  problems: Problem[];
}

export type Decode<Frame> = (data: unknown) => Decoded<Frame>;

/** Checks a frame by the schema that a table has for its type. */
export function decodeWith<Frame>(table: Record<string, Schema>, data: unknown): Decoded<Frame> {
  if (typeof data !== 'string') return failed('invalid_json', 'a binary frame');
  let json: unknown;
  try {
    json = JSON.parse(data);
  } catch {
    return failed('invalid_json', `a frame of ${data.length} characters is not JSON`);
  }
  return readFrame(table, json);
}

/** Anything else that stands in the place of a type may be a secret that a server repeats. */
const WORD = /^[a-z_]{1,40}$/;

const failed = (code: Problem['code'], detail: string): { problems: Problem[] } => ({ problems: [{ code, detail }] });

/** The same, for what has been parsed already. */
export function readFrame<Frame>(table: Record<string, Schema>, json: unknown): Decoded<Frame> {
  const type = (json as { type?: unknown } | null)?.type;
  if (typeof type !== 'string') return failed('invalid_frame', 'a frame without a type');
  // The type comes from the network: only names the table itself has count, never `constructor` or `__proto__`.
  const schema = Object.hasOwn(table, type) ? table[type] : undefined;
  if (!schema) return failed('unknown_frame', `frame of unknown type${WORD.test(type) ? ` '${type}'` : ''}`);
  const result = check(schema, json, type);
  return result.ok ? { frame: result.value as Frame, problems: [] } : { problems: [result.problem] };
}

/** Decodes one frame of the chat socket. */
export const decodeChatFrame: Decode<ChatFrame> = (data) => {
  const decoded = decodeWith<ChatFrame>(ChatFrames, data);
  if (decoded.frame?.type !== 'room_list') return decoded;
  const { items, problems } = checkEach(Room, decoded.frame.rooms, 'room_list.rooms');
  return { frame: { type: 'room_list', rooms: items, left_out: problems.length }, problems };
};
