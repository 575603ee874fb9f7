/** The bodies of REST answers. docs/PROTOCOL.md lists the routes. */
import { check, type Output, type Result } from './validation.js';
import { anything, flag, optionalOr, object, nullOnError, sequence, string, z } from './schema.js';

/** `GET rooms/`, one page of it. The baseline answers a bare array: see `roomsPage`. */
const RoomsPage = object(() => ({ results: z.array(anything), next: nullOnError(string) }));

/** `GET rooms/`: a bare array, or a page of one. */
export const roomsPage = (body: unknown): Result<Output<typeof RoomsPage>> =>
  check(RoomsPage, Array.isArray(body) ? { results: body, next: null } : body, 'GET rooms/');

/** `GET rooms/{id}/messages/`: oldest first. */
export const MessagesBody = object(() => ({
  messages: z.array(anything),
  has_more: z.catch(flag, false),
  /** Capability `sync`: the page holds every change of the room up to this one. */
  seq: optionalOr(sequence),
}));
