import { decodeBase64url } from './base64url.js';
import { isId } from './is-id.js';

/** The claims of a JWT that the client uses. They are not verified: only the server can do that. */
export interface Claims {
  /** `user_id`, otherwise `sub`. Null if the token does not name its user. */
  userId: string | number | null;
  /** Time of expiry by the issuer's clock, in milliseconds since 1970; null: not specified. */
  expiresAt: number | null;
  /** Time of issue by the issuer's clock, in milliseconds since 1970; null: not specified. */
  issuedAt: number | null;
}

/** Reads a token's claims. A token that is not a JWT is valid too, but has none. */
export function readClaims(token: string): Claims {
  const nothing = { userId: null, expiresAt: null, issuedAt: null };
  if (!token.includes('.')) return nothing;
  try {
    const { user_id, sub, exp, iat } = JSON.parse(decodeBase64url(token.split('.')[1]!)) as Record<string, unknown>;
    const time = (seconds: unknown): number | null => (typeof seconds === 'number' ? seconds * 1000 : null);
    return { userId: isId(user_id) ? user_id : isId(sub) ? sub : null, expiresAt: time(exp), issuedAt: time(iat) };
  } catch {
    return nothing;
  }
}
