/** The parts of the REST client that the first message does not need. Loaded on demand: see session/deferred.ts. */
import {
  ChatFrames,
  check,
  checkEach,
  idKey,
  Receipt,
  ReceiptsBody,
  SyncBody,
  type Id,
  type Problem,
  type Room,
} from '../protocol/index.js';
import { parseUrl } from '../internal/url.js';
import { aroundRequest } from './around-request.js';
import { ChatError, type ErrorCode } from './errors.js';
import { toEvent } from './frames.js';
import { isReachable } from './is-reachable.js';
import { mutationRequests } from './mutation-requests.js';
import type { RestClient, RoomsPage } from './rest.js';
import { readRoomChanges } from './room-changes.js';
import { sendMessage } from './send-message.js';
import { fetchTicket } from './ticket.js';
import type { DeferredRequests, Receipt as ReadReceipt, RoomsAnswer } from './transport.js';

/**
 * The maximum number of rooms that are read, including invalid ones. If there are more, the list is marked as
 * incomplete.
 */
const MAX_ROOMS = 10_000;
/** Only a list that does not end has more pages. */
const MAX_RECEIPT_PAGES = 100;

/**
 * Reads the pages of the room list after the first one.
 * @param rooms the rooms of the first page, by `idKey`. The others are added.
 * @throws {ChatError}
 */
export async function readOtherRooms(
  rest: RestClient,
  rooms: Map<string, Room>,
  { leftOut, next }: RoomsPage,
  onProblem: (problem: Problem) => void,
  signal?: AbortSignal,
): Promise<RoomsAnswer> {
  const asked = new Set<string>();
  let query: Record<string, string> = {};
  for (let known = 0; ;) {
    const size = rooms.size + leftOut;
    // Only the query of `next` is used: behind a proxy its host is often wrong, and a token is sent to no other host.
    const nextPage = next && parseUrl(next, rest.base);
    if (!nextPage) return { rooms: [...rooms.values()], leftOut, isComplete: true };
    asked.add(JSON.stringify(query));
    query = Object.fromEntries(nextPage.searchParams);
    let why = '';
    if (size >= MAX_ROOMS) why = `more than ${MAX_ROOMS} rooms; the others are left out`;
    // A repeated request, or a page without a new room: this would continue forever.
    else if (asked.has(JSON.stringify(query)) || size === known) why = 'its pages do not end: `next` leads back';
    if (why) {
      onProblem({ code: 'invalid_item', detail: `GET rooms/: ${why}` });
      return { rooms: [...rooms.values()], leftOut, isComplete: false };
    }
    known = size;
    const page = await rest.roomsPage(query, signal);
    for (const room of page.rooms) rooms.set(idKey(room.id), room);
    leftOut += page.leftOut;
    ({ next } = page);
  }
}

/** Like 5xx, 421 and 425 mean that the same request may succeed later (RFC 9110, RFC 8470). */
const CODES: Record<number, ErrorCode> = {
  0: 'unexpected_answer',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  408: 'timeout',
  413: 'too_large',
  421: 'server_error',
  425: 'server_error',
  429: 'rate_limited',
};

/** Converts an HTTP error response. @param token is removed from the message. */
export function toHttpError(response: Response, json: unknown, token: string): ChatError {
  const { status } = response;
  const code = CODES[status] ?? (status >= 500 ? 'server_error' : 'invalid');
  return new ChatError(
    code,
    explain(json)?.replaceAll(token, '…') || `The server answered ${status}.`,
    status,
    retryAfter(response),
    json,
  );
}

/**
 * The server's own explanation, which may contain the refused token: `{detail}`, or `{field: [messages]}` after a
 * validation. Never an HTML page.
 */
function explain(json: unknown): string | undefined {
  if (typeof json !== 'object') return undefined;
  for (const [field, said] of Object.entries(json ?? {}) as [string, unknown][]) {
    if (field === 'detail' && typeof said === 'string') return said;
    const first: unknown = Array.isArray(said) ? said[0] : undefined;
    if (typeof first === 'string') return `${field}: ${first}`;
  }
  return undefined;
}

/**
 * `Retry-After` in seconds or as a date, limited to 1 s to 5 min. Default: 5 s after 429, otherwise undefined.
 * @returns milliseconds.
 */
export function retryAfter({ status, headers }: Response): number | undefined {
  const value = headers.get('Retry-After') ?? '';
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  if (!Number.isFinite(seconds)) return status === 429 ? 5_000 : undefined;
  return Math.min(Math.max(seconds, 1), 300) * 1000;
}

/** Marks messages as read, one by one. @throws {ChatError} */
export async function markReadByRest(rest: RestClient, messageIds: readonly Id[], signal: AbortSignal): Promise<void> {
  for (const messageId of messageIds)
    await rest.request(`messages/${encodeURIComponent(messageId)}/mark_read/`, { method: 'POST', signal });
}

/** @param onProblem called for each invalid item of a response. */
export const deferredRequests = (rest: RestClient, onProblem: (problem: Problem) => void): DeferredRequests => ({
  sendMessage: (roomId, content, options) => sendMessage(rest, roomId, content, options),
  markRead: (messageIds, signal) => markReadByRest(rest, messageIds, signal),
  fetchTicket: (signal) => fetchTicket(rest, signal),
  ...mutationRequests(rest),
  fetchAround: aroundRequest(rest, onProblem),
  isReachable: (signal) => isReachable(rest, signal),
  async fetchUserInfo(signal) {
    const info = check(ChatFrames.connection_established, await rest.request('me/', { signal }), 'GET me/');
    return info.ok ? toEvent({ ...info.value, type: 'connection_established' }) : undefined;
  },
  async fetchReceipts(roomId, signal) {
    const where = 'GET rooms/{id}/receipts/';
    const path = `rooms/${encodeURIComponent(roomId)}/receipts/`;
    const receipts: ReadReceipt[] = [];
    let next: string | null | undefined;
    for (let page = 0; next !== null && page < MAX_RECEIPT_PAGES; page++) {
      const answer: unknown = await rest.request(path, { query: { cursor: next }, signal }).catch(() => undefined);
      // Read receipts that arrive later are no reason to report an error.
      const body = check(ReceiptsBody, answer, where);
      if (!body.ok) return undefined;
      const { items, problems } = checkEach(Receipt, body.value.items, where);
      problems.forEach(onProblem);
      receipts.push(
        ...items.map(({ user_id, up_to: upTo, delivered_up_to }) => ({
          userId: user_id,
          upTo,
          deliveredUpTo: delivered_up_to,
        })),
      );
      ({ next } = body.value);
    }
    return receipts;
  },
  async hideReceipts(hides, signal) {
    await rest.request('me/', { method: 'PATCH', body: { hide_receipts: hides }, signal });
  },
  async fetchChanges(roomId, seq, signal) {
    const body = check(
      SyncBody,
      await rest.request('sync/', { query: { room: `${roomId}:${seq}` }, signal }),
      'GET sync/',
    );
    return readRoomChanges(rest.unwrap(body).rooms, roomId, onProblem);
  },
});
