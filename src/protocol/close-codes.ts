/** WebSocket close codes that mean something here, and what is done about each: the table of docs/PROTOCOL.md. */
export const CloseCode = {
  /** Either side is done. */
  normal: 1000,
  /** The server or the page goes away. */
  goingAway: 1001,
  /** The browser's code for 'no close frame': a refused handshake, a broken connection. Never sent. */
  abnormal: 1006,
  /** The server does not want us, or this. */
  policy: 1008,
  /** A frame was longer than the server takes. */
  tooBig: 1009,
  /** The server met something it did not expect. */
  serverError: 1011,
  /** The server restarts; come back. */
  serviceRestart: 1012,
  /** The server has too much to do. */
  tryAgainLater: 1013,
  /** The token is missing, expired or refused. From a backend that accepts first, or when a token runs out. */
  unauthorized: 4001,
  /** Ours: nothing came back within the deadline. */
  timeout: 4408,
  /** Ours: the tab that held the socket for this one is gone. */
  leaderGone: 4410,
} as const;

/**
 * What to do after a close code:
 * - `backoff`: try again after a wait that grows.
 * - `spread`: everybody was sent away at once, so come back spread over some seconds.
 * - `renew`: get another token first.
 * - `now`: there is no reason to wait.
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
