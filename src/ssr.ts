/**
 * `unified-chat/ssr`: renders the elements in Node, as HTML with declarative shadow DOM, so that a page shows its rooms
 * before any script runs. `unified-chat/hydrate` takes over in the browser. Requires the peer dependency
 * `@lit-labs/ssr`. docs/EMBEDDING.md has a complete example.
 */
import { render } from '@lit-labs/ssr';
import { collectResultSync } from '@lit-labs/ssr/lib/render-result.js';
import type { TemplateResult } from 'lit';
import './define.js';
import { writeSnapshot } from './elements/chat-rooms/snapshot.js';
import { de } from './locale/de.js';
import { en } from './locale/en.js';
import { enSecondary } from './locale/en-secondary.js';
import {
  canonicalTag,
  registerLocale,
  relativeTime,
  setServerLanguage,
  supportedTag,
  termsOf,
  type RelativeTimeLocale,
} from './locale/index.js';
import { checkEach, idKey, Room, type Id } from './protocol/index.js';
import { ChatError } from './transport/index.js';

export { html } from 'lit';
export { registerLocale, type Terms } from './locale/index.js';

registerLocale('de', de);

export interface SnapshotOptions {
  /** Id of the user whose rooms these are: the user id in the token. */
  me: Id;
  /** Response body of `GET rooms/` for this user: an array, or one page of it (`{ results }`). */
  rooms: unknown;
  /**
   * Base for relative avatar addresses: the backend's origin.
   * @default the page's origin
   */
  url?: string;
  /**
   * Language of the page, as a BCP 47 tag.
   * @default 'en'
   */
  lang?: string;
  /**
   * IANA time zone of the reader (`Europe/Berlin`), if the server knows it, for example from a cookie. Without a valid
   * one, times are left empty until the script runs.
   */
  timeZone?: string;
  /**
   * Current time, in milliseconds since 1970.
   * @default Date.now()
   */
  now?: number;
}

/**
 * Serializes a room list for `<chat-rooms snapshot=…>`. Invalid rooms are left out, as in the browser.
 *
 * @example
 * const rooms = await (await fetch(`${backend}/api/chat/rooms/`, { headers })).json();
 * html`<chat-rooms snapshot=${snapshot({ me: userId, rooms, lang: 'de' })}></chat-rooms>`;
 * @throws {ChatError} `unexpected_answer` if `rooms` is not a list.
 */
export function snapshot({ me, rooms, url = '', lang = 'en', timeZone, now = Date.now() }: SnapshotOptions): string {
  const list = Array.isArray(rooms) ? (rooms as unknown[]) : (rooms as { results?: unknown[] } | null)?.results;
  if (!Array.isArray(list))
    throw new ChatError('unexpected_answer', 'rooms is not a list: pass the response body of GET rooms/.');
  const { items } = checkEach(Room, list, 'rooms');
  const locale = isTimeZone(timeZone) ? new ServerLocale(lang, timeZone) : undefined;
  const timeOf = (timestamp: string): string =>
    locale ? relativeTime(locale, timestamp, now, locale.daysBetween) : '';
  const times = new Map(
    items.flatMap(({ id, last_message: last }) => (last ? [[idKey(id), timeOf(last.timestamp)] as const] : [])),
  );
  return writeSnapshot({ me, rooms: items, times, url });
}

/** The value may come from a cookie, so it may be anything. */
function isTimeZone(timeZone: string | undefined): timeZone is string {
  try {
    return timeZone !== undefined && !!new Intl.DateTimeFormat('en', { timeZone });
  } catch {
    return false;
  }
}

export interface RenderOptions {
  /**
   * Language of the page: the value of its `<html lang>`.
   * @default 'en'
   */
  lang?: string;
  /** CSP nonce for the elements' inline `<style>` tags, for pages whose `style-src` requires one. */
  nonce?: string;
}

/**
 * Renders a template that contains chat elements to HTML.
 *
 * @example
 * const body = renderToString(html`<chat-rooms snapshot=${rooms}></chat-rooms>`, { lang: 'de', nonce });
 * @throws {TypeError} if `nonce` is not a valid nonce.
 */
export function renderToString(template: TemplateResult, { lang = 'en', nonce }: RenderOptions = {}): string {
  if (nonce !== undefined && !/^[\w+/=-]+$/.test(nonce))
    throw new TypeError('nonce may only contain letters, digits and the characters + / = - _.');
  // Rendering is synchronous, so a concurrent request cannot change this global meanwhile.
  setServerLanguage(lang);
  const markup = collectResultSync(render(template));
  // User content is escaped, so every literal `<style>` comes from an element.
  return nonce === undefined ? markup : markup.replaceAll('<style>', `<style nonce="${nonce}">`);
}

const DAY_MS = 86_400_000;

/** Stands in for `Localize` on a server: language and time zone are given instead of taken from the page. */
class ServerLocale implements RelativeTimeLocale {
  readonly lang: string;
  readonly #timeZone: string;

  constructor(lang: string, timeZone: string) {
    this.lang = supportedTag(canonicalTag(lang));
    this.#timeZone = timeZone;
  }

  term(key: 'now' | 'yesterday'): string {
    return termsOf(this.lang)?.[key] ?? { ...en, ...enSecondary }[key];
  }

  time(iso: string): string {
    return this.format('', { hour: 'numeric', minute: '2-digit' }).format(Date.parse(iso));
  }

  format(_name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
    return new Intl.DateTimeFormat(this.lang, { ...options, timeZone: this.#timeZone });
  }

  readonly daysBetween = (earlier: number, later: number): number => {
    // Formats as 2026-11-23, which `Date.parse` reads as midnight UTC.
    const day = new Intl.DateTimeFormat('en-CA', {
      timeZone: this.#timeZone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
    });
    return Math.round((Date.parse(day.format(later)) - Date.parse(day.format(earlier))) / DAY_MS);
  };
}
