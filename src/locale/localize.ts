/**
 * Texts, dates and times in the reader's language. (A library for this would cost a page three times as much and knows
 * neither lazy languages nor a `lang` on an element in between.)
 */
import { isServer, type LitElement, type ReactiveController } from 'lit';
import { en } from './en.js';
import type { Terms } from './translation.js';

/** By language, or by language and region: `de`, `de-at`. */
const locales = new Map<string, Partial<Terms>>();

/** Languages that are loaded when somebody needs them. */
const LAZY = new Map([['de', (): Promise<Terms> => import('./de.js').then(({ de }) => de)]]);

/** On a server, which has no page to ask: see ssr.ts. */
let spoken = 'en';
export function speak(lang: string): void {
  spoken = lang;
}

/** Elements on the page, drawn anew when a language arrives or the page changes to another. */
const present = new Set<LitElement>();

const redraw = (): void => present.forEach((element) => element.requestUpdate());

/** Adds a language, or replaces one; what it lacks is English. `code`: `fr`, `pt-br`. */
export function registerLocale(code: string, terms: Partial<Terms>): void {
  locales.set(code.toLowerCase(), terms);
  redraw();
}

/** What was registered for a language, or for that of its region. */
export const termsOf = (lang: string): Partial<Terms> | undefined => locales.get(lang.toLowerCase()) ?? locales.get(lang.toLowerCase().split('-')[0]!);

if (globalThis.document) new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ['lang'] });

/** Formatting a date is cheap; making a formatter is not. */
const formats = new Map<string, Intl.DateTimeFormat>();

const TIME: Intl.DateTimeFormatOptions = { hour: 'numeric', minute: '2-digit' };
const DAY: Intl.DateTimeFormatOptions = { weekday: 'long', day: 'numeric', month: 'long' };
const DAY_OF_YEAR: Intl.DateTimeFormatOptions = { ...DAY, year: 'numeric' };

const DAY_MS = 24 * 3_600_000;

/** Midnight before a moment, in the reader's own zone. */
const midnight = (ms: number): number => new Date(ms).setHours(0, 0, 0, 0);

/** How many midnights lie between two moments. Rounded: a day with a change of clocks has 23 or 25 hours. */
export const daysBetween = (earlier: number, later: number): number => Math.round((midnight(later) - midnight(earlier)) / DAY_MS);

/** The texts, dates and times of an element, in the language of the element or the page. */
export class Localize implements ReactiveController {
  readonly #host: LitElement;
  /** What the element says beyond {@link en}, where no other language has it. */
  english: Partial<Terms>;

  constructor(host: LitElement, english: Partial<Terms> = {}) {
    this.#host = host;
    this.english = english;
    host.addController(this);
  }

  hostConnected(): void {
    present.add(this.#host);
  }

  hostDisconnected(): void {
    present.delete(this.#host);
  }

  /** The nearest `lang` above the element; else the page's, else the browser's. */
  get lang(): string {
    const lang = isServer ? spoken : this.#host.closest<HTMLElement>('[lang]')?.lang || document.documentElement.lang || navigator.language;
    const code = lang.split('-')[0]!.toLowerCase();
    const load = LAZY.get(code);
    if (load) {
      LAZY.delete(code);
      // Until it is there, and if it cannot be loaded, the texts are English.
      load().then(
        (terms) => registerLocale(code, terms),
        () => {},
      );
    }
    // A page may say nonsense (`en_US`), and every formatter would throw at it.
    return /^[a-z]{2,3}(-[a-z\d]+)*$/i.test(lang) ? lang : 'en';
  }

  /** One text: a string, or a function that makes it. */
  readonly term = <Key extends keyof Terms>(key: Key, ...values: Terms[Key] extends (...values: infer V) => string ? V : []): string => {
    const text = (termsOf(this.lang)?.[key] ?? this.english[key] ?? (en as Partial<Terms>)[key]) as string | ((...values: unknown[]) => string);
    return typeof text === 'string' ? text : text(...values);
  };

  /** For an element that will show times: the first format of a page takes an old phone longer than all that it draws with it, so it has a task of its own. */
  prepare(): void {
    setTimeout(() => this.time('2000-01-01'));
  }

  /** `14:05` */
  time(iso: string): string {
    return this.format('time', TIME).format(Date.parse(iso));
  }

  /** `Today`, `Yesterday`, `Friday, 20 November`, with the year where it is another. */
  day(iso: string, now: number): string {
    const at = Date.parse(iso);
    const days = daysBetween(at, now);
    if (days === 0) return this.term('today');
    if (days === 1) return this.term('yesterday');
    const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
    return (sameYear ? this.format('day', DAY) : this.format('dayOfYear', DAY_OF_YEAR)).format(at);
  }

  /** A formatter for the element's language. @param name of these options, always the same for the same. */
  format(name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
    const { lang } = this;
    const key = `${lang} ${name}`;
    let format = formats.get(key);
    if (!format) formats.set(key, (format = new Intl.DateTimeFormat(lang, options)));
    return format;
  }
}

/** Whether two moments fall on the same day, for the reader. */
export const isSameDay = (a: string, b: string): boolean => daysBetween(Date.parse(a), Date.parse(b)) === 0;
