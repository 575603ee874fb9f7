/**
 * The only file that configures zod, and the small schemas that all others are composed of.
 *
 * `zod/mini`, because every byte of a page counts. `jitless` before the first parse, because zod otherwise tries
 * `new Function`, which a strict Content-Security-Policy reports.
 */
import * as z from 'zod/mini';
import { isId } from '../internal/is-id.js';

z.config({ jitless: true });

export { isId, z };

export const Id = z.custom<string | number>(isId);

// Each further kind of schema costs a page about a hundred bytes, so these use the same kind as `Id`.
export const string = z.custom<string>((value) => typeof value === 'string');
export const number = z.custom<number>(Number.isFinite);
/** A position in a sequence: a safe integer from 0. `optionalOr(sequence)` treats anything else as absent. */
export const sequence = z.custom<number>((value) => Number.isSafeInteger(value) && value >= 0);
/** A limit or a duration, which must be above 0. `optionalOr(positive)` treats anything else as absent. */
export const positive = z.custom<number>((value) => Number.isFinite(value) && value > 0);
export const flag = z.custom<boolean>((value) => typeof value === 'boolean');
export const anything = z.custom(() => true);

const ISO_TIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d[\d:.]*)(?:z|([+-]\d\d):?(\d\d)?)?$/i;

/**
 * The form that every engine parses: not all of them accept `2026-01-31 12:00+00`. A time without an offset would be
 * read in the local time zone, and be off by hours. Servers that omit it mean UTC.
 */
const normalized = (text: string): string =>
  text.replace(
    ISO_TIME,
    (_all, date: string, time: string, hours?: string, minutes = '00') =>
      `${date}T${time}${hours ? `${hours}:${minutes}` : 'Z'}`,
  );

/** ISO 8601 with an offset, up to microseconds. Kept as text: a `Date` would lose the microseconds. */
export const Time = string.check(
  z.overwrite(normalized),
  z.refine((text) => !Number.isNaN(Date.parse(text))),
);

/**
 * An object that may have further fields. Created on first use: to create all of them takes an old phone longer than
 * anything else while a page loads.
 */
export function object<T extends z.core.$ZodLooseShape>(shape: () => T): () => z.ZodMiniObject<T, z.core.$loose> {
  let made: z.ZodMiniObject<T, z.core.$loose> | undefined;
  return () => (made ??= z.looseObject(shape()));
}

/** A decorative text: empty if it is invalid. */
export const text = z.catch(string, '');

/** A field that is null if it is invalid. */
export const nullOnError = <T extends z.ZodMiniType>(schema: T) => z.catch(z.nullable(schema), null);
export const textOrNull = nullOnError(string);
export const timeOrNull = nullOnError(Time);

/** Limits a number to a range: a server must not make the client send requests without a pause, or wait forever. */
export const clamp = (least: number, most: number) =>
  z.overwrite<number>((value) => Math.min(Math.max(value, least), most));
/** A number for display: 0 to 1,000,000. */
export const amount = number.check(clamp(0, 1e6));

/** A field that may be absent, and that counts as absent if it is invalid. */
export const optionalOr = <T extends z.ZodMiniType>(schema: T) => z.catch(z.optional(schema), undefined);
