import { html, nothing, type TemplateResult } from 'lit';
import { isSameDay, type Localize } from '../../locale/index.js';
import { sameId, senderName, type Reaction, type ReplyTo } from '../../protocol/index.js';
import { icons } from '../../theme/index.js';
import { attachmentUrl } from '../../transport/index.js';
import type { ChatMessage } from '../../store/index.js';
import { avatar, fullName } from '../people.js';
import { linked } from './text-parts.js';

/** What a row needs to know besides its message. */
export interface RowContext {
  localize: Localize;
  /** Milliseconds since 1970. */
  now: number;
  /** Base of relative attachment addresses. */
  base: string;
  isOwn: (message: ChatMessage) => boolean;
  /** Whether names and pictures are shown: not where there are only two. */
  isGroup: boolean;
  onRetry(localId: string): void;
  onDiscard(localId: string): void;
}

/** Milliseconds of silence after which the same author begins a new group. */
const PAUSE_MS = 5 * 60_000;

function continues(earlier: ChatMessage | undefined, later: ChatMessage | undefined): boolean {
  if (!earlier || !later || earlier.message_type === 'system' || later.message_type === 'system') return false;
  if (!sameId(earlier.sender?.id, later.sender?.id) || !isSameDay(earlier.timestamp, later.timestamp)) return false;
  return Date.parse(later.timestamp) - Date.parse(earlier.timestamp) < PAUSE_MS;
}

/** One message with its neighbours: they decide where a day and where a group begins. */
export function messageRow(message: ChatMessage, before: ChatMessage | undefined, after: ChatMessage | undefined, context: RowContext): TemplateResult {
  const { localize, now } = context;
  const isNewDay = !before || !isSameDay(before.timestamp, message.timestamp);
  const day = isNewDay
    ? html`<div part="day" class="day"><time datetime=${message.timestamp}>${localize.day(message.timestamp, now)}</time></div>`
    : nothing;
  if (message.message_type === 'system') return html`<li>${day}<p part="system" class="system" dir="auto">${message.content}</p></li>`;
  const isOwn = context.isOwn(message);
  const isFirst = !continues(before, message);
  const isLast = !continues(message, after);
  const side = isOwn ? 'own' : 'other';
  return html`<li>
    ${day}
    <div part="message message-${side}" class="message ${side}${isFirst ? ' first' : ''}${isLast ? ' last' : ''}">
      ${isOwn || !context.isGroup ? nothing : isLast ? avatar(fullName(message.sender), message.sender?.profile_picture, context.base) : html`<span class="avatar none"></span>`}
      <div class="body">
        ${isFirst && !isOwn ? author(message, context) : nothing}
        <div part="bubble bubble-${side}" class="bubble">
          ${message.reply_to ? quote(message.reply_to) : nothing}${attachment(message, context)}${message.content
            ? html`<p part="text" class="text" dir="auto">${linked(message.content)}</p>`
            : nothing}
        </div>
        ${message.reactions?.length ? reactions(message.reactions) : nothing}
        ${isLast || message.delivery === 'failed' ? meta(message, isOwn, context) : nothing}
      </div>
    </div>
  </li>`;
}

/** Seen in a group; heard everywhere, since the side of the screen says nothing to a screen reader. */
const author = (message: ChatMessage, { isGroup }: RowContext): TemplateResult =>
  html`<span part="author" class=${isGroup ? 'author' : 'hidden-visually'} dir="auto">${fullName(message.sender)}</span>`;

const quote = (original: ReplyTo): TemplateResult =>
  html`<blockquote part="quote" class="quote" dir="auto"><b>${senderName(original)}</b> ${original.content}</blockquote>`;

function attachment(message: ChatMessage, { base, localize }: RowContext): TemplateResult | typeof nothing {
  const url = attachmentUrl(base, message.attachment);
  if (!url) return nothing;
  const name = decodeName(url) || localize.term('attachment');
  return html`<a part="attachment" class="attachment" href=${url} target="_blank" rel="noopener noreferrer" aria-label="${localize.term('openFile')}: ${name}">
    ${message.message_type === 'image' ? html`<img src=${url} alt="" loading="lazy" />` : html`${icons.file}<span>${name}</span>`}
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

function meta(message: ChatMessage, isOwn: boolean, context: RowContext): TemplateResult {
  const { localize } = context;
  if (message.delivery === 'failed') return failure(message, context);
  const mark = !isOwn
    ? nothing
    : message.delivery === 'sending'
      ? tick('clock', localize.term('sending'))
      : message.is_read
        ? tick('checks', localize.term('read'))
        : tick('check', localize.term('sent'));
  return html`<span part="meta" class="meta">
    ${message.edited_at ? html`${localize.term('edited')} ` : nothing}<time datetime=${message.timestamp}>${localize.time(message.timestamp)}</time>${mark}
  </span>`;
}

const tick = (name: 'clock' | 'check' | 'checks', words: string): TemplateResult =>
  html`<span part="delivery" class="delivery ${name}">${icons[name]}<span class="hidden-visually">${words}</span></span>`;

function failure({ localId, error }: ChatMessage, { localize, onRetry, onDiscard }: RowContext): TemplateResult {
  return html`<span part="failure" class="meta failure">
    ${icons.alert}<span>${localize.term('notSent')}${error ? html`: <span dir="auto">${error.message}</span>` : nothing}</span>
    <button part="retry" type="button" @click=${() => onRetry(localId!)}>${localize.term('retry')}</button>
    <button part="discard" type="button" @click=${() => onDiscard(localId!)}>${localize.term('discard')}</button>
  </span>`;
}
