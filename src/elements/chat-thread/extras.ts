/**
 * What a thread can be read and written without, loaded beside it: what a message may have besides words, who is typing, the way back to
 * the end, and the voice for screen readers.
 */
import { html, nothing, svg, type TemplateResult } from 'lit';
import type { Reaction, ReplyTo } from '../../protocol/index.js';
import type { ChatMessage } from '../../store/index.js';
import { icon } from '../../theme/index.js';
import { attachmentUrl } from '../../transport/index.js';
import type { RowContext } from './row-context.js';

export { enExtras as english } from '../../locale/index.js';
export { avatar } from '../avatar.js';
export { Announcer } from './announcer.js';
export { styles } from './extras.styles.js';

const ALERT = icon(svg`<circle cx="12" cy="12" r="9" /><path d="M12 7v6m0 4v.01" />`);
const DOWN = icon(svg`<path d="m6 9 6 6 6-6" />`);
const FILE = icon(svg`<path d="M6 3h8l4 4v14H6ZM14 3v4h4" />`);

/** In the bubble, before the words. */
export const above = (message: ChatMessage, context: RowContext): unknown => [message.reply_to ? quote(message.reply_to) : nothing, attachment(message, context)];

/** Under the bubble. */
export const below = ({ reactions: given }: ChatMessage): unknown => (given?.length ? reactions(given) : nothing);

/** Who wrote the message that is answered; '' where it does not say. */
const senderName = ({ sender }: ReplyTo): string => (typeof sender === 'string' ? sender : String((sender as { username?: unknown } | null | undefined)?.username ?? ''));

const quote = (original: ReplyTo): TemplateResult =>
  html`<blockquote part="quote" class="quote" dir="auto"><b>${senderName(original)}</b> ${original.content}</blockquote>`;

function attachment(message: ChatMessage, { base, localize }: RowContext): TemplateResult | typeof nothing {
  const url = attachmentUrl(base, message.attachment);
  if (!url) return nothing;
  const name = decodeName(url) || localize.term('attachment');
  return html`<a part="attachment" class="attachment" href=${url} target="_blank" rel="noopener noreferrer" aria-label="${localize.term('openFile')}: ${name}">
    ${message.message_type === 'image' ? html`<img src=${url} alt="" loading="lazy" />` : html`${FILE}<span>${name}</span>`}
  </a>`;
}

const reactions = (given: readonly Reaction[]): TemplateResult =>
  html`<span part="reactions" class="meta">${given.map(({ emoji, user_ids }) => html`<span>${emoji} ${user_ids.length}</span>`)}</span>`;

function decodeName(url: string): string {
  const last = new URL(url).pathname.split('/').filter(Boolean).at(-1) ?? '';
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

/** Why a message was not sent, and what can be done about it. */
export function failure({ localId, error }: ChatMessage, { localize, onRetry, onDiscard }: RowContext): TemplateResult {
  return html`<span part="failure" class="meta failure">
    ${ALERT}<span>${localize.term('notSent')}${error ? html`: <span dir="auto">${error.message}</span>` : nothing}</span>
    <button part="retry" type="button" @click=${() => onRetry(localId!)}>${localize.term('retry')}</button>
    <button part="discard" type="button" @click=${() => onDiscard(localId!)}>${localize.term('discard')}</button>
  </span>`;
}

/** Before the first message, where earlier ones were left out to keep up. @param onLoad loads them. */
export const skipped = ({ term }: RowContext['localize'], onLoad: () => void): TemplateResult =>
  html`<p part="skipped" class="note" role="status">${term('skipped')} <button part="retry" class="link" type="button" @click=${onLoad}>${term('loadSkipped')}</button></p>`;

export const loadingOlder = ({ term }: RowContext['localize']): string => term('loadingOlder');

/** In the composer's place, where the room is none of ours. @param onReload asks again. */
export const denied = ({ term }: RowContext['localize'], onReload: () => void): TemplateResult =>
  html`<p part="note" class="note" role="status">${term('noAccess')} <button part="retry" class="link" type="button" @click=${onReload}>${term('retry')}</button></p>`;

/** @param onJump goes to the end. */
export const jump = (words: string, onJump: () => void): TemplateResult =>
  html`<button part="jump" class="jump" type="button" @click=${onJump}>${DOWN}<span>${words}</span></button>`;

export const typing = (words: string): TemplateResult => html`<span class="dots" aria-hidden="true"><i></i><i></i><i></i></span><span dir="auto">${words}</span>`;
