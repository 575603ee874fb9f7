/**
 * The elements on a server: as HTML with declarative shadow DOM, so that a page has its list of rooms before any script. For Node, and
 * with `@lit-labs/ssr`, which is installed beside this package. docs/EMBEDDING.md shows how; `unified-chat/hydrate` goes on in the page.
 */
import { render } from '@lit-labs/ssr';
import { collectResultSync } from '@lit-labs/ssr/lib/render-result.js';
import type { TemplateResult } from 'lit';
import './define.js';
import { writeSnapshot } from './elements/chat-rooms/snapshot.js';
import { de } from './locale/de.js';
import { en } from './locale/en.js';
import { enBeside } from './locale/en-secondary.js';
import { ago, registerLocale, speak, termsOf, type Words } from './locale/index.js';
import { checkEach, idKey, Room, type Id } from './protocol/index.js';
import { ChatError } from './transport/index.js';

export { html } from 'lit';
export { registerLocale, type Terms } from './locale/index.js';

registerLocale('de', de);

export interface SnapshotOptions {
  /** Whose list it is: the id that the token names. */
  me: Id;
  /** What `GET rooms/` answers for this person: the list, or a page of it (`{ results }`). */
  rooms: unknown;
  /** Base of relative addresses of pictures: the origin of the backend. Default: the page's. */
  url?: string;
  /** The page's language. Default `en`. */
  lang?: string;
  /** The reader's zone (`Europe/Berlin`), where the server knows it, from a cookie say. Without one, times appear with the script. */
  timeZone?: string;
  /** Milliseconds since 1970. Default: now. */
  now?: number;
}

/**
 * Writes down a list of rooms for `<chat-rooms snapshot=…>`.
 * A room that is none is left out, as in the page.
 * @throws {ChatError} `unexpected_answer`, where `rooms` is no list.
 */
export function snapshot({ me, rooms, url = '', lang = 'en', timeZone, now = Date.now() }: SnapshotOptions): string {
  const list = Array.isArray(rooms) ? (rooms as unknown[]) : (rooms as { results?: unknown[] } | null)?.results;
  if (!Array.isArray(list)) throw new ChatError('unexpected_answer', 'rooms is no list: pass what GET rooms/ answers.');
  const { items } = checkEach(Room, list, 'rooms');
  const words = isZone(timeZone) ? new ServerWords(lang, timeZone) : undefined;
  const times = new Map(
    items.flatMap(({ id, last_message: last }) => (last ? [[idKey(id), words ? ago(words, last.timestamp, now, words.daysBetween) : ''] as const] : [])),
  );
  return writeSnapshot({ me, rooms: items, times, url });
}

/** What a cookie says need not be a zone. */
function isZone(timeZone: string | undefined): timeZone is string {
  try {
    return timeZone !== undefined && !!new Intl.DateTimeFormat('en', { timeZone });
  } catch {
    return false;
  }
}

export interface RenderOptions {
  /** The page's language, as its `<html lang>` has it. Default `en`. */
  lang?: string;
  /** For a page whose Content-Security-Policy allows styles by nonce: the elements' styles stand in the page as text. */
  nonce?: string;
}

/**
 * Makes HTML of a template with elements in it.
 * @throws {TypeError} where `nonce` is none.
 */
export function renderToString(template: TemplateResult, { lang = 'en', nonce }: RenderOptions = {}): string {
  if (nonce !== undefined && !/^[\w+/=-]+$/.test(nonce)) throw new TypeError('nonce: letters, digits and +/=-_ only.');
  // Nothing waits in here, so nobody else's language can come between.
  speak(lang);
  const text = collectResultSync(render(template));
  // Whatever a person has written is escaped: a `<style>` is always an element's own.
  return nonce === undefined ? text : text.replaceAll('<style>', `<style nonce="${nonce}">`);
}

const DAY_MS = 86_400_000;

/** As `Localize`, for a reader of whom only language and zone are known. */
class ServerWords implements Words {
  readonly lang: string;
  readonly #timeZone: string;

  constructor(lang: string, timeZone: string) {
    this.lang = lang;
    this.#timeZone = timeZone;
  }

  term(key: 'now' | 'yesterday'): string {
    return termsOf(this.lang)?.[key] ?? { ...en, ...enBeside }[key];
  }

  time(iso: string): string {
    return this.format('', { hour: 'numeric', minute: '2-digit' }).format(Date.parse(iso));
  }

  format(_name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
    return new Intl.DateTimeFormat(this.lang, { ...options, timeZone: this.#timeZone });
  }

  readonly daysBetween = (earlier: number, later: number): number => {
    // As in 2026-11-23: what `Date.parse` takes for midnight in UTC.
    const day = new Intl.DateTimeFormat('en-CA', { timeZone: this.#timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
    return Math.round((Date.parse(day.format(later)) - Date.parse(day.format(earlier))) / DAY_MS);
  };
}
