/** A server's id for a room, a message or a user. Backends use integers or strings; ids are only ever compared. */
export type Id = string | number;

/** The form in which an id is a key of a map. `1` and `'1'` are the same id (a URL or an attribute knows only strings). */
export const idKey = (id: Id): string => String(id);

/** Whether two ids name the same thing. Something without an id is the same as nothing. */
export const sameId = (a: Id | null | undefined, b: Id | null | undefined): boolean =>
  a != null && b != null && (a === b || (typeof a !== typeof b && idKey(a) === idKey(b)));

const WHOLE_NUMBER = /^(0|[1-9]\d*)$/;

/** Whether an id says something about order: whole numbers do (as digits too, beyond 2^53), UUIDs do not. */
export const isOrdered = (id: Id): boolean => WHOLE_NUMBER.test(idKey(id));

/**
 * Order of two ids that are whole numbers. Compared as digits, so that a 64-bit id that travels as a string
 * keeps its place.
 * @returns negative, zero or positive; zero too where an id has no order.
 */
export function compareIds(a: Id, b: Id): number {
  if (!isOrdered(a) || !isOrdered(b)) return 0;
  const [x, y] = [idKey(a), idKey(b)];
  if (x.length !== y.length) return x.length - y.length;
  return x < y ? -1 : x > y ? 1 : 0;
}
