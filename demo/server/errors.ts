/** Rejected requests, independent of the transport: sent as an `error` frame or as an HTTP status. */
export type RequestErrorCode =
  | 'access_denied'
  | 'empty_content'
  | 'too_long'
  | 'rate_limited'
  | 'invalid'
  | 'unknown_room'
  | 'unknown_message'
  | 'unknown_user'
  | 'not_yours'
  | 'not_allowed'
  | 'room_closed'
  | 'conflict'
  | 'too_late'
  | 'too_large'
  | 'unsupported_type'
  | 'unknown_upload'
  | 'unavailable';

export class RequestError extends Error {
  override readonly name = 'Refusal';
  constructor(
    readonly code: RequestErrorCode,
    message: string,
    readonly details: {
      /** The invalid field of a REST body. */
      field?: string;
      /** Seconds. */
      retryAfter?: number;
      /** The room concerned, if known. */
      roomId?: number | undefined;
      messageId?: number;
      /** `conflict`: the current version of the message. */
      current?: object | undefined;
    } = {},
  ) {
    super(message);
  }
}

export const accessDenied = (roomId: number): RequestError =>
  new RequestError('access_denied', `Access denied to room ${roomId}`, { roomId });

/** Maximum of the database's id type. */
const MAX_ID = 2 ** 31 - 1;

/** Parses an external id: an integer, or a string of digits. */
export function toId(value: unknown): number | null {
  const digits = typeof value === 'number' ? String(value) : value;
  if (typeof digits !== 'string' || !/^\d{1,10}$/.test(digits)) return null;
  const id = Number(digits);
  return id <= MAX_ID ? id : null;
}
