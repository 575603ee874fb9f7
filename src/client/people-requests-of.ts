/** The requests for people and for changes of rooms, if the backend offers them. */
import { ChatError, type PeopleRequests } from '../transport/index.js';
import type { ConnectionParts } from './connection-parts.js';

export const notSupported = (): ChatError => new ChatError('not_supported', 'The backend does not support this.');

/**
 * @param capability what the request needs; undefined: the baseline has it.
 * @throws {ChatError} `not_supported`, before anything is sent.
 */
export async function peopleRequestsOf(
  { session }: Pick<ConnectionParts, 'session'>,
  capability?: string,
): Promise<PeopleRequests> {
  if (capability !== undefined && !session.backend.has(capability)) throw notSupported();
  const requests = await session.restOrThrow().deferred();
  if (!requests.people) throw notSupported();
  return requests.people();
}
