/**
 * Texts, dates and times in the reader's language. Existing libraries are three times as large, and support neither
 * languages that are loaded on demand nor a `lang` attribute on an ancestor element.
 */
import { isServer, type LitElement, type ReactiveController } from 'lit';
import { en } from './en.js';
import type { Terms } from './translation.js';

/** Registered texts, by lower-case language tag: `de`, `de-at`. */
const locales = new Map<string, Partial<Terms>>();

/** German is built in, and loaded on first use. Texts that the page registers for German replace single ones. */
let german: Partial<Terms> | undefined;
let isGermanRequested = false;
const isGerman = (lang: string): boolean => /^de(-|$)/i.test(lang);

/**
 * The canonical form of a language tag: `de_DE` is `de-DE`. Of a tag that `Intl` rejects (`zh-CN-Hans`), the language
 * alone; empty if that is invalid, too.
 */
export function canonicalTag(lang: string): string {
  for (const tag of [lang.replaceAll('_', '-'), lang.split(/[-_]/)[0]]) {
    try {
      return Intl.getCanonicalLocales(tag)[0]!;
    } catch {
      // the next one
    }
  }
  return '';
}

/** The last tag and its canonical form: most texts of a page are in one language. */
let lastLang = '';
let lastTag = '';

/** The `lang` of the nearest ancestor that has one, also outside the shadow roots around the element. */
const closestLang = (element: Element | undefined): string | undefined =>
  element && (element.closest<HTMLElement>('[lang]')?.lang || closestLang((element.getRootNode() as ShadowRoot).host));

/** The language on a server, where there is no document: see ssr.ts. */
let serverLanguage = 'en';
export function setServerLanguage(lang: string): void {
  serverLanguage = lang;
}

/** Connected elements: rendered again when a locale is registered or the page's language changes. */
const connectedElements = new Set<LitElement>();

const updateAll = (): void => connectedElements.forEach((element) => element.requestUpdate());

/**
 * Adds or replaces texts of a language. Terms that are left out keep the built-in German text, or else are English.
 *
 * @param code language tag, in any case: `fr`, `pt-BR`. A tag without a region also serves all of its regions.
 * @example
 * registerLocale('fr', { writeMessage: 'Écrire un message', send: 'Envoyer' });
 */
export function registerLocale(code: string, terms: Partial<Terms>): void {
  locales.set(code.toLowerCase(), terms);
  updateAll();
}

/** The registered texts of a language tag, or of its language without the region. */
export const termsOf = (lang: string): Partial<Terms> | undefined =>
  locales.get(lang.toLowerCase()) ?? locales.get(lang.toLowerCase().split('-')[0]!);

/** The tag, if there are texts in its language; otherwise `en`, so that texts and dates are in the same language. */
export const supportedTag = (tag: string): string =>
  /^en(-|$)/.test(tag) || termsOf(tag) || (german && isGerman(tag)) ? tag : 'en';

if (globalThis.document)
  new MutationObserver(updateAll).observe(document.documentElement, { attributeFilter: ['lang'] });

/** By language and name: creating a formatter is expensive. */
const formatters = new Map<string, Intl.DateTimeFormat>();

const TIME: Intl.DateTimeFormatOptions = { hour: 'numeric', minute: '2-digit' };
const DAY: Intl.DateTimeFormatOptions = { weekday: 'long', day: 'numeric', month: 'long' };
const DAY_OF_YEAR: Intl.DateTimeFormatOptions = { ...DAY, year: 'numeric' };

const DAY_MS = 24 * 3_600_000;

/** Start of the day, in the browser's time zone. */
const midnight = (ms: number): number => new Date(ms).setHours(0, 0, 0, 0);

/** Number of midnights between two moments. Rounded, because a day with a DST change has 23 or 25 hours. */
export const daysBetween = (earlier: number, later: number): number =>
  Math.round((midnight(later) - midnight(earlier)) / DAY_MS);

/** Localizes an element's texts, dates and times, in the language of the element or the page. */
export class Localize implements ReactiveController {
  readonly #host: LitElement;
  /** English texts of the element that are not part of {@link en}. */
  english: Partial<Terms>;

  constructor(host: LitElement, english: Partial<Terms> = {}) {
    this.#host = host;
    this.english = english;
    host.addController(this);
  }

  hostConnected(): void {
    connectedElements.add(this.#host);
  }

  hostDisconnected(): void {
    connectedElements.delete(this.#host);
  }

  /**
   * The language of texts and dates: the `lang` of the element or its nearest ancestor; otherwise the language of the
   * page, then of the browser. English if there are no texts in that language.
   */
  get lang(): string {
    const lang = isServer
      ? serverLanguage
      : closestLang(this.#host) || document.documentElement.lang || navigator.language;
    if (lang !== lastLang) lastTag = canonicalTag((lastLang = lang));
    const tag = lastTag;
    if (!isGermanRequested && isGerman(tag)) {
      isGermanRequested = true;
      // The texts are English until it is loaded, and if it fails to load.
      import('./de.js').then(
        ({ de }) => {
          german = de;
          updateAll();
        },
        () => {},
      );
    }
    return supportedTag(tag);
  }

  /** Returns a text, with `values` for its variable parts. */
  readonly term = <Key extends keyof Terms>(
    key: Key,
    ...values: Terms[Key] extends (...values: infer V) => string ? V : []
  ): string => {
    const { lang } = this;
    const builtIn = isGerman(lang) ? german : undefined;
    const text = (termsOf(lang)?.[key] ?? builtIn?.[key] ?? this.english[key] ?? (en as Partial<Terms>)[key]) as
      string | ((...values: unknown[]) => string);
    return typeof text === 'string' ? text : text(...values);
  };

  /**
   * Creates the first formatter ahead of time, for an element that will show times. The first formatter of a page takes
   * a slow phone 50 to 95 ms, so it gets its own task instead of delaying the first render.
   */
  prepare(): void {
    setTimeout(() => this.time('2000-01-01'));
  }

  /** `14:05` */
  time(iso: string): string {
    return this.format('time', TIME).format(Date.parse(iso));
  }

  /** `Today`, `Yesterday` or `Friday, 20 November`; with the year if it is not the current one. */
  day(iso: string, now: number): string {
    const at = Date.parse(iso);
    const days = daysBetween(at, now);
    if (days === 0) return this.term('today');
    if (days === 1) return this.term('yesterday');
    const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
    return (sameYear ? this.format('day', DAY) : this.format('dayOfYear', DAY_OF_YEAR)).format(at);
  }

  /**
   * A cached formatter for the element's language.
   * @param name cache key: identifies the options.
   */
  format(name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
    const { lang } = this;
    const key = `${lang} ${name}`;
    let formatter = formatters.get(key);
    if (!formatter) formatters.set(key, (formatter = new Intl.DateTimeFormat(lang, options)));
    return formatter;
  }
}

/** Whether two timestamps are on the same day in the browser's time zone. */
export const isSameDay = (a: string, b: string): boolean => daysBetween(Date.parse(a), Date.parse(b)) === 0;
