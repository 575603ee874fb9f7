/**
 * Converts text from a socket to validated frames. Code that receives a frame need not check the types of its fields.
 */
import { Room } from './entities.js';
import { check, checkEach, type Problem, type Schema } from './validation.js';
import { ChatFrames, type ChatFrame } from './server-frames.js';

/** A frame, if the text contained a valid one, and all violations of the protocol. */
export interface Decoded<Frame> {
  frame?: Frame;
  problems: Problem[];
}

export type Decode<Frame> = (data: unknown) => Decoded<Frame>;

/** Validates a frame by the schema for its type in a table. */
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

/** A plausible frame type. Anything else may be a secret that the server repeats, and is not reported. */
const WORD = /^[a-z_]{1,40}$/;

const failed = (code: Problem['code'], detail: string): { problems: Problem[] } => ({ problems: [{ code, detail }] });

/** Like `decodeWith`, for parsed JSON. */
export function readFrame<Frame>(table: Record<string, Schema>, json: unknown): Decoded<Frame> {
  const type = (json as { type?: unknown } | null)?.type;
  if (typeof type !== 'string') return failed('invalid_frame', 'a frame without a type');
  // The type comes from the network: only the table's own properties count, never `constructor` or `__proto__`.
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
