/** Authentication. Tokens are JWTs (HS256) with the claims `user_id`, `exp` and `token_type: 'access'`. */
import { errors, jwtVerify, SignJWT } from 'jose';
import { toId } from './errors.js';
import type { Context } from './context.js';
import type { Queryable } from './database/database.js';

export type AuthFailure =
  | 'missing_token'
  | 'malformed_token'
  | 'bad_signature'
  | 'expired_token'
  | 'implausible_lifetime'
  | 'wrong_token_type'
  | 'unknown_user'
  | 'bad_ticket'
  | 'foreign_origin';

export interface Viewer {
  id: number;
  username: string;
  firstName: string;
  /** When the token was checked. */
  hidesReceipts?: boolean;
}

export type AuthResult = { ok: true; viewer: Viewer; expiresAt: Date } | { ok: false; reason: AuthFailure };

export interface SignOptions {
  /** Seconds from now; negative for a token that has already expired. */
  expiresIn?: number;
  tokenType?: string;
}

export const keyOf = (secret: string): Uint8Array => new TextEncoder().encode(secret);

export function signToken(
  secret: string,
  userId: number | string,
  { expiresIn = 3600, tokenType = 'access' }: SignOptions = {},
): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({ user_id: userId, token_type: tokenType, jti: crypto.randomUUID() })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuedAt(now + Math.min(0, expiresIn))
    .setExpirationTime(now + expiresIn)
    .sign(keyOf(secret));
}

/** Checks a token, and that its user still exists and is active. */
export async function verifyToken(
  database: Queryable,
  secret: string,
  token: string | null | undefined,
): Promise<AuthResult> {
  if (!token) return { ok: false, reason: 'missing_token' };
  let payload;
  try {
    ({ payload } = await jwtVerify(token, keyOf(secret), {
      algorithms: ['HS256'],
      requiredClaims: ['exp', 'user_id'],
    }));
  } catch (error) {
    return { ok: false, reason: reasonOf(error) };
  }
  if (!isPlausible(payload.exp, payload.iat)) return { ok: false, reason: 'implausible_lifetime' };
  if (payload['token_type'] !== 'access') return { ok: false, reason: 'wrong_token_type' };
  const [user] = await database.query<Viewer>(
    'select id, username, first_name as "firstName", hides_receipts as "hidesReceipts" from users where id = $1 and is_active',
    [toId(payload['user_id'])],
  );
  if (!user) return { ok: false, reason: 'unknown_user' };
  return { ok: true, viewer: user, expiresAt: new Date((payload.exp ?? 0) * 1000) };
}

/**
 * Counts a refused token or ticket against its address. A valid one is never refused for the failures of others behind
 * the same address, so this is called after the check. An expired token is no guess: its signature is genuine.
 * @throws {RequestError} `rate_limited`.
 */
export async function countFailedSignIn(
  { rateLimits }: Pick<Context, 'rateLimits'>,
  address: string,
  reason: AuthFailure,
): Promise<void> {
  if (reason !== 'expired_token') await rateLimits.count('failedSignInsPerAddress', address);
}

const YEAR_S = 366 * 86_400;
/** Tolerated clock skew between two machines, in seconds. */
const SKEW_S = 60;

/** Whether a token expires within a year (rejects `exp` in milliseconds, or 1e300) and was not issued in the future. */
export function isPlausible(exp = 0, iat = 0): boolean {
  const now = Date.now() / 1000;
  return exp <= now + YEAR_S && iat <= now + SKEW_S;
}

function reasonOf(error: unknown): AuthFailure {
  if (error instanceof errors.JWTExpired) return 'expired_token';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'bad_signature';
  return 'malformed_token';
}

/**
 * Whether a page at `origin` may use this server. Browsers always send `Origin`; other programs do not. This server
 * itself speaks plain http, so behind a TLS-terminating proxy its own origin must be in the allowed list.
 */
export function isAllowedOrigin(
  origin: string | undefined,
  host: string | undefined,
  allowed: readonly string[] | '*',
): boolean {
  if (origin === undefined || allowed === '*' || allowed.includes(origin)) return true;
  const own = `http://${host ?? ''}`;
  return URL.canParse(origin) && URL.canParse(own) && new URL(origin).origin === new URL(own).origin;
}
