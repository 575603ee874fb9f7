/** A chat without elements: everything that a page of its own does with a connection. `?user=ben` signs in as Ben. */
import type { ChatError, ChatMessage, Id, Room } from 'unified-chat/headless';
import { discardFiles, listenForFiles, returnFiles, showUploads, takeFiles } from './files.js';
import { focusMessage, LIKE, messageAt, showMessages, showReceipts } from './message-list.js';
import { connection, fullName, get, isSame, roomOf, run } from './page.js';
import { listenForPeople } from './people.js';
import { listenForTools, showTools } from './room-tools.js';

/** The time in which a deletion can be undone. */
const UNDO_MS = 5_000;

/** The errors of `sendChatMessage` after which the message is not in the thread. */
const NEVER_ADDED: readonly string[] = ['empty_message', 'message_too_long', 'unauthorized', 'too_many'];

let roomId: Id | undefined;
let closeRoom = (): void => {};
/** What the next submitted text is, if it is not just a message. */
let mode: { verb: 'reply' | 'edit'; message: ChatMessage } | undefined;
/** Deletions that can be undone, by the key of their message. */
const deletions = new Map<string, AbortController>();

const composer = document.querySelector<HTMLFormElement>('#composer')!;
const fieldset = composer.querySelector('fieldset')!;
const field = composer.querySelector('textarea')!;
const privacy = document.querySelector<HTMLInputElement>('[name=hide-receipts]')!;
const jump = document.querySelector<HTMLFormElement>('#jump')!;
const jumpButton = (name: string): HTMLButtonElement => jump.querySelector<HTMLButtonElement>(`[name=${name}]`)!;

// ————— From the connection to the page

/** Direct rooms have no name of their own. */
function nameOf({ name, participants, context }: Room): string {
  const others = participants.filter(({ id }) => !isSame(id, connection.user?.id));
  const title = name || others.map(({ username }) => username).join(', ');
  return context ? `${title} (${context.type} ${context.id})` : title;
}

/** The buttons of the rooms, by room. */
const roomButtons = new Map<string, HTMLButtonElement>();

function showRooms(): void {
  const list = get('#rooms');
  const items = connection.rooms.map((room) => {
    const key = String(room.id);
    const button = roomButtons.get(key) ?? addRoomButton(key);
    button.ariaCurrent = isSame(room.id, roomId) ? 'true' : null;
    const unread = room.unread_count ? ` (${room.unread_count} unread)` : '';
    button.textContent = `${room.settings?.pinned ? '📌 ' : ''}${nameOf(room)}${unread}`;
    return button.parentElement!;
  });
  if (items.length === list.children.length && items.every((item, at) => item === list.children[at])) return;
  const { activeElement } = document;
  list.replaceChildren(...items);
  // An element that was moved has lost the focus.
  if (activeElement instanceof HTMLElement && list.contains(activeElement)) activeElement.focus();
}

function addRoomButton(key: string): HTMLButtonElement {
  const button = document.createElement('li').appendChild(document.createElement('button'));
  button.type = 'button';
  button.dataset.room = key;
  roomButtons.set(key, button);
  return button;
}

function showRoom(): void {
  if (roomId === undefined) return;
  const id = roomId;
  const room = roomOf(id);
  const thread = connection.data.threads.get(String(id));
  get('#room').hidden = false;
  get('#name').textContent = room ? nameOf(room) : '';
  jumpButton('older').disabled = !thread?.hasOlder;
  jumpButton('newer').disabled = jumpButton('newest').disabled = !thread?.hasNewer;
  get('#typing').textContent = thread?.typing.map(({ username }) => `${username} is typing`).join(', ') ?? '';
  get('#closed').hidden = !room?.closed_reason;
  get('#closed').textContent = room?.closed_reason ?? '';
  get('#mode').hidden = !mode;
  if (mode) get('#mode span').textContent = `${mode.verb === 'edit' ? 'Editing' : 'Reply to'}: ${mode.message.content}`;
  showMessages(connection, id, new Set(deletions.keys()));
  showUploads();
  showTools(id);
  const show = (maySend: boolean): void => {
    if (roomId === id) fieldset.disabled = !maySend;
  };
  void connection
    .room(id)
    .can('send')
    .then(show, () => {});
}

function show(): void {
  get('#state').textContent = connection.state;
  get('#state').title = connection.reason.message;
  get('#user').textContent = connection.user?.username ?? '…';
  const { hideReceipts, createdRooms } = connection.data;
  get('#privacy').hidden = hideReceipts === undefined;
  privacy.checked = hideReceipts ?? false;
  // The room was created with its first message, and has its final id now.
  const created = createdRooms.get(String(roomId));
  if (created !== undefined) return open(created);
  // The user has left the room, or was removed.
  if (connection.data.roomsComplete && roomId !== undefined && !roomOf(roomId)) return close();
  get('#more-rooms').hidden = connection.data.roomsComplete;
  showRooms();
  showRoom();
}

connection.subscribe(show);
// For screen readers: messages of others, in any room.
connection.on('chat-message', ({ message }) => {
  get('#news').textContent = `${message.sender?.username ?? ''}: ${message.content}`;
});
connection.on('chat-error', ({ message }) => (get('#problem').textContent = message));

// ————— From the user to the connection

get('#rooms').addEventListener('click', ({ target }) => {
  const { room } = (target as HTMLElement).dataset;
  if (room && room !== String(roomId)) open(room);
});

