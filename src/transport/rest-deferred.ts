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
import { lazyImport } from '../internal/lazy-import.js';
import { parseUrl } from '../internal/url.js';
import { aroundRequest } from './around-request.js';
import { throwNotLoaded } from './errors.js';
import { toEvent } from './frames.js';
import { isReachable } from './is-reachable.js';
import { mutationRequests } from './mutation-requests.js';
import type { RestClient, RoomsPage } from './rest.js';
import { readRoomChanges } from './room-changes.js';
import { roomPageRequest } from './room-page-request.js';
import { loadUploads, sendMessage } from './send-message.js';
import { fetchTicket } from './ticket.js';
import type { DeferredRequests, Receipt as ReadReceipt, RoomsAnswer } from './transport.js';

/**
 * The maximum number of rooms that are read, including invalid ones. If there are more, the list is marked as
 * incomplete.
 */
const MAX_ROOMS = 10_000;
/** Only a list that does not end has more pages. */
const MAX_RECEIPT_PAGES = 100;

const importPeople = lazyImport(() => import('./people-requests.js'));

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
  uploadFile: async (request) => (await loadUploads()).uploadFile(rest, request),
  discardUpload: async (id) => (await loadUploads()).discardUpload(rest, id),
  fetchRoomPage: roomPageRequest(rest, onProblem),
  people: async () => (await importPeople().catch(throwNotLoaded)).peopleRequests(rest, onProblem),
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
