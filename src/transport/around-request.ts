/** The request of the capability `around`. Loaded on demand: see session/deferred.ts. */
import { check, checkEach, Message, PartBody, type Problem } from '../protocol/index.js';
import type { RestClient } from './rest.js';
import type { DeferredRequests } from './transport.js';

export const aroundRequest =
  (rest: RestClient, onProblem: (problem: Problem) => void): NonNullable<DeferredRequests['fetchAround']> =>
  async (roomId, target, limit, signal) => {
    const where = 'GET rooms/{id}/messages/?around=';
    const path = `rooms/${encodeURIComponent(roomId)}/messages/`;
    const answer = await rest.request(path, { query: { ...target, limit }, signal });
    const body = rest.unwrap(check(PartBody, answer, where));
    // The server ignores the parameter, and has returned the newest page.
    if (body.has_newer === undefined || body.has_older === undefined) return undefined;
    const { items, problems } = checkEach(Message, body.messages, where);
    problems.forEach(onProblem);
    return {
      messages: items,
      hasOlder: body.has_older,
      hasNewer: body.has_newer,
      targetId: body.target_id,
      seq: body.seq,
      leftOut: problems.length,
    };
  };
