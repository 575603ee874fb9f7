/** The rows of the open room: one per message, changed in place, so that focus and selection stay where they are. */
import type { ChatConnection, ChatMessage, Id } from 'unified-chat/headless';
import { showFiles } from './files.js';
import { isSame } from './page.js';

/** The emoji of this page's only reaction. */
export const LIKE = '👍';

interface Row {
  element: HTMLLIElement;
  /** What the row shows. All of it is immutable, so the same objects mean that nothing has changed. */
  shown: unknown[];
  message: ChatMessage;
}

const list = document.querySelector<HTMLOListElement>('#messages')!;
const template = document.querySelector<HTMLTemplateElement>('#message')!;
const rows = new Map<string, Row>();

/** The message whose row contains an element. */
export const messageAt = (element: Element): ChatMessage | undefined =>
  [...rows.values()].find((row) => row.element.contains(element))?.message;

/** Scrolls to a loaded message, and focuses it. */
export function focusMessage(id: Id): void {
  const row = [...rows.values()].find(({ message }) => isSame(message.id, id));
  row?.element.focus({ preventScroll: true });
  row?.element.scrollIntoView({ block: 'center' });
}

/** Shows who has a message, below its text. */
export function showReceipts({ key }: ChatMessage, text: string): void {
  const place = rows.get(key)?.element.querySelector<HTMLElement>('.receipts');
  if (place) Object.assign(place, { hidden: false, textContent: text });
}

/** @param undoable keys of deleted messages whose deletion can still be undone. */
export function showMessages(connection: ChatConnection, roomId: Id, undoable: ReadonlySet<string>): void {
  const { rooms, capabilities, user, threads } = connection.data;
  const room = rooms.find(({ id }) => isSame(id, roomId));
  const messages = connection.messages(roomId);
  const keys = new Set(messages.map(({ key }) => key));
  for (const [key, { element }] of rows) {
    if (keys.has(key)) continue;
    element.remove();
    rows.delete(key);
  }
  const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 4;
  messages.forEach((message, at) => {
    const row = rows.get(message.key) ?? addRow(message);
    // Moving an element that is in its place already would take the focus away from it.
    if (list.children[at] !== row.element) list.insertBefore(row.element, list.children[at] ?? null);
    const shown = [message, user, room?.can, capabilities, undoable.has(message.key)];
    if (shown.every((value, index) => value === row.shown[index])) return;
    Object.assign(row, { message, shown });
    showContent(row, user?.id, undoable.has(message.key));
    void showActions(connection, roomId, row).catch(() => {}); // without its code, there are no actions
  });
  if (isAtEnd && !threads.get(String(roomId))?.hasNewer) list.scrollTop = list.scrollHeight;
}

function addRow(message: ChatMessage): Row {
  const element = (template.content.cloneNode(true) as DocumentFragment).querySelector('li')!;
  const row = { element, shown: [], message };
  rows.set(message.key, row);
  return row;
}

const button = ({ element }: Row, name: string): HTMLButtonElement => element.querySelector(`[name=${name}]`)!;

function showContent(row: Row, userId: Id | undefined, isUndoable: boolean): void {
  const { element, message } = row;
  const time = new Date(message.timestamp);
  const isOwn = isSame(message.sender?.id, userId);
  element.querySelector('b')!.textContent = message.sender?.username ?? '';
  Object.assign(element.querySelector('time')!, { dateTime: message.timestamp, textContent: time.toLocaleString() });
  element.querySelector('.text')!.textContent = message.deleted_at ? 'This message was deleted.' : message.content;
  element.querySelector('.note')!.textContent = [
    message.delivery === 'sending' && 'sending',
    message.error && `not sent: ${message.error.message}`,
    message.edited_at && !message.deleted_at && 'edited',
    isOwn && (message.is_read ? 'read' : message.delivered && 'delivered'),
  ]
    .filter(Boolean)
    .join(', ');
  showFiles(element.querySelector('.files')!, message);

  const { reply_to: quoted } = message;
  const quote = button(row, 'quote');
  quote.hidden = !quoted;
  quote.textContent = quoted ? `${quoted.sender}: ${quoted.deleted_at ? '(deleted)' : quoted.content}` : '';
  const likes = message.reactions?.find(({ emoji }) => emoji === LIKE)?.user_ids ?? [];
  const react = button(row, 'react');
  react.textContent = `${LIKE} ${likes.length || ''}`;
  react.ariaPressed = String(likes.some((id) => isSame(id, userId)));
  button(row, 'unread').hidden = isOwn || message.delivery !== 'sent' || !!message.deleted_at;
  button(row, 'receipts').hidden = !isOwn || message.delivery !== 'sent' || !!message.deleted_at;
  button(row, 'refresh').hidden = message.delivery !== 'sent' || !message.attachments?.length;
  button(row, 'undo').hidden = !isUndoable;
  button(row, 'retry').hidden = button(row, 'discard').hidden = message.delivery !== 'failed';
}

/** Shows the actions that the user may perform. */
async function showActions(connection: ChatConnection, roomId: Id, row: Row): Promise<void> {
  const { message, shown } = row;
  const room = connection.room(roomId);
  const [react, send, edit, deleteOwn, deleteAny] = await Promise.all([
    room.can('react', message.id),
    room.can('send'),
    room.can('edit_own', message.id),
    room.can('delete_own', message.id),
    room.can('delete_any', message.id),
  ]);
  // The row shows a newer version of the message by now.
  if (row.shown !== shown) return;
  const isStored = message.delivery === 'sent' && !message.deleted_at;
  const allowed = { react: react && isStored, reply: send && isStored, edit, delete: deleteOwn || deleteAny };
  for (const [name, isAllowed] of Object.entries(allowed)) button(row, name).hidden = !isAllowed;
  const { activeElement } = document;
  // The focus must not vanish together with a button.
  if (activeElement instanceof HTMLElement && row.element.contains(activeElement) && activeElement.hidden)
    row.element.focus();
}
