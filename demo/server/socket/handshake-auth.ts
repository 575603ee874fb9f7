/** Authentication of a handshake: by query parameter, subprotocol or ticket. */
import { isAllowedOrigin, verifyToken, type AuthResult } from '../auth.js';
import type { Context } from '../context.js';
import { redeemTicket } from './tickets.js';

/** The only subprotocol that is ever selected: the other one contains the token, which a response must not repeat. */
export const SUBPROTOCOL = 'unified-chat';
const BEARER = /^bearer\.([\w-]+)$/;

export interface Handshake {
  searchParams: URLSearchParams;
  origin: string | undefined;
  host: string | undefined;
  /** The header `Sec-WebSocket-Protocol`. */
  protocols: string | undefined;
}

export async function verifyHandshake(
  { options, database }: Context,
  { searchParams, origin, host, protocols }: Handshake,
): Promise<AuthResult> {
  if (!isAllowedOrigin(origin, host, options.allowedOrigins)) return { ok: false, reason: 'foreign_origin' };
  const token = searchParams.get('token');
  if (token !== null || options.baseline) return verifyToken(database, options.secret, token);
  const ticket = searchParams.get('ticket');
  return ticket ? redeemTicket(database, ticket) : verifyToken(database, options.secret, bearerIn(protocols));
}

function bearerIn(protocols = ''): string | null {
  const offered = protocols.split(',').map((name) => name.trim());
  const coded = offered.map((name) => BEARER.exec(name)?.[1]).find(Boolean);
  return coded && offered.includes(SUBPROTOCOL) ? Buffer.from(coded, 'base64url').toString('utf8') : null;
}
