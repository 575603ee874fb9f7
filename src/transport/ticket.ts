import { check } from '../protocol/index.js';
import { object, string } from '../protocol/schema.js';
import type { RestClient } from './rest.js';

/** `POST ws_ticket/`: a ticket replaces the token in a socket's address, once, for at most 30 s. */
const TicketBody = object(() => ({ ticket: string }));

/** A ticket for one socket (`auth="ticket"`). @throws {ChatError} */
export const fetchTicket = async (rest: RestClient, signal?: AbortSignal): Promise<string> =>
  rest.unwrap(check(TicketBody, await rest.request('ws_ticket/', { method: 'POST', signal }), 'POST ws_ticket/'))
    .ticket;
