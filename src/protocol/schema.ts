/**
 * The one place that touches zod's configuration, and the small schemas all others are made of.
 *
 * `zod/mini` because a page pays for every byte. `jitless` before the first parse, because zod otherwise tries
 * `new Function`, which a strict Content-Security-Policy reports.
 */
import * as z from 'zod/mini';
import { isId } from '../internal/is-id.js';

z.config({ jitless: true });

export { isId, z };

export const Id = z.custom<string | number>(isId);

// One kind of schema more costs a page about a hundred bytes each: these are made of the kind that `Id` is.
export const string = z.custom<string>((value) => typeof value === 'string');
export const number = z.custom<number>(Number.isFinite);
/** A position in a sequence: a safe integer from 0 on. `maybe(sequence)` treats anything else as absent. */
export const sequence = z.custom<number>((value) => Number.isSafeInteger(value) && value >= 0);
/** A limit or a duration that makes sense only above 0. `maybe(positive)` treats anything else as absent. */
export const positive = z.custom<number>((value) => Number.isFinite(value) && value > 0);
export const flag = z.custom<boolean>((value) => typeof value === 'boolean');
export const anything = z.custom(() => true);

const HAS_OFFSET = /(?:z|[+-]\d\d(?::?\d\d)?)$/i;
const HAS_TIME = /\d[T ]\d/;

/** A time without an offset would be read in the reader's own zone and be hours off: servers that forget it mean UTC. */
const withOffset = (text: string): string => (HAS_TIME.test(text) && !HAS_OFFSET.test(text) ? `${text}Z` : text);

/** ISO 8601 with an offset, up to microseconds. Kept as text: a `Date` would lose the microseconds. */
export const Time = string.check(
  z.overwrite(withOffset),
  z.refine((text) => !Number.isNaN(Date.parse(text))),
);

/**
 * An object that may hold other fields too. Made when there is something to check by it: to make them all takes an old phone longer than
 * anything else that a page does while it loads.
 */
export function object<T extends z.core.$ZodLooseShape>(shape: () => T): () => z.ZodMiniObject<T, z.core.$loose> {
  let made: z.ZodMiniObject<T, z.core.$loose> | undefined;
  return () => (made ??= z.looseObject(shape()));
}

/** Words that only decorate: none where they are wrong. */
export const text = z.catch(string, '');

/** A field that is null where it is wrong. */
export const nullOnError = <T extends z.ZodMiniType>(schema: T) => z.catch(z.nullable(schema), null);
export const textOrNull = nullOnError(string);
export const timeOrNull = nullOnError(Time);

/** Forces a number into a range: a server must not make us ask without a pause, or wait for ever. */
export const clamp = (least: number, most: number) =>
  z.overwrite<number>((value) => Math.min(Math.max(value, least), most));
/** How many, as it is shown: 0 to 1,000,000. */
export const amount = number.check(clamp(0, 1e6));

/** A field that may be absent, and counts as absent when it is wrong. */
export const optionalOr = <T extends z.ZodMiniType>(schema: T) => z.catch(z.optional(schema), undefined);
