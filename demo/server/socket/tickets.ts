/** Tickets replace tokens in socket URLs: single-use, short-lived, and bound to a user. */
import { createHash, randomBytes } from 'node:crypto';
import type { AuthResult, Viewer } from '../auth.js';
import type { Queryable } from '../database/database.js';

export const TICKET_SECONDS = 30;
const BYTES = 32;

const hashOf = (ticket: string): string => createHash('sha256').update(ticket).digest('base64url');

/** @param tokenExpiresAt When to close the socket opened with the ticket: the expiry of the token. */
export async function makeTicket(database: Queryable, viewer: Viewer, tokenExpiresAt: Date): Promise<string> {
  const ticket = randomBytes(BYTES).toString('base64url');
  await database.query(
    `with swept as (delete from tickets where expires_at < now())
     insert into tickets (hash, user_id, token_expires_at, expires_at) values ($1, $2, $3, now() + make_interval(secs => ${TICKET_SECONDS}))`,
    [hashOf(ticket), viewer.id, tokenExpiresAt],
  );
  return ticket;
}

/** Consumes a ticket, on any process. A second attempt fails. */
export async function redeemTicket(database: Queryable, ticket: string): Promise<AuthResult> {
  const [found] = await database.query<Viewer & { expiresAt: Date }>(
    `with taken as (delete from tickets where hash = $1 returning *)
     select u.id, u.username, u.first_name as "firstName", u.hides_receipts as "hidesReceipts", taken.token_expires_at as "expiresAt"
     from taken join users u on u.id = taken.user_id and u.is_active
     where taken.expires_at > now() and taken.token_expires_at > now()`,
    [hashOf(ticket)],
  );
  if (!found) return { ok: false, reason: 'bad_ticket' };
  const { expiresAt, ...viewer } = found;
  return { ok: true, viewer, expiresAt };
}
