import type { Id } from '../protocol/index.js';
import type { AddressParts, AuthMode } from '../transport/index.js';

/** Configuration of a connection: its backend and its user. */
export interface ConnectionConfig extends AddressParts {
  /** The access token: a JWT, or any other token that the backend accepts. Kept in memory only. */
  token?: string | null | undefined;
  /**
   * Returns a token. Called when there is none, when it was refused, and shortly before a JWT expires. An empty string
   * means that no user is signed in.
   */
  tokenProvider?: (() => Promise<string>) | undefined;
  /**
   * Address on the page's own site that returns a token for the visitor's session cookie, as `{"token": "…"}`. Relative
   * to the page. Ignored if there is a `tokenProvider`.
   */
  tokenUrl?: string | null | undefined;
  /**
   * The user who is signed in to the site: any text, such as the site's own user id. A new value discards the previous
   * user's data and requests a new token. An empty value (`''`, `null`, or `undefined` after another value) signs out.
   * If it is never set, the token alone identifies the user.
   */
  user?: Id | null | undefined;
  /**
   * How the socket sends the token.
   * @default 'query'
   */
  auth?: AuthMode | undefined;
  /**
   * Whether all tabs of a user share one socket.
   * @default true
   */
  share?: boolean | undefined;
  /**
   * Whether to open the notifications socket too.
   * @default false
   */
  notifications?: boolean | undefined;
}
