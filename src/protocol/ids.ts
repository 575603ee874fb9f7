/**
 * A server's id for a room, a message or a user: an integer or a string, depending on the backend. Ids are only
 * compared.
 */
export type Id = string | number;

/** The key of an id in a map. `1` and `'1'` are the same id, because a URL or an attribute contains only strings. */
export const idKey = (id: Id): string => String(id);

/** Whether two ids are equal. A missing id equals no other, not even a missing one. */
export const sameId = (a: Id | null | undefined, b: Id | null | undefined): boolean =>
  a != null && b != null && (a === b || (typeof a !== typeof b && idKey(a) === idKey(b)));

const WHOLE_NUMBER = /^(0|[1-9]\d*)$/;

/** Whether an id implies an order: whole numbers do (also as digits, beyond 2^53), UUIDs do not. */
export const isOrdered = (id: Id): boolean => WHOLE_NUMBER.test(idKey(id));
