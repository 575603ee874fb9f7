/**
 * The deferred parts of a thread, which works without them until they are loaded: links, avatars, quotes, attachments
 * and reactions of messages; notices; the typing indicator; the button that jumps to the latest message; the live
 * region; selecting beyond the rendered rows, and printing.
 */
import { html, nothing, svg, type LitElement, type TemplateResult } from 'lit';
import { enSecondary, type Localize } from '../../locale/index.js';
import { sameId, type ReplyTo, type Room } from '../../protocol/index.js';
import type { ChatConnection, ChatMessage, Thread } from '../../client/index.js';
import { icon } from '../../theme/index.js';
import { systemClock } from '../../transport/index.js';
import { firstName, fullName } from '../display-name.js';
import { addStyles, DocumentStyles } from '../document-styles.js';
import { IntervalController } from '../interval-controller.js';
import { LiveRegion } from '../live-region.js';
import { unnamedUser } from '../unnamed-user.js';
import { isolated } from '../untrusted.js';
import { AttachFiles } from './attach-files.js';
import type { FilesHost } from './files-host.js';
import { hasFailedAtEnd, loadError } from './load-error.js';
import { linkify } from './linkify.js';
import { messageFiles } from './message-files.js';
import { PrintedRows } from './printed-rows.js';
import type { RoomView } from './room-view.js';
import { styles } from './rich-parts.styles.js';
import { ReadingDetector } from './reading-detector.js';
import type { RowContext } from './row-context.js';
import { SelectedRows } from './selected-rows.js';
import { WheelReserve } from './wheel-reserve.js';
import type { VirtualScroller } from './virtual-scroller.js';

export { avatar } from '../avatar.js';
export { brokenRow } from '../broken-row.js';
export { reactions } from './message-reactions.js';
export { stopTyped } from '../typed-keys.js';

const ALERT = icon(svg`<circle cx="12" cy="12" r="9" /><path d="M12 7v6m0 4v.01" />`);
const DOWN = icon(svg`<path d="m6 9 6 6 6-6" />`);

/** Longest quoted text, in characters. CSS shows two lines of it. */
const MAX_QUOTED = 500;
/** Adds the deferred work of a thread. @returns the detector, which calls `onReading` when it has changed. */
export function addControllers(
  host: LitElement,
  localize: Localize,
  finder: { readonly connection: ChatConnection | undefined },
  scroller: VirtualScroller<ChatMessage>,
  onReading: () => void,
): ReadingDetector {
  addStyles(host, styles);
  localize.english = enSecondary;
  new LiveRegion(host, localize, finder);
  new DocumentStyles(host);
  new SelectedRows(host, scroller);
  new PrintedRows(host, scroller);
  if (navigator.vendor.startsWith('Apple')) new WheelReserve(host, scroller);
  // 'Today' becomes 'Yesterday'.
  new IntervalController(host, () => new Date(systemClock.now()).setHours(24, 0, 0, 0) - systemClock.now());
  return new ReadingDetector(host, onReading);
}

export const createFiles = (parts: FilesHost): AttachFiles => new AttachFiles(parts);

export const messageText = ({ key, content }: ChatMessage, { host, localize }: RowContext): unknown =>
  linkify(host, key, content, localize.term('showMore'));

/** One to three emoji, and nothing else. */
const EMOJI =
  /^(?:\s*(?:\p{RI}{2}|\p{Emoji}(?:\p{EMod}|\uFE0F\u20E3?)?(?:\u200D\p{Emoji}(?:\p{EMod}|\uFE0F)?)*)){1,3}\s*$/u;
/** Digits and some punctuation are emoji only with a variation selector. */
const HAS_PICTURE = /\p{Emoji_Presentation}|\uFE0F/u;

export const isEmoji = ({ content, deleted_at }: ChatMessage): boolean =>
  !deleted_at && content.length < 60 && EMOJI.test(content) && HAS_PICTURE.test(content);

export const exactTime = (iso: string, { localize }: RowContext): string =>
  localize.format('exact', { dateStyle: 'full', timeStyle: 'short' }).format(Date.parse(iso));

export const edited = (message: ChatMessage, context: RowContext): TemplateResult =>
  html`<span title=${exactTime(message.edited_at!, context)}>${context.localize.term('edited')}</span> `;

export const unnamed = ({ sender }: ChatMessage, { localize }: RowContext): string =>
  unnamedUser(sender, localize.term);

export const hiddenAuthor = (message: ChatMessage, isOwn: boolean, context: RowContext): TemplateResult =>
  html`<span class="hidden-visually" dir="auto">${isOwn ? context.localize.term('you') : fullName(message.sender) || unnamed(message, context)}</span>`;

