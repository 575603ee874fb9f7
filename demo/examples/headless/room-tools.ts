/** Settings and members of the open room: what is behind the summary above its messages. */
import { attachmentUrl, type Id, type RoomMember } from 'unified-chat/headless';
import { connection, createButton, createItem, fullName, get, isSame, roomOf, run } from './page.js';

const tools = document.querySelector<HTMLDetailsElement>('#tools')!;
const pinned = tools.querySelector<HTMLInputElement>('[name=pinned]')!;
const notify = tools.querySelector<HTMLSelectElement>('[name=notify]')!;
const leave = tools.querySelector<HTMLButtonElement>('[name=leave]')!;
const rename = document.querySelector<HTMLFormElement>('#rename')!;
const newName = rename.querySelector<HTMLInputElement>('[name=name]')!;

const changePicture = get('#change-picture');
const picture = document.querySelector<HTMLImageElement>('#picture')!;

/** What the list of members shows: it is loaded again when the room has other members. */
let shownMembers: unknown[] = [];

/** @param roomId the open room; undefined: there is none. */
export function listenForTools(roomId: () => Id | undefined): void {
  const room = () => connection.room(roomId()!);
  tools.addEventListener('toggle', () => showTools(roomId()));
  pinned.addEventListener('change', () => void run(room().changeSettings({ pinned: pinned.checked })));
  notify.addEventListener('change', () => {
    void run(room().changeSettings({ notify: notify.value as 'all' | 'mentions' | 'none' }));
  });
  leave.addEventListener('click', () => void run(room().leave()));
  rename.addEventListener('submit', (event) => {
    event.preventDefault();
    void run(room().rename(newName.value));
    newName.value = '';
  });
  const file = changePicture.querySelector('input')!;
  file.addEventListener('change', () => {
    const [chosen] = file.files ?? [];
    if (chosen) void run(room().changePicture(chosen));
    // The same file can be chosen again.
    file.value = '';
  });
  get('[name=remove-picture]').addEventListener('click', () => void run(room().changePicture(null)));
  get('#members').addEventListener('click', ({ target }) => {
    const { user } = (target as HTMLElement).dataset;
    if (user) void run(room().removeMember(user));
  });
}

export function showTools(id: Id | undefined): void {
  const room = roomOf(id);
  if (!room || id === undefined) return;
  pinned.checked = room.settings?.pinned ?? false;
  notify.value = room.settings?.notify ?? 'all';
  leave.hidden = room.room_type === 'direct';
  const address = attachmentUrl(connection.url, room.picture ?? null);
  picture.hidden = !address;
  if (address && picture.src !== address) picture.src = address;
  if (!tools.open) return;
  void allow(id);
  const { participants, participant_count: count, can } = room;
  // All of it is immutable, so the same objects mean that nothing has changed.
  const now = [id, participants, count, can];
  if (now.every((value, at) => value === shownMembers[at])) return;
  shownMembers = now;
  void run(showMembers(id, now));
}

async function allow(id: Id): Promise<void> {
  rename.hidden = changePicture.hidden = !(await connection
    .room(id)
    .can('rename')
    .catch(() => false));
}

async function showMembers(id: Id, shown: unknown[]): Promise<void> {
  const mayRemove = await connection.room(id).can('remove_member');
  const members: RoomMember[] = [];
  let cursor: string | null = null;
  do {
    const page = await connection.people.members(id, { cursor });
    members.push(...page.items);
    cursor = page.next;
  } while (cursor !== null);
  // Another room is open by now, or this one has changed.
  if (shown !== shownMembers) return;
  get('#members').replaceChildren(
    ...members.map(({ user, role }) => {
      const button = createButton('remove', 'Remove');
      button.dataset.user = String(user.id);
      button.hidden = !mayRemove || isSame(user.id, connection.user?.id);
      return createItem(`${fullName(user)}${role === 'owner' ? ' (owner)' : ''}`, button);
    }),
  );
}
