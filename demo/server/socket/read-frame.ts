/**
 * Parses and validates frames of clients. Error texts match the recorded backend; in baseline mode, so do its internal
 * errors.
 */
import { ClientFrames, type ClientFrame } from '../../../src/protocol/client-frames.js';
import { check, type Schema } from '../../../src/protocol/validation.js';
import { handlesFrame } from '../capabilities.js';
import { toId } from '../errors.js';
import type { ResolvedOptions } from '../options.js';

export interface ErrorDetails {
  room_id?: unknown;
  message_id?: unknown;
  _tempId?: unknown;
  retry_after?: number | undefined;
}

export type Read =
  /** `roomId` is 0 for a frame that concerns no room. */
  | { ok: true; frame: ClientFrame; roomId: number }
  | { ok: false; code: string; message: string; details?: ErrorDetails };

const BEYOND_BASELINE: ReadonlySet<string> = new Set<ClientFrame['type']>([
  'sync',
  'authenticate',
  'edit_message',
  'delete_message',
  'react',
  'mark_unread',
  'mark_delivered',
]);
const WITHOUT_ROOM: ReadonlySet<string> = new Set<ClientFrame['type']>([
  'ping',
  'get_room_list',
  'sync',
  'authenticate',
]);

const MAX_ECHO = 200;

/**
 * A field that may be repeated to its sender: a short text or a number. Nested values would cost more to serialise than
 * to send.
 */
export const echo = (value: unknown): string | number | undefined =>
  Number.isFinite(value) || (typeof value === 'string' && value.length <= MAX_ECHO)
    ? (value as string | number)
    : undefined;

export function readFrame(text: string, options: Pick<ResolvedOptions, 'baseline' | 'without'>): Read {
  const { baseline } = options;
  const invalid = (message: string, code = 'invalid', details?: ErrorDetails): Read => ({
    ok: false,
    code,
    message,
    ...(details && { details }),
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return invalid('Invalid JSON format');
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return invalid(baseline ? "Internal error: 'list' object has no attribute 'get'" : 'A frame must be a JSON object');
  }
  const fields = json as Record<string, unknown>;
  const { type, room_id } = fields;
  const [message_id, _tempId] = [echo(fields['message_id']), echo(fields['_tempId'])];
  if (typeof type !== 'string' || type === '') return invalid("Missing 'type' field in message");
  const isKnown =
    Object.hasOwn(ClientFrames, type) &&
    !(baseline && BEYOND_BASELINE.has(type)) &&
    handlesFrame(options, type as ClientFrame['type']);
  if (!isKnown) return invalid(`Unknown message type: ${type.slice(0, 40)}`);
  const needsRoom = !WITHOUT_ROOM.has(type);
  if (needsRoom && (room_id === undefined || room_id === null))
    return invalid("Missing 'room_id' field", 'invalid', { _tempId });
  const roomId = needsRoom ? toId(room_id) : 0;
  if (roomId === null) {
    const shown = String(echo(room_id) ?? typeof room_id).slice(0, 40);
    return invalid(
      baseline ? `Internal error: Field 'id' expected a number but got '${shown}'.` : `Unknown room '${shown}'`,
      'unknown_room',
      { _tempId },
    );
  }
  // A missing content counts as an empty one.
  const complete = type === 'send_message' && fields['content'] == null ? { ...fields, content: '' } : fields;
  const frame = check((ClientFrames as Record<string, Schema>)[type]!, complete, type);
  if (!frame.ok)
    return invalid(`Invalid frame: ${frame.problem.detail}`, 'invalid', {
      room_id: roomId || undefined,
      message_id,
      _tempId,
    });
  return { ok: true, frame: frame.value as ClientFrame, roomId };
}
