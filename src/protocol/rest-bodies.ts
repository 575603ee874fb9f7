/** The bodies of REST responses. docs/PROTOCOL.md lists the routes. */
import { check, type Output, type Result } from './validation.js';
import { anything, flag, optionalOr, object, nullOnError, sequence, string, z } from './schema.js';

/** One page of `GET rooms/`: see `roomsPage`. `as_of`: capability `room_pages`, where `next` is no address. */
const RoomsPage = object(() => ({
  results: z.array(anything),
  next: nullOnError(string),
  as_of: optionalOr(string),
}));

/** `GET rooms/`: a bare array, one page, or one page of `items` (capability `room_pages`). */
export const roomsPage = (body: unknown): Result<Output<typeof RoomsPage>> =>
  check(
    RoomsPage,
    Array.isArray(body)
      ? { results: body, next: null }
      : { results: (body as { items?: unknown } | null)?.items, ...(body as object) },
    'GET rooms/',
  );

/** `GET rooms/{id}/messages/`: oldest first. */
export const MessagesBody = object(() => ({
  messages: z.array(anything),
  has_more: z.catch(flag, false),
  /** Capability `sync`: the page contains every change of the room up to this one. */
  seq: optionalOr(sequence),
}));
