/** A request that is understood and not granted, said once for both ways: an `error` frame or an HTTP status. */
export type RefusalCode =
  | 'access_denied'
  | 'empty_content'
  | 'too_long'
  | 'rate_limited'
  | 'invalid'
  | 'unknown_room'
  | 'unknown_message'
  | 'not_yours'
  | 'conflict'
  | 'too_large';

export class Refusal extends Error {
  override readonly name = 'Refusal';
  constructor(
    readonly code: RefusalCode,
    message: string,
    readonly details: {
      /** The field of a REST body that is wrong. */
      field?: string;
      /** Seconds. */
      retryAfter?: number;
      /** The room that it is about, where one is known. */
      roomId?: number;
      messageId?: number;
    } = {},
  ) {
    super(message);
  }
}

export const accessDenied = (roomId: number): Refusal => new Refusal('access_denied', `Access denied to room ${roomId}`, { roomId });

/** The largest id that the database has room for. */
const MAX_ID = 2 ** 31 - 1;

/** An id from outside: ours are whole numbers, and arrive as such or as digits. */
export function toId(value: unknown): number | null {
  const digits = typeof value === 'number' ? String(value) : value;
  if (typeof digits !== 'string' || !/^\d{1,10}$/.test(digits)) return null;
  const id = Number(digits);
  return id <= MAX_ID ? id : null;
}
