/** One row of the room list. */
import { html, nothing, type LitElement, type TemplateResult } from 'lit';
import type { Localize } from '../../locale/index.js';
import { idKey, sameId, type Id, type Room } from '../../protocol/index.js';
import { avatar } from '../avatar.js';
import { brokenRow } from '../broken-row.js';
import { firstName, otherParticipant, roomName } from '../display-name.js';

/** Longest preview of a message, in characters. */
const MAX_PREVIEW = 200;

/** What the rows of a list share. */
export interface RoomRowContext {
  readonly host: LitElement;
  readonly localize: Localize;
  /** Id of the signed-in user. */
  readonly me: Id | undefined;
  /** Base of relative addresses of pictures. */
  readonly base: string;
  readonly mediaHosts: string | undefined;
  /** Number of rows in the list, rendered or not. */
  readonly count: number;
  readonly selected: Id | null;
  /** Index of the row that Tab reaches. */
  readonly tabStop: number;
  readonly timeOf: (room: Room, timestamp: string) => string;
  readonly onSelect: (room: Room) => void;
  readonly onFocus: (room: Room) => void;
}

/** @param index position in the whole list, from 0. */
export function roomRow(room: Room, index: number, context: RoomRowContext): TemplateResult {
  const { host, localize, count, selected, tabStop, onSelect, onFocus } = context;
  const isSelected = sameId(room.id, selected);
  const isUnread = room.unread_count > 0;
  let content: TemplateResult;
  try {
    content = details(room, context);
  } catch (thrown) {
    content = brokenRow(host, idKey(room.id), thrown, localize.term('roomNotShown'));
  }
  return html`<div
    part=${`room${isSelected ? ' room-selected' : ''}${isUnread ? ' room-unread' : ''}`}
    class=${isUnread ? 'room unread' : 'room'}
    role="option"
    aria-selected=${isSelected}
    aria-setsize=${count}
    aria-posinset=${index + 1}
    tabindex=${index === tabStop ? 0 : -1}
    @click=${() => onSelect(room)}
    @focus=${() => onFocus(room)}
  >
    ${content}
  </div>`;
}

function details(room: Room, { localize, me, base, mediaHosts, timeOf }: RoomRowContext): TemplateResult {
  const name = roomName(room, me) || localize.term('unnamed');
  const unread = room.unread_count;
  const at = room.last_message?.timestamp;
  return html`${avatar(name, otherParticipant(room, me)?.profile_picture, base, mediaHosts)}
    <span class="text">
      <span part="name" class="name" dir="auto">${name}</span>
      <span part="preview" class="preview" dir="auto">${preview(room, localize, me)}</span>
    </span>
    <span class="aside">
      ${at ? html`<time part="time" class="time" dir="auto" datetime=${at}>${timeOf(room, at)}</time>` : nothing}
      ${
        unread > 0
          ? html`<span part="badge" class="badge"
              ><span aria-hidden="true">${unread > 99 ? '99+' : unread}</span><span class="hidden-visually">${localize.term('unread', unread)}</span></span
            >`
          : nothing
      }
    </span>`;
}

function preview({ last_message: last, room_type }: Room, { term }: Localize, me: Id | undefined): unknown {
  if (!last) return term('noMessagesYet');
  // Only some backends name the attachment of the last message.
  const isEmpty = 'attachment' in last && last.attachment === null;
  const text = last.content.slice(0, MAX_PREVIEW) || term(isEmpty ? 'noText' : 'attachment');
  if (sameId(last.sender?.id, me)) return `${term('you')}: ${text}`;
  const author = room_type === 'direct' ? '' : firstName(last.sender);
  return author ? html`<bdi>${author}</bdi>: ${text}` : text;
}
