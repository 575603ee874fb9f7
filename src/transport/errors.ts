/** Everything that can go wrong between a page and its backend, by a name that stays the same between versions. */
export type ErrorCode =
  | 'aborted' // we gave up on it ourselves; never shown
  | 'unreachable' // no answer at all: server down, wrong host, network gone, or CORS (the browser does not tell)
  | 'timeout' // no answer in time
  | 'unauthorized' // 401, or close code 4001
  | 'forbidden' // 403
  | 'not_found' // 404
  | 'invalid' // 400 and other 4xx: the server says what is wrong with it
  | 'too_large' // 413
  | 'rate_limited' // 429: `retryAfterMs` says when
  | 'server_error' // 5xx, 421, 425
  | 'unexpected_answer' // 2xx, but not what the contract says: a login page, an HTML error page, another API
  | 'token_missing' // asked to connect without a token
  | 'bad_url' // `url`, `ws-path` or `api-path` do not make an address
  | 'backend_not_allowed' // the page names its backends (`<meta name="unified-chat-backends">`), and this is none of them
  | 'unsupported_auth' // `auth` names a mode that this version does not have
  | 'empty_message' // nothing to send
  | 'message_too_long' // longer than the server's `limits.content`
  | 'stale' // not sent for more than a day: its author is to say whether it still is to be
  | 'maybe_sent' // a similar message is stored; whether it is this one is not certain
  | 'discarded' // the user discarded it before it was stored
  | 'disconnected'; // no token, or another user's: this message will not be sent

/** The one error type of this package. `message` is a sentence for people; it never holds a token. */
export class ChatError extends Error {
  override readonly name = 'ChatError';
  constructor(
    readonly code: ErrorCode,
    message: string,
    /** HTTP status, where there was one. */
    readonly status?: number,
    /** Milliseconds after which the server allows another try. */
    readonly retryAfterMs?: number,
  ) {
    super(message);
  }
}

/** Any thrown thing as a ChatError. */
export const toChatError = (thrown: unknown): ChatError =>
  thrown instanceof ChatError ? thrown : new ChatError('unexpected_answer', thrown instanceof Error ? thrown.message : String(thrown));

/**
 * To be called after an `await`: the caller may have ended meanwhile, or may serve another user.
 * @throws {ChatError} `aborted`.
 */
export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new ChatError('aborted', 'The request was given up.');
}

/** Whether the server says that something is none of ours. */
export const isNoAccess = ({ code }: ChatError): boolean => code === 'forbidden' || code === 'not_found';
