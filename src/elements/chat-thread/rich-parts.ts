/**
 * What a thread can be read and written without, loaded beside it: what a message may have besides words, who is typing, the way back to
 * the end, and the voice for screen readers.
 */
import { html, nothing, svg, type TemplateResult } from 'lit';
import type { Localize } from '../../locale/index.js';
import { sameId, type Reaction, type ReplyTo, type Room } from '../../protocol/index.js';
import type { ChatMessage, Thread } from '../../client/index.js';
import { icon } from '../../theme/index.js';
import { attachmentUrl } from '../../transport/index.js';
import { mayLoad } from '../avatar.js';
import { firstName } from '../display-name.js';
import { isolated, visible } from '../untrusted.js';
import type { RowContext } from './row-context.js';
import * as text from './linkify.js';

export { enExtras } from '../../locale/index.js';
export { avatar } from '../avatar.js';
export { brokenRow } from '../broken-row.js';
export { LiveRegion } from './live-region.js';
export { styles } from './rich-parts.styles.js';

const ALERT = icon(svg`<circle cx="12" cy="12" r="9" /><path d="M12 7v6m0 4v.01" />`);
const DOWN = icon(svg`<path d="m6 9 6 6 6-6" />`);
const FILE = icon(svg`<path d="M6 3h8l4 4v14H6ZM14 3v4h4" />`);

/** In the bubble, before the words. */
export const above = (message: ChatMessage, context: RowContext): unknown => [message.reply_to ? quote(message.reply_to) : nothing, attachment(message, context)];

/** Under the bubble. */
export const below = ({ reactions: given }: ChatMessage): unknown => (given?.length ? reactions(given) : nothing);

/** The words of a message. */
export const words = ({ key, content }: ChatMessage, { host, localize }: RowContext): unknown => text.words(host, key, content, localize.term('showMore'));

/** Of a quotation, two lines are seen. */
const MAX_QUOTED = 500;
/** So many different reactions are drawn; the others are counted. */
const MAX_REACTIONS = 20;

const quote = ({ sender, content }: ReplyTo): TemplateResult =>
  html`<blockquote part="quote" class="quote" dir="auto"><b><bdi>${sender}</bdi></b> <bdi>${content.slice(0, MAX_QUOTED)}</bdi></blockquote>`;

function attachment(message: ChatMessage, { base, mediaHosts, localize }: RowContext): TemplateResult | typeof nothing {
  const url = attachmentUrl(base, message.attachment);
  if (!url) return nothing;
  const name = visible(decodeName(url)) || localize.term('attachment');
  return html`<a part="attachment" class="attachment" href=${url} target="_blank" rel="noopener noreferrer" aria-label="${localize.term('openFile')}: ${name}">
    ${message.message_type === 'image' && mayLoad(url, base, mediaHosts)
      ? html`<img src=${url} alt="" loading="lazy" referrerpolicy="no-referrer" />`
      : html`${FILE}<bdi>${name}</bdi>`}
  </a>`;
}

const reactions = (given: readonly Reaction[]): TemplateResult =>
  html`<span part="reactions" class="meta"
    >${given.slice(0, MAX_REACTIONS).map(({ emoji, user_ids }) => html`<span><bdi>${emoji.slice(0, MAX_REACTIONS)}</bdi> ${user_ids.length}</span>`)}${given.length > MAX_REACTIONS
      ? `+${given.length - MAX_REACTIONS}`
      : nothing}</span
  >`;

function decodeName(url: string): string {
  const last = new URL(url).pathname.split('/').filter(Boolean).at(-1) ?? '';
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

/** Why a message was not sent, and what can be done about it. */
export function failure({ localId, error }: ChatMessage, { localize, connection, composer }: RowContext): TemplateResult {
  const onRetry = (): void => {
    void connection?.retry(localId!).catch(() => {});
    // The button goes, and the keyboard with it: back to where it came from.
    composer.focus();
  };
  const onDiscard = (): void => {
    connection?.discard(localId!);
    composer.focus();
  };
  return html`<span part="failure" class="meta failure">
    ${ALERT}<span>${localize.term('notSent')}${error ? html`: <span dir="auto">${error.message}</span>` : nothing}</span>
    <button part="retry" type="button" @click=${onRetry}>${localize.term('retry')}</button>
    <button part="discard" type="button" @click=${onDiscard}>${localize.term('discard')}</button>
  </span>`;
}

/** Before the first message, where earlier ones were left out to keep up. @param onLoad loads them. */
export const skipped = ({ term }: RowContext['localize'], onLoad: () => void): TemplateResult =>
  html`<p part="skipped" class="note" role="status">${term('skipped')} <button part="retry" class="link" type="button" @click=${onLoad}>${term('loadSkipped')}</button></p>`;

export const loadingOlder = ({ term }: RowContext['localize']): string => term('loadingOlder');

/** In the composer's place, where the room is none of ours. @param onReload asks again. */
export const denied = ({ term }: RowContext['localize'], onReload: () => void): TemplateResult =>
  html`<p part="note" class="note" role="status">${term('noAccess')} <button part="retry" class="link" type="button" @click=${onReload}>${term('retry')}</button></p>`;

/** @param unseen messages that came in below. @param onJump goes to the end. */
export const jump = (unseen: number, { term }: Localize, onJump: () => void): TemplateResult =>
  html`<button part="jump" class="jump" type="button" @click=${onJump}>${DOWN}<span>${unseen > 0 ? term('newMessages', unseen) : term('jumpToLatest')}</span></button>`;

/** After the last message that is loaded, where it is not the last one. */
export const bottom = (loading: Thread['loading'], { term }: Localize): TemplateResult =>
  html`<p part="note" class="note older">${loading && loading !== 'older' ? term('loadingMessages') : nothing}</p>`;

/** Above the composer: what could not be read, and what this device does not keep. */
export function notes({ leftOut, timeline }: Thread, durable: boolean | undefined, outdated: boolean | undefined, { term }: Localize): TemplateResult[] {
  const note = (words: string): TemplateResult => html`<p part="note" class="note" role="status">${words}</p>`;
  const isAtRisk = durable === false && timeline.some(({ delivery }) => delivery === 'sending');
  return [...(leftOut > 0 ? [note(term('unreadable', leftOut))] : []), ...(outdated || isAtRisk ? [note(term(outdated ? 'reloadToContinue' : 'notDurable'))] : [])];
}

export function typing(typists: Thread['typing'], room: Room | undefined, { term }: Localize): TemplateResult | typeof nothing {
  if (typists.length === 0) return nothing;
  const names = typists.map(({ userId, username }) => {
    const user = room?.participants.find(({ id }) => sameId(id, userId));
    return firstName(user ?? null) || firstName({ username, first_name: '', last_name: '' });
  });
  return html`<span class="dots" aria-hidden="true"><i></i><i></i><i></i></span><span dir="auto">${term('isTyping', names.map(isolated))}</span>`;
}
