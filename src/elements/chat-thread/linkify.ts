/** Shows text from another user so that it cannot pretend to be something else. Text stays text: nothing here is parsed as HTML. */
import { html, type LitElement, type TemplateResult } from 'lit';
import { parseUrl } from '../../transport/index.js';
import { visible } from '../untrusted.js';

/** An address in running text, without the punctuation that ends the sentence around it. */
const ADDRESS = /https?:\/\/[^\s<>"']*[^\s<>"'.,;:!?)\]}]/gi;
/** So many characters and addresses of one message are shown at first, and again with each 'Show more'. */
const MAX_CHARS = 4_000;
const MAX_LINKS = 100;
/** A longer address is no link. */
const MAX_ADDRESS = 2_000;

/** How often 'Show more' was pressed, by element and message. */
const pages = new WeakMap<LitElement, Map<string, number>>();

/** An address as it is shown: its host is the one that a browser would ask. Nothing where it must not be a link. */
function shown(address: string): string | undefined {
  const url = address.length > MAX_ADDRESS ? null : parseUrl(address);
  const [, host = '', rest = ''] = /^https?:[/\\]*([^/\\?#]*)(.*)$/is.exec(address)!;
  // `https://bank.example@evil.example` reads as the bank.
  if (!url || host.includes('@')) return undefined;
  // Letters of other scripts look like those of ours: then the name says what it is made of (`xn--…`).
  return visible(host.toLowerCase() === url.host ? address : url.origin + rest);
}

/** The first characters of a text. A pair of surrogates is not cut. */
function clip(text: string, length: number): string {
  return text.slice(0, text.charCodeAt(length - 1) >> 10 === 0x36 ? length - 1 : length);
}

/** The first part of a text, with its addresses as links. @returns the parts, and whether there is more. */
function linked(text: string, page: number): { parts: (string | TemplateResult)[]; isMore: boolean } {
  const parts: (string | TemplateResult)[] = [];
  const part = clip(text, page * MAX_CHARS);
  let from = 0;
  let links = 0;
  for (const { 0: address, index } of part.matchAll(ADDRESS)) {
    const end = index + address.length;
    const isCut = end === part.length && part.length < text.length;
    if (links === page * MAX_LINKS || (isCut && address.length <= MAX_ADDRESS)) return { parts: [...parts, part.slice(from, index)], isMore: true };
    const words = shown(address);
    parts.push(part.slice(from, index), words ? link(address, words) : html`<bdi>${visible(address)}</bdi>`);
    if (words) links++;
    from = end;
  }
  return { parts: [...parts, part.slice(from)], isMore: part.length < text.length };
}

const link = (address: string, words: string): TemplateResult =>
  html`<a part="link" href=${address} target="_blank" rel="noopener noreferrer nofollow ugc"><bdi dir="ltr">${words}</bdi></a>`;

/**
 * The words of a message: as many as a page can draw at once, and a button for the rest.
 * @param key of the message.
 * @param more the button's label.
 */
export function words(host: LitElement, key: string, text: string, more: string): unknown {
  const page = pages.get(host)?.get(key) ?? 1;
  const { parts, isMore } = linked(text, page);
  return isMore ? [parts, html`… <button part="more" class="link" type="button" @click=${() => showMore(host, key, page + 1)}>${more}</button>`] : parts;
}

async function showMore(host: LitElement, key: string, page: number): Promise<void> {
  const known = pages.get(host) ?? new Map<string, number>();
  pages.set(host, known.set(key, page));
  const list = host.renderRoot.querySelector('.messages')!;
  const { scrollTop } = list;
  host.requestUpdate();
  await host.updateComplete;
  // The reader goes on where the text was cut, even at the end of the list; and where the button went, the keyboard is not lost.
  list.scrollTop = scrollTop;
  if (!(host.renderRoot as ShadowRoot).activeElement) (list as HTMLElement).focus({ preventScroll: true });
}
