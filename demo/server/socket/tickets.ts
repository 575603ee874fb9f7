/** Tickets stand in for tokens in the address of a socket: they work once, soon, and for one user. */
import { createHash, randomBytes } from 'node:crypto';
import type { Verdict, Viewer } from '../auth.js';
import type { Queryable } from '../database/database.js';

export const TICKET_SECONDS = 30;
const BYTES = 32;

const hashOf = (ticket: string): string => createHash('sha256').update(ticket).digest('base64url');

/** @param tokenExpiresAt ends the socket that the ticket opens, as the token itself would. */
export async function makeTicket(database: Queryable, viewer: Viewer, tokenExpiresAt: Date): Promise<string> {
  const ticket = randomBytes(BYTES).toString('base64url');
  await database.query(
    `with swept as (delete from tickets where expires_at < now())
     insert into tickets (hash, user_id, token_expires_at, expires_at) values ($1, $2, $3, now() + make_interval(secs => ${TICKET_SECONDS}))`,
    [hashOf(ticket), viewer.id, tokenExpiresAt],
  );
  return ticket;
}

/** Takes a ticket: whoever comes second, to whichever process, finds none. */
export async function redeemTicket(database: Queryable, ticket: string): Promise<Verdict> {
  const [found] = await database.query<Viewer & { expiresAt: Date }>(
    `with taken as (delete from tickets where hash = $1 returning *)
     select u.id, u.username, u.first_name as "firstName", taken.token_expires_at as "expiresAt"
     from taken join users u on u.id = taken.user_id and u.is_active
     where taken.expires_at > now() and taken.token_expires_at > now()`,
    [hashOf(ticket)],
  );
  if (!found) return { ok: false, because: 'bad_ticket' };
  const { expiresAt, ...viewer } = found;
  return { ok: true, viewer, expiresAt };
}
