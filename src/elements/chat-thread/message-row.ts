import { html, nothing, type TemplateResult } from 'lit';
import { isSameDay } from '../../locale/index.js';
import { sameId } from '../../protocol/index.js';
import { icons } from '../../theme/index.js';
import type { ChatMessage } from '../../client/index.js';
import { fullName } from '../display-name.js';
import type { RowContext } from './row-context.js';

/** So many characters are shown until there is a button for the rest. */
const MAX_CHARS = 4_000;
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
  const { extras } = context;
  // Until a picture can be drawn, its row says at least that there is one.
  const words = extras ? message.content && extras.words(message, context) : message.content.slice(0, MAX_CHARS) || (message.attachment && localize.term('attachment'));
  if (message.message_type === 'system') return html`<li>${day}<p part="system" class="system" dir="auto">${words}</p></li>`;
  const isOwn = context.isOwn(message);
  const isFirst = !continues(before, message);
  const isLast = !continues(message, after);
  const side = isOwn ? 'own' : 'other';
  return html`<li>
    ${day}
    <div part="message message-${side}" class="message ${side}${isFirst ? ' first' : ''}${isLast ? ' last' : ''}">
      ${isOwn || !context.isGroup ? nothing : ((isLast && extras?.avatar(fullName(message.sender), message.sender?.profile_picture, context.base, context.mediaHosts)) || html`<span class="no-avatar"></span>`)}
      <div class="body">
        ${isFirst && !isOwn ? author(message, context) : nothing}
        <div part="bubble bubble-${side}" class="bubble">
          ${extras?.above(message, context)}${words ? html`<p part="text" class="text" dir="auto">${words}</p>` : nothing}
        </div>
        ${extras?.below(message)}
        ${isLast || message.delivery === 'failed' ? meta(message, isOwn, context) : nothing}
      </div>
    </div>
  </li>`;
}

/** Seen in a group; heard everywhere, since the side of the screen says nothing to a screen reader. */
const author = (message: ChatMessage, { isGroup }: RowContext): TemplateResult =>
  html`<span part="author" class=${isGroup ? 'author' : 'hidden-visually'} dir="auto">${fullName(message.sender)}</span>`;

function meta(message: ChatMessage, isOwn: boolean, context: RowContext): TemplateResult {
  const { localize } = context;
  if (message.delivery === 'failed') return context.extras?.failure(message, context) ?? html`<span part="failure" class="meta failure">${localize.term('notSent')}</span>`;
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