function open(id: Id): void {
  if (roomId !== undefined) close();
  roomId = id;
  closeRoom = connection.openRoom(id);
  setMode(undefined);
  show();
  void connection.draft(id).then((text) => {
    if (isSame(id, roomId) && !mode) field.value ||= text;
  });
}

function close(): void {
  if (roomId !== undefined && roomOf(roomId)) connection.typing(roomId, false);
  closeRoom();
  // They continue, but can be undone only while their room is open.
  deletions.clear();
  discardFiles();
  roomId = undefined;
  get('#room').hidden = true;
  showRooms();
}

get('#more-rooms').addEventListener('click', () => void run(connection.loadMoreRooms()));
get('#check').addEventListener('click', () => void run(check()));

/** Checks the backend, as `npx unified-chat doctor` does. */
async function check(): Promise<void> {
  const { counts } = await connection.diagnose();
  get('#checked').textContent = `${counts.pass} passed, ${counts.fail} failed`;
}

listenForFiles(() => roomId);
listenForTools(() => roomId);
listenForPeople({ roomId: () => roomId, open });
privacy.addEventListener('change', () => void run(connection.hideReceipts(privacy.checked)));

function setMode(next: typeof mode): void {
  mode = next;
  field.value = next?.verb === 'edit' ? next.message.content : '';
  showRoom();
}

async function openAt(target: Id | Date): Promise<void> {
  const { found, messageId } = await connection.room(roomId!).openAt(target);
  if (messageId !== undefined) focusMessage(messageId);
  if (!found) get('#problem').textContent = 'There is no such message.';
}

async function deleteWithUndo({ key, id }: ChatMessage): Promise<void> {
  const undo = new AbortController();
  deletions.set(key, undo);
  try {
    await connection.room(roomId!).delete(id, { delayMs: UNDO_MS, signal: undo.signal });
  } finally {
    deletions.delete(key);
    showRoom();
  }
}

/** Who has a message, and who has read it. */
async function receiptsOf(message: ChatMessage): Promise<void> {
  const room = connection.room(roomId!);
  const members = roomOf(roomId)?.participants ?? [];
  const namesOf = (ids: readonly Id[]): string =>
    members
      .filter((user) => ids.some((id) => isSame(id, user.id)))
      .map(fullName)
      .join(', ') || 'nobody';
  const [delivered, read] = await Promise.all([room.deliveredTo(message.id), room.readBy(message.id)]);
  showReceipts(message, `Delivered to ${namesOf(delivered)}. Read by ${namesOf(read)}.`);
}

const VERBS: Record<string, (message: ChatMessage, button: HTMLButtonElement) => Promise<unknown> | void> = {
  quote: ({ reply_to: quoted }) => openAt(quoted!.id),
  react: ({ id }, { ariaPressed }) => connection.room(roomId!).react(id, LIKE, ariaPressed !== 'true'),
  reply: (message) => startMode('reply', message),
  edit: (message) => startMode('edit', message),
  unread: ({ id }) => connection.room(roomId!).markUnread(id),
  receipts: receiptsOf,
  refresh: ({ id }) => connection.room(roomId!).refreshMessage(id),
  delete: deleteWithUndo,
  undo: ({ key }) => deletions.get(key)?.abort(),
  retry: ({ localId }) => connection.retry(localId!),
  discard: ({ localId }) => connection.discard(localId!),
};

function startMode(verb: 'reply' | 'edit', message: ChatMessage): void {
  setMode({ verb, message });
  field.focus();
}

get('#messages').addEventListener('click', ({ target }) => {
  const button = (target as HTMLElement).closest('button');
  const message = button && messageAt(button);
  if (message) void run(Promise.resolve(VERBS[button.name]?.(message, button)));
});

jump.addEventListener('click', ({ target }) => {
  if (roomId === undefined || !(target instanceof HTMLButtonElement)) return;
  if (target.name === 'older') void run(connection.loadOlder(roomId));
  if (target.name === 'newer') void run(connection.loadNewer(roomId));
  if (target.name === 'newest') void run(connection.loadNewest(roomId));
  if (target.name === 'first-unread') void run(openAt('first-unread'));
  if (target.name === 'mark-read') void run(connection.markRead(roomId));
});
jump.addEventListener('submit', (event) => {
  event.preventDefault();
  void run(openAt(new Date(jump.querySelector('input')!.value)));
});

composer.addEventListener('submit', (event) => {
  event.preventDefault();
  if (roomId === undefined) return;
  const { value } = field;
  const current = mode;
  setMode(undefined);
  connection.saveDraft(roomId, '');
  if (current?.verb === 'edit') return void run(connection.room(roomId).edit(current.message.id, value));
  const attachments = takeFiles();
  const sent = connection.sendChatMessage(roomId, value, { replyTo: current?.message.id, attachments });
  void run(sent.then(null, keepContent(value, attachments)));
});

/** A refused message stays in the thread, for `retry` and `discard`, unless it was refused before it was added. */
const keepContent = (text: string, files: readonly string[]) => (error: ChatError) => {
  if (NEVER_ADDED.includes(error.code)) {
    field.value ||= text;
    returnFiles(files);
  }
  throw error;
};
field.addEventListener('input', () => {
  // A changed message is not a new one.
  if (roomId === undefined || mode?.verb === 'edit') return;
  connection.typing(roomId, field.value !== '');
  connection.saveDraft(roomId, field.value);
});
field.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') setMode(undefined);
  // A key that belongs to an input method composes text.
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  composer.requestSubmit();
});
get('[name=cancel]').addEventListener('click', () => startOver());

function startOver(): void {
  setMode(undefined);
  field.focus();
}

connection.connect();
show();
