import { daysBetween, type Localize } from './localize.js';

const YEAR: Intl.DateTimeFormatOptions = { year: 'numeric' };
const DATE: Intl.DateTimeFormatOptions = { day: 'numeric', month: 'short' };
const DATE_OF_YEAR: Intl.DateTimeFormatOptions = { ...DATE, ...YEAR };
const MINUTE_MS = 60_000;

/** By language: creating a formatter is expensive. */
const formatters = new Map<string, Intl.RelativeTimeFormat>();

/** The part of {@link Localize} that {@link relativeTime} needs. */
export interface RelativeTimeLocale extends Pick<Localize, 'lang' | 'time' | 'format'> {
  term(key: 'now' | 'yesterday'): string;
}

/**
 * Formats the age of a timestamp: `now`, `5 min. ago`, `14:05`, `Yesterday`, `20 Nov`, `20 Nov 2025`. A time in the
 * future, by a wrong clock, is formatted as it is.
 * @param iso the timestamp, as an ISO 8601 date-time.
 * @param now milliseconds since 1970.
 * @param between counts the midnights between two moments. Default: in the browser's time zone.
 */
export function relativeTime(localize: RelativeTimeLocale, iso: string, now: number, between = daysBetween): string {
  const at = Date.parse(iso);
  const minutes = Math.floor((now - at) / MINUTE_MS);
  if (minutes >= -1 && minutes < 1) return localize.term('now');
  if (minutes >= 1 && minutes < 60) {
    const { lang } = localize;
    // The narrow style is unambiguous in English (`5m ago`), but not in German, where `m` stands for metres.
    const style = lang.startsWith('en') ? 'narrow' : 'short';
    const formatter = formatters.get(lang) ?? new Intl.RelativeTimeFormat(lang, { style });
    formatters.set(lang, formatter);
    return formatter.format(-minutes, 'minute');
  }
  const days = between(at, now);
  if (days === 0) return localize.time(iso);
  if (days === 1) return localize.term('yesterday');
  const [year, thisYear] = [at, now].map((ms) => localize.format('year', YEAR).format(ms));
  return (year === thisYear ? localize.format('date', DATE) : localize.format('dateOfYear', DATE_OF_YEAR)).format(at);
}
