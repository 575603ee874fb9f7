/**
 * Renders text from other users with links, so that neither the text nor a link can pass for something else. The text
 * is never parsed as HTML.
 */
import { html, type LitElement, type TemplateResult } from 'lit';
import { parseUrl } from '../../transport/index.js';
import { revealInvisible } from '../untrusted.js';

/** A web address in running text, without the punctuation of the sentence around it. */
const ADDRESS = /https?:\/\/[^\s<>"']*[^\s<>"'.,;:!?)\]}]/gi;
/** Characters and links shown at first, and added by each 'Show more': bounds the size of a row. */
const CHARS_PER_PAGE = 4_000;
const LINKS_PER_PAGE = 100;
/** Longer addresses do not become links, in characters. */
const MAX_ADDRESS = 2_000;

/** Number of visible pages, by element and message key. */
const visiblePages = new WeakMap<LitElement, Map<string, number>>();

/**
 * The visible text of a link, with the host to which it really leads. Undefined if the address must not become a link.
 */
function linkText(address: string): string | undefined {
  const url = address.length > MAX_ADDRESS ? null : parseUrl(address);
  const [, host = '', rest = ''] = /^https?:[/\\]*([^/\\?#]*)(.*)$/is.exec(address)!;
  // `https://bank.example@evil.example` looks like the bank.
  if (!url || host.includes('@')) return undefined;
  // A host with look-alike letters of another script is shown in Punycode (`xn--…`).
  return revealInvisible(host.toLowerCase() === url.host ? address : url.origin + rest);
}

/** Cuts a text without splitting a surrogate pair. */
function clip(text: string, length: number): string {
  return text.slice(0, text.charCodeAt(length - 1) >> 10 === 0x36 ? length - 1 : length);
}

/** Splits the first `page` pages of a text into text and links. */
function splitLinks(text: string, page: number): { parts: (string | TemplateResult)[]; hasMore: boolean } {
  const parts: (string | TemplateResult)[] = [];
  const visibleText = clip(text, page * CHARS_PER_PAGE);
  let from = 0;
  let links = 0;
  for (const { 0: address, index } of visibleText.matchAll(ADDRESS)) {
    const end = index + address.length;
    const isCut = end === visibleText.length && visibleText.length < text.length;
    if (links === page * LINKS_PER_PAGE || (isCut && address.length <= MAX_ADDRESS)) {
      return { parts: [...parts, visibleText.slice(from, index)], hasMore: true };
    }
    const label = linkText(address);
    parts.push(
      visibleText.slice(from, index),
      label ? link(address, label) : html`<bdi>${revealInvisible(address)}</bdi>`,
    );
    if (label) links++;
    from = end;
  }
  return { parts: [...parts, visibleText.slice(from)], hasMore: visibleText.length < text.length };
}

const link = (address: string, label: string): TemplateResult =>
  html`<a part="link" href=${address} target="_blank" rel="noopener noreferrer nofollow ugc"><bdi dir="ltr">${label}</bdi></a>`;

/**
 * Renders the text of a message with links. A long text is shown in parts, with a button for the next one.
 * @param key key of the message.
 * @param more label of the button.
 */
export function linkify(host: LitElement, key: string, text: string, more: string): unknown {
  const page = visiblePages.get(host)?.get(key) ?? 1;
  const { parts, hasMore } = splitLinks(text, page);
  if (!hasMore) return parts;
  return [
    parts,
    html`… <button part="more" class="link" type="button" @click=${() => showMore(host, key, page + 1)}>${more}</button>`,
  ];
}

async function showMore(host: LitElement, key: string, page: number): Promise<void> {
  const pages = visiblePages.get(host) ?? new Map<string, number>();
  visiblePages.set(host, pages.set(key, page));
  const list = host.renderRoot.querySelector('.messages')!;
  const { scrollTop } = list;
  host.requestUpdate();
  await host.updateComplete;
  // Stay where the text was cut, even if the list was at its end.
  list.scrollTop = scrollTop;
  // If the focused button is gone, do not lose the focus to the document.
  if (!(host.renderRoot as ShadowRoot).activeElement) (list as HTMLElement).focus({ preventScroll: true });
}
