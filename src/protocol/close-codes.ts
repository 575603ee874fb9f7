/** WebSocket close codes that mean something here. docs/PROTOCOL.md has the table: code, meaning, what we do. */
export const CloseCode = {
  /** Either side is done. */
  normal: 1000,
  /** The server or the page goes away. */
  goingAway: 1001,
  /** The browser's own word for 'no close frame': a refused handshake, a cut line. Never sent. */
  abnormal: 1006,
  /** The server met something it did not expect. */
  serverError: 1011,
  /** The server restarts; come back. */
  serviceRestart: 1012,
  /** The token is missing, expired or refused. From a backend that accepts first, or when a token runs out. */
  unauthorized: 4001,
  /** Ours: nothing came back within the deadline. */
  timeout: 4408,
} as const;
