/**
 * Renders text from other users with links, so that neither the text nor a link can pass for something else. The text
 * is never parsed as HTML.
 */
import { html, type LitElement, type TemplateResult } from 'lit';
import { MAX_ADDRESS, textParts, type TextPart } from './text-parts.js';

/** Characters and links shown at first, and added by each 'Show more': bounds the size of a row. */
const CHARS_PER_PAGE = 4_000;
const LINKS_PER_PAGE = 100;
/** Number of visible pages, by element and message key. */
const visiblePages = new WeakMap<LitElement, Map<string, number>>();

/** Cuts a text without splitting a surrogate pair. */
function clip(text: string, length: number): string {
  return text.slice(0, text.charCodeAt(length - 1) >> 10 === 0x36 ? length - 1 : length);
}

/** Renders the first `page` pages of a text. An address is never cut, because a part of it leads elsewhere. */
function renderParts(text: string, page: number): { parts: unknown[]; hasMore: boolean } {
  const visibleText = clip(text, page * CHARS_PER_PAGE);
  const isCut = visibleText.length < text.length;
  const parts: unknown[] = [];
  let links = 0;
  for (const part of textParts(visibleText)) {
    const { type, text: words } = part;
    const isIncomplete = isCut && part.isLast && words.length <= MAX_ADDRESS;
    if (isIncomplete || (type === 'link' && links++ === page * LINKS_PER_PAGE)) return { parts, hasMore: true };
    parts.push(type === 'link' ? link(part) : type === 'address' ? html`<bdi>${words}</bdi>` : words);
  }
  return { parts, hasMore: isCut };
}

const link = ({ href, text }: TextPart): TemplateResult =>
  html`<a part="link" href=${href} target="_blank" rel="noopener noreferrer nofollow ugc"><bdi dir="ltr">${text}</bdi></a>`;

/**
 * Renders the text of a message with links. A long text is shown in parts, with a button for the next one.
 * @param key key of the message.
 * @param more label of the button.
 */
export function linkify(host: LitElement, key: string, text: string, more: string): unknown {
  const page = visiblePages.get(host)?.get(key) ?? 1;
  const { parts, hasMore } = renderParts(text, page);
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
