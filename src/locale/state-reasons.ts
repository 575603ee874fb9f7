import type { LATER_REASONS } from './deferred-state-reasons.js';

const FIRST_REASONS = {
  no_token: 'Sign in to chat.',
  connecting: 'Connecting…',
  connected: 'Connected.',
  catching_up: 'Loading missed messages…',
  server_unreachable: 'The server cannot be reached.',
  internal_error: 'The chat has an internal error.',
  bad_configuration: 'The chat is not set up correctly.',
};

/**
 * Why a connection is in its state. The codes stay the same between versions.
 *
 * - `no_token` (`idle`): there is no token, so no user is signed in.
 * - `connecting`, `connected`: the state itself.
 * - `catching_up`: the socket is open, and missed messages are being loaded.
 * - `token_changed`: the connection is signing in with another token.
 * - `token_missing`, `token_expired`, `token_refused` (`unauthorized`): there is no usable token.
 * - `token_endpoint_unreachable`: the page could not be asked for a token.
 * - `token_endpoint_failing` (`unauthorized`): `token-url` answers with something other than a token.
 * - `connection_lost`, `connection_silent`: the socket was closed without a reason, or stopped responding.
 * - `server_restarting`, `server_closed`, `connection_refused`, `server_busy`: the server closed the socket: for a
 *   restart, for no stated reason, because it did not accept the connection, or because of a rate limit.
 * - `page_asleep`: the page was suspended by the browser.
 * - `tab_changed`: the shared socket is moving to this tab from another one.
 * - `websocket_unavailable`, `websocket_blocked`, `websocket_lost` (`polling`): the socket could not be opened, is
 *   blocked while REST works, or was lost.
 * - `browser_offline` (`offline`): the device has no network.
 * - `server_unreachable`, `server_slow`, `server_failing`: REST gets no response, none in time, or an error.
 * - `unexpected_answer`: something other than the backend responds, such as a captive portal.
 * - `origin_refused`, `access_refused`: the backend does not accept this site, or this user.
 * - `bad_configuration`: the configuration is wrong; `chat-error` has the details.
 * - `internal_error`: a bug in the chat.
 */
export type ReasonCode = keyof typeof FIRST_REASONS | keyof typeof LATER_REASONS;

/**
 * An English sentence for each code, for pages without elements; locales translate them. The sentences in
 * deferred-state-reasons.ts are added when the code that sets those reasons is loaded.
 */
export const REASONS = FIRST_REASONS as Record<ReasonCode, string>;

/** Why a connection is in its state. */
export interface Reason {
  /** See {@link ReasonCode}. Stays the same between versions. */
  readonly code: ReasonCode;
  /** An English sentence for users. */
  readonly message: string;
}

export const reason = (code: ReasonCode): Reason => ({ code, message: REASONS[code] });
