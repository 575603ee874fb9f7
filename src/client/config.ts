/** The configuration of a connection: its backend and its user. */
import type { Id } from '../protocol/index.js';
import type { AddressParts, AuthMode } from '../transport/index.js';

export interface ConnectionConfig extends AddressParts {
  /** A JWT, or another kind of token that the backend accepts. Kept in memory alone. */
  token?: string | null | undefined;
  /** Asked for a token when there is none, and when the present one was refused. */
  tokenProvider?: (() => Promise<string>) | undefined;
  /** An address of the site's own server that gives one, by the visitor's cookie. Relative to the page. Not asked where there is a `tokenProvider`. */
  tokenUrl?: string | null | undefined;
  /**
   * The user who is signed in at the site: any text, such as the site's own user id. Another value forgets the last user and asks for a new
   * token; an empty one (`''`, `null`, or `undefined` after a value) signs out. Default: not given; then the token alone counts.
   */
  user?: Id | null | undefined;
  /** How the token travels on the socket. Default `query`. */
  auth?: AuthMode | undefined;
  /** Whether the tabs of one person share one socket. Default true. */
  share?: boolean | undefined;
  /** Whether to listen to the backend's notifications socket too. Default false. */
  notifications?: boolean | undefined;
}
