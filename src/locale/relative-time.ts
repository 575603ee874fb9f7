import { daysBetween, type Localize } from './localize.js';

const DATE: Intl.DateTimeFormatOptions = { day: 'numeric', month: 'short' };
const MINUTE_MS = 60_000;

const minutesAgo = new Map<string, Intl.RelativeTimeFormat>();

/** What it needs of {@link Localize}. */
export interface Words extends Pick<Localize, 'lang' | 'time' | 'format'> {
  term(key: 'now' | 'yesterday'): string;
}

/**
 * How long ago something was: `now`, `5 min. ago`, `14:05`, `Yesterday`, `20 Nov`.
 * @param between how many midnights lie between two moments. Default: for the reader's own zone.
 */
export function ago(localize: Words, iso: string, now: number, between = daysBetween): string {
  const at = Date.parse(iso);
  const minutes = Math.floor((now - at) / MINUTE_MS);
  if (minutes < 1) return localize.term('now');
  if (minutes < 60) {
    const { lang } = localize;
    const format = minutesAgo.get(lang) ?? new Intl.RelativeTimeFormat(lang, { style: 'narrow' });
    minutesAgo.set(lang, format);
    return format.format(-minutes, 'minute');
  }
  const days = between(at, now);
  if (days === 0) return localize.time(iso);
  if (days === 1) return localize.term('yesterday');
  return localize.format('date', DATE).format(at);
}
