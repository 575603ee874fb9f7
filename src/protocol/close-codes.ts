/**
 * The WebSocket close codes with a meaning in this protocol, and the reaction to each: the table in docs/PROTOCOL.md.
 */
export const CloseCode = {
  /** A regular end, by either side. */
  normal: 1000,
  /** The server shuts down, or the page is left. */
  goingAway: 1001,
  /** The browser's code for 'no close frame': a refused handshake, a broken connection. Never sent. */
  abnormal: 1006,
  /** The server does not accept the client, or its frame. */
  policy: 1008,
  /** A frame exceeded the server's limit. */
  tooBig: 1009,
  /** An unexpected error on the server. */
  serverError: 1011,
  /** The server restarts, and will be back. */
  serviceRestart: 1012,
  /** The server is overloaded. */
  tryAgainLater: 1013,
  /**
   * The token is missing, expired or refused. Sent by a backend that accepts the handshake first, or when a token
   * expires.
   */
  unauthorized: 4001,
  /** Set by the client: nothing was received within the deadline. */
  timeout: 4408,
  /** Set by the client: the socket has passed from one tab to another. */
  leaderGone: 4410,
} as const;

/**
 * The reaction to a close code:
 * - `backoff`: retry after a growing wait.
 * - `spread`: all clients were disconnected at once, so their retries are spread over some seconds.
 * - `renew`: request another token first.
 * - `now`: retry without a wait.
 */
export type AfterClose = 'backoff' | 'spread' | 'renew' | 'now';

const AFTER: Partial<Record<number, AfterClose>> = {
  [CloseCode.normal]: 'spread',
  [CloseCode.goingAway]: 'spread',
  [CloseCode.serviceRestart]: 'spread',
  [CloseCode.tryAgainLater]: 'spread',
  [CloseCode.unauthorized]: 'renew',
  [CloseCode.leaderGone]: 'now',
};

export const afterClose = (code: number): AfterClose => AFTER[code] ?? 'backoff';
