import { LocalizeController, registerTranslation } from '@shoelace-style/localize';
import type { LitElement } from 'lit';
import { en } from './en.js';
import type { Terms } from './terms.js';

registerTranslation(en);

/** Languages that are loaded when somebody needs them. */
const LAZY: Record<string, () => Promise<Terms>> = {
  de: () => import('./de.js').then(({ de }) => de),
};

/** Formatting a date is cheap; making a formatter is not. */
const formats = new Map<string, Intl.DateTimeFormat>();

const TIME: Intl.DateTimeFormatOptions = { hour: 'numeric', minute: '2-digit' };
const DATE: Intl.DateTimeFormatOptions = { day: 'numeric', month: 'short' };
const DAY: Intl.DateTimeFormatOptions = { weekday: 'long', day: 'numeric', month: 'long' };
const DAY_OF_YEAR: Intl.DateTimeFormatOptions = { ...DAY, year: 'numeric' };
const FULL: Intl.DateTimeFormatOptions = { dateStyle: 'full', timeStyle: 'short' };

const MINUTE = 60_000;
const DAY_MS = 24 * 60 * MINUTE;

/** Midnight before a moment, in the reader's own zone. */
const midnight = (ms: number): number => new Date(ms).setHours(0, 0, 0, 0);

/** How many midnights lie between two moments. Rounded: a day with a change of clocks has 23 or 25 hours. */
const daysBetween = (earlier: number, later: number): number => Math.round((midnight(later) - midnight(earlier)) / DAY_MS);

/** The texts, dates and times of an element, in the language of the element or the page. */
export class Localize extends LocalizeController<Terms> {
  constructor(host: LitElement) {
    super(host);
  }

  /** The nearest `lang` above the element; else the page's, else the browser's. */
  override lang(): string {
    const lang = (this.host.closest<HTMLElement>('[lang]')?.lang || super.lang()).toLowerCase();
    const code = lang.split('-')[0] ?? '';
    const load = LAZY[code];
    if (load) {
      delete LAZY[code];
      // Until it is there, and if it cannot be loaded, the texts are English.
      load().then(registerTranslation, () => {});
    }
    return lang;
  }

  /** `14:05` */
  time(iso: string): string {
    return this.#format('time', TIME).format(Date.parse(iso));
  }

  /** `Monday, 23 November 2026 at 14:05` */
  full(iso: string): string {
    return this.#format('full', FULL).format(Date.parse(iso));
  }

  /** `Today`, `Yesterday`, `Friday, 20 November`, with the year where it is another. */
  day(iso: string, now: number): string {
    const at = Date.parse(iso);
    const days = daysBetween(at, now);
    if (days === 0) return this.term('today');
    if (days === 1) return this.term('yesterday');
    const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
    return (sameYear ? this.#format('day', DAY) : this.#format('dayOfYear', DAY_OF_YEAR)).format(at);
  }

  /** `now`, `5 min. ago`, `14:05`, `Yesterday`, `20 Nov` */
  ago(iso: string, now: number): string {
    const at = Date.parse(iso);
    const minutes = Math.floor((now - at) / MINUTE);
    if (minutes < 1) return this.term('now');
    if (minutes < 60) return this.relativeTime(-minutes, 'minute', { style: 'narrow' });
    const days = daysBetween(at, now);
    if (days === 0) return this.time(iso);
    if (days === 1) return this.term('yesterday');
    return this.#format('date', DATE).format(at);
  }

  #format(name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
    const lang = this.lang();
    const key = `${lang} ${name}`;
    let format = formats.get(key);
    if (!format) formats.set(key, (format = new Intl.DateTimeFormat(lang, options)));
    return format;
  }
}

/** Whether two moments fall on the same day, for the reader. */
export const isSameDay = (a: string, b: string): boolean => daysBetween(Date.parse(a), Date.parse(b)) === 0;
