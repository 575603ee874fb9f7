import { decodeBase64url } from './base64url.js';
import { isId } from './is-id.js';

/** The claims of a JWT that are used here. They are read, not verified: only the server can verify them. */
export interface Claims {
  /** `user_id`, or else `sub`. Null if the token does not name its user. */
  userId: string | number | null;
  /** In milliseconds since 1970 by the issuer's clock; null if the token does not say. */
  expiresAt: number | null;
  /** When the token was issued, likewise. */
  issuedAt: number | null;
}

/** Reads a token's claims. A token that is no JWT has none, and is as good as any. */
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
