/**
 * The kinds of errors. The codes are stable between versions.
 *
 * - `aborted`: the operation was cancelled, by a signal or because the connection was stopped or reconfigured.
 * - `unreachable`: no response: server down, wrong host, no network, or a CORS error (indistinguishable in browsers).
 * - `timeout`: no response in time.
 * - `unauthorized`: HTTP 401, or close code 4001. The token was not accepted, or the user has signed out.
 * - `forbidden`: HTTP 403.
 * - `not_found`: HTTP 404, or an id that does not exist.
 * - `invalid`: HTTP 400 and other 4xx: the server rejected the request. `message` has its explanation.
 * - `conflict`: the message was edited on another device meanwhile, or a failed message may have been sent.
 * - `not_supported`: the backend does not have the capability.
 * - `too_far_back`: a message is not on the 20 pages of history that are loaded to find it.
 * - `too_large`: HTTP 413, or a file exceeds the server's `limits.attachment_bytes`.
 * - `unsupported_type`: HTTP 415, or `limits.accept` does not contain the type of a file.
 * - `too_many`: a message has more files than the server's `limits.attachments`, or too many files are being uploaded.
 * - `file_lost`: the file of a message is not on this device any more.
 * - `rate_limited`: HTTP 429. `retryAfterMs` is the wait before a retry, if the server specifies it.
 * - `server_error`: HTTP 5xx, 421 or 425.
 * - `unexpected_answer`: a successful response with unexpected content: a login page, an HTML error page, another API.
 * - `token_missing`: there is no token.
 * - `bad_url`: `url`, `wsPath` or `apiPath` do not make a valid address.
 * - `backend_not_allowed`: the page restricts its backends (`<meta name="unified-chat-backends">`) and this is none of
 *   them.
 * - `unsupported_auth`: `auth` is not a mode that this version supports.
 * - `empty_message`: the message has no text.
 * - `message_too_long`: the message exceeds the server's `limits.content`.
 * - `stale`: the message has waited for more than a day. The user decides whether to `retry` or `discard` it.
 * - `maybe_sent`: a similar message is stored, and may be this one. The user decides whether to `retry` or `discard`
 *   it.
 * - `discarded`: the user discarded the message before it was stored.
 * - `disconnected`: the user has signed out or changed, so the message will not be sent.
 */
export type ErrorCode =
  | 'aborted'
  | 'unreachable'
  | 'timeout'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'invalid'
  | 'conflict'
  | 'not_supported'
  | 'too_far_back'
  | 'too_large'
  | 'unsupported_type'
  | 'too_many'
  | 'file_lost'
  | 'rate_limited'
  | 'server_error'
  | 'unexpected_answer'
  | 'token_missing'
  | 'bad_url'
  | 'backend_not_allowed'
  | 'unsupported_auth'
  | 'empty_message'
  | 'message_too_long'
  | 'stale'
  | 'maybe_sent'
  | 'discarded'
  | 'disconnected';

/**
 * The error type of this package.
 *
 * @example
 * try {
 *   await connection.sendChatMessage(roomId, text);
 * } catch (error) {
 *   if (error instanceof ChatError && error.code === 'message_too_long') showLimit();
 * }
 */
export class ChatError extends Error {
  override readonly name = 'ChatError';
  /** @param message an English sentence for users. Never contains a token. */
  constructor(
    /** The kind of the error: see {@link ErrorCode}. Stable between versions. */
    readonly code: ErrorCode,
    message: string,
    /** HTTP status of the response, if there was one. */
    readonly status?: number,
    /** Time after which the server allows another attempt, in milliseconds. */
    readonly retryAfterMs?: number,
    /** The body of the response, if it is JSON. Not validated. */
    readonly answer?: unknown,
  ) {
    super(message);
  }
}

/** Converts any thrown value to a ChatError. */
export const toChatError = (thrown: unknown): ChatError =>
  thrown instanceof ChatError
    ? thrown
    : new ChatError('unexpected_answer', thrown instanceof Error ? thrown.message : String(thrown));

/**
 * Handles a failed dynamic import.
 * @throws {ChatError} `unreachable`
 */
export function throwNotLoaded(): never {
  throw new ChatError('unreachable', 'A part of the chat could not be loaded.');
}

/**
 * Call it after every `await`: the operation may have been cancelled, or the user may have changed, in the meantime.
 * @throws {ChatError} `aborted`
 */
export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new ChatError('aborted', 'The request was aborted.');
}

/** Whether the server has refused access. */
export const isNoAccess = ({ code }: ChatError): boolean => code === 'forbidden' || code === 'not_found';