/** Inside the bubble, above the text. */
export const quoteAndAttachment = (message: ChatMessage, context: RowContext): unknown => [
  message.reply_to ? quote(message.reply_to, context) : nothing,
  messageFiles(message, context),
  message.content || message.attachment || message.attachments?.length
    ? nothing
    : html`<i>${context.localize.term('noText')}</i>`,
];

const quote = ({ sender, content, deleted_at }: ReplyTo, { localize }: RowContext): TemplateResult =>
  html`<blockquote part="quote" class="quote" dir="auto">${deleted_at ? html`<i>${localize.term('deletedMessage')}</i>` : html`<b><bdi>${sender}</bdi></b> <bdi>${content.slice(0, MAX_QUOTED)}</bdi>`}</blockquote>`;

/** Why a message was not sent, with buttons to retry and discard it. */
export function failure(
  { localId, error }: ChatMessage,
  { localize, connection, composer }: RowContext,
): TemplateResult {
  const onRetry = (): void => {
    void connection?.retry(localId!).catch(() => {});
    // The focused button is about to be removed.
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

/** Above the first message, if earlier ones were skipped to catch up faster. */
export const skippedNotice = ({ term }: Localize, view: RoomView): TemplateResult =>
  html`<p part="skipped" class="note"><span data-announce="skipped:${view.roomId}">${term('skipped')}</span> <button part="retry" class="link" type="button" @click=${() => view.load('older')}>${term('loadSkipped')}</button></p>`;

/** In place of the messages while the server cannot be reached. */
export const waiting = ({ term }: Localize): TemplateResult => html`<p part="note" class="note">${term('waiting')}</p>`;

export const loadingOlder = ({ term }: Localize): string => term('loadingOlder');

/** In place of the composer, if the user has no access to the room. */
export const noAccess = ({ term }: Localize, view: RoomView): TemplateResult =>
  html`<p part="note" class="note"><span data-announce="no-access:${view.roomId}">${term('noAccess')}</span> <button part="retry" class="link" type="button" @click=${view.retry}>${term('retry')}</button></p>`;

/**
 * @param unseen number of messages received below the viewport.
 * @param onJump scrolls to the end.
 */
export const jumpButton = (unseen: number, { term }: Localize, onJump: () => void): TemplateResult =>
  html`<button part="jump" class="jump" type="button" @click=${onJump}>${DOWN}<span>${unseen > 0 ? term('newMessages', unseen) : term('jumpToLatest')}</span></button>`;

/** Home and End. The browser alone would scroll to the first or last rendered row, and there are more rows. */
export function onHistoryKey(event: KeyboardEvent, scroller: { toStart(): void }, toEnd: () => void): void {
  const { key, shiftKey, altKey, metaKey } = event;
  const list = event.currentTarget as HTMLElement;
  if (shiftKey || altKey || metaKey || (key !== 'End' && key !== 'Home')) return;
  if (list.scrollHeight <= list.clientHeight) return;
  event.preventDefault();
  // A focused link is about to be removed.
  list.focus({ preventScroll: true });
  if (key === 'End') toEnd();
  else scroller.toStart();
}

/** Below the last loaded message, if the server has newer ones. */
export function historyBottom(view: RoomView, localize: Localize): TemplateResult | typeof nothing {
  const thread = view.getThread();
  const { hasNewer, loading, error } = thread;
  if (!hasNewer) return nothing;
  if (error && !loading && hasFailedAtEnd(thread)) return loadError(view, localize);
  const isLoading = loading && loading !== 'older';
  return html`<p part="note" class="note older">${isLoading ? localize.term('loadingMessages') : nothing}</p>`;
}

/** Above the composer: messages that could not be displayed, and problems with the local storage. */
export function notices(
  { leftOut, timeline }: Thread,
  durable: boolean | undefined,
  outdated: boolean | undefined,
  { term }: Localize,
): TemplateResult[] {
  const isAtRisk = durable === false && timeline.some(({ delivery }) => delivery === 'sending');
  const texts = [
    leftOut > 0 && term('unreadable', leftOut),
    outdated ? term('reloadToContinue') : isAtRisk && term('notDurable'),
  ].filter((text) => text !== false);
  return texts.map((text) => html`<p part="note" class="note" data-announce="notice:${text}">${text}</p>`);
}

export function typingIndicator(
  typists: Thread['typing'],
  room: Room | undefined,
  { term }: Localize,
): TemplateResult | typeof nothing {
  if (typists.length === 0) return nothing;
  const names = typists.map(({ userId, username }) => {
    const user = room?.participants.find(({ id }) => sameId(id, userId));
    return firstName(user ?? null) || firstName({ username, first_name: '', last_name: '' });
  });
  return html`<span class="dots" aria-hidden="true"><i></i><i></i><i></i></span><span dir="auto">${term('isTyping', names.map(isolated))}</span>`;
}
