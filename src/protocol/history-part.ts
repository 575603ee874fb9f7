/** The body of the REST response with a part of the history. Loaded with the first request for one. */
import { anything, flag, Id, object, optionalOr, sequence, z } from './schema.js';

/** `GET rooms/{id}/messages/?around=`, capability `around`. The two flags are absent if the server ignores it. */
export const PartBody = object(() => ({
  messages: z.array(anything),
  has_older: optionalOr(flag),
  has_newer: optionalOr(flag),
  target_id: optionalOr(Id),
  seq: optionalOr(sequence),
}));
