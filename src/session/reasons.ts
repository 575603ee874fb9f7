/**
 * Why a session is in the state it is in: a code that stays the same between versions, with a sentence for people.
 * A locale may say it in other words; this is what a page without elements has.
 */
export const REASONS = {
  no_token: 'Sign in to chat.',
  connecting: 'Connecting …',
  connected: 'Connected.',
  connection_lost: 'The connection was lost.',
  connection_silent: 'The connection went silent.',
  server_restarting: 'The server is restarting.',
  server_closed: 'The server closed the connection.',
  connection_refused: 'The server closed the connection: it does not accept this.',
  page_asleep: 'The page was put aside.',
  tab_changed: 'Another tab had the connection; it moves here.',
  token_changed: 'Signing in anew.',
  catching_up: 'Loading what came in meanwhile.',
  websocket_unavailable: 'The live connection is not available yet; messages go over REST.',
  websocket_blocked: 'The live connection is blocked, perhaps by a proxy or because this site is not allowed; messages go over REST.',
  websocket_lost: 'The live connection is not available; messages go over REST.',
  browser_offline: 'Your device is offline.',
  server_unreachable: 'The server cannot be reached.',
  server_slow: 'The server does not answer in time.',
  server_busy: 'The server asks for a little patience.',
  server_failing: 'The server has a problem.',
  unexpected_answer: 'Something between you and the server answers in its place.',
  origin_refused: 'This site is not allowed to connect.',
  access_refused: 'The server does not let you in.',
  token_endpoint_unreachable: 'The site cannot be asked for your sign-in.',
  internal_error: 'The chat has a problem of its own.',
  token_missing: 'You are not signed in.',
  token_expired: 'Your sign-in has expired.',
  token_refused: 'Your sign-in was not accepted.',
  bad_configuration: 'The chat is not set up correctly.',
} as const;

export type ReasonCode = keyof typeof REASONS;

export interface Reason {
  readonly code: ReasonCode;
  readonly message: string;
}

export const reason = (code: ReasonCode): Reason => ({ code, message: REASONS[code] });
