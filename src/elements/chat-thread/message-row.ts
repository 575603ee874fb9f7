import { html, nothing, type TemplateResult } from 'lit';
import { isSameDay } from '../../locale/index.js';
import { sameId } from '../../protocol/index.js';
import { icons } from '../../theme/index.js';
import type { ChatMessage } from '../../client/index.js';
import { fullName } from '../display-name.js';
import { renderKeyed } from '../keyed-list.js';
import { isNotice } from './is-notice.js';
import type { RowContext } from './row-context.js';

/** Longest text that is rendered before the rich parts are loaded, in characters. */
const MAX_CHARS = 4_000;
/** After a pause of this length, messages of the same author start a new group, in milliseconds. */
const GROUP_PAUSE_MS = 5 * 60_000;

function isSameGroup(earlier: ChatMessage | undefined, later: ChatMessage | undefined): boolean {
  if (!earlier || !later || isNotice(earlier) || isNotice(later)) return false;
  // Only the last message of a group shows its time, and a failed one shows its error instead.
  if ((earlier.delivery === 'failed') !== (later.delivery === 'failed')) return false;
  if (!sameId(earlier.sender?.id, later.sender?.id) || !isSameDay(earlier.timestamp, later.timestamp)) return false;
  return Date.parse(later.timestamp) - Date.parse(earlier.timestamp) < GROUP_PAUSE_MS;
}

/**
 * Renders the rows of a part of the timeline.
 * @param start index of the first row in the timeline.
 */
export function renderRows(
  list: Element,
  timeline: readonly ChatMessage[],
  start: number,
  rows: readonly ChatMessage[],
  context: RowContext,
): void {
  const { host, localize, richParts } = context;
  const keyOf = ({ key }: ChatMessage): string => key;
  renderKeyed(list, 'li', rows, keyOf, (message, index) => {
    const [previous, next] = [timeline[start + index - 1], timeline[start + index + 1]];
    try {
      return messageRow(message, previous, next, context);
    } catch (thrown) {
      return html`${richParts?.brokenRow(host, message.key, thrown, localize.term('notShown'))}`;
    }
  });
}

/** Renders a message. Its neighbours determine where days and groups start. */
function messageRow(
  message: ChatMessage,
  previous: ChatMessage | undefined,
  next: ChatMessage | undefined,
  context: RowContext,
): TemplateResult {
  const { localize, now, richParts } = context;
  const isNewDay = !previous || !isSameDay(previous.timestamp, message.timestamp);
  const day = isNewDay
    ? html`<div part="day" class="day"><time dir="auto" datetime=${message.timestamp}>${localize.day(message.timestamp, now)}</time></div>`
    : nothing;
  // Until the rich parts are loaded, the text is plain, and an attachment is only mentioned.
  const text = message.deleted_at
    ? html`<i>${localize.term('deletedMessage')}</i>`
    : richParts
      ? message.content && richParts.messageText(message, context)
      : message.content.slice(0, MAX_CHARS) || (message.attachment && localize.term('attachment'));
  if (isNotice(message)) {
    return html`${day}<p part="system" class="system" dir="auto">${text}</p>`;
  }
  const isOwn = context.isOwn(message);
  const isFirst = !isSameGroup(previous, message);
  const isLast = !isSameGroup(message, next);
  const side = isOwn ? 'own' : 'other';
  return html`${day}
    <div part="message message-${side}" class="message ${side}${isFirst ? ' first' : ''}${isLast ? ' last' : ''}">
      ${isOwn || !context.isGroup ? nothing : (isLast && richParts?.avatar(fullName(message.sender), message.sender?.profile_picture, context.base, context.mediaHosts)) || html`<span class="no-avatar"></span>`}
      <div class="body">
        ${
          isFirst && !isOwn && context.isGroup
            ? html`<span part="author" class="author" dir="auto">${fullName(message.sender) || richParts?.unnamed(message, context)}</span>`
            : richParts?.hiddenAuthor(message, isOwn, context)
        }
        <div part="bubble bubble-${side}" class="bubble">
          ${message.deleted_at ? nothing : richParts?.quoteAndAttachment(message, context)}${text ? html`<p part="text" class="text${richParts?.isEmoji(message) ? ' emoji' : ''}" dir="auto">${text}</p>` : nothing}
        </div>
        ${richParts?.reactions(message, context)}
        ${isLast || message.delivery === 'failed' ? meta(message, isOwn, context) : nothing}
      </div>
    </div>`;
}

function meta(message: ChatMessage, isOwn: boolean, context: RowContext): TemplateResult {
  const { localize, richParts } = context;
  if (message.delivery === 'failed') {
    return (
      richParts?.failure(message, context) ??
      html`<span part="failure" class="meta failure">${localize.term('notSent')}</span>`
    );
  }
  const delivery = !isOwn
    ? nothing
    : message.delivery === 'sending'
      ? deliveryIcon('clock', localize.term('sending'))
      : message.is_read
        ? deliveryIcon('checks', localize.term('read'))
        : deliveryIcon('check', localize.term('sent'));
  return html`<span part="meta" class="meta">
    ${message.edited_at ? (richParts?.edited(message, context) ?? html`${localize.term('edited')} `) : nothing}<time dir="auto" datetime=${message.timestamp} title=${richParts?.exactTime(message.timestamp, context) ?? nothing}>${localize.time(message.timestamp)}</time>${delivery}
  </span>`;
}

const deliveryIcon = (name: 'clock' | 'check' | 'checks', label: string): TemplateResult =>
  html`<span part="delivery" class="delivery ${name}">${icons[name]}<span class="hidden-visually">${label}</span></span>`;
