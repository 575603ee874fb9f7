/** Finds people, opens conversations with them, and invites them into the open room. */
import type { Id, User } from 'unified-chat/headless';
import { connection, createButton, createItem, fullName, get, run } from './page.js';

const form = document.querySelector<HTMLFormElement>('#people')!;
const list = get('#found');
const more = document.querySelector<HTMLButtonElement>('#more')!;
const field = (name: string): HTMLInputElement => form.querySelector<HTMLInputElement>(`[name=${name}]`)!;

interface Host {
  /** The open room. */
  roomId: () => Id | undefined;
  open(roomId: Id): void;
}

/** The last search: a newer one ends it. */
let search = new AbortController();

export function listenForPeople(host: Host): void {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    list.replaceChildren();
    search.abort();
    search = new AbortController();
    void run(find(host, field('query').value, null, search.signal));
  });
}

async function find(host: Host, query: string, cursor: string | null, signal: AbortSignal): Promise<void> {
  const { items, next } = await connection.people.search({ query, cursor, signal });
  list.append(...items.map((user) => itemOf(host, user)));
  more.hidden = next === null;
  more.onclick = () => void run(find(host, query, next, signal));
}

function itemOf(host: Host, user: User): HTMLLIElement {
  const write = createButton('write', 'Write');
  write.addEventListener('click', () => void run(startConversation(host, user)));
  // Without a matter, and without a first message.
  const direct = createButton('direct', 'Direct room');
  direct.addEventListener('click', () => void run(openDirect(host, user)));
  const invite = createButton('invite', 'Invite');
  invite.addEventListener('click', () => {
    const roomId = host.roomId();
    if (roomId !== undefined) void run(connection.room(roomId).invite([user.id]));
  });
  return createItem(fullName(user), write, direct, invite);
}

async function openDirect({ open }: Host, user: User): Promise<void> {
  open((await connection.people.startDirect(user.id)).room.id);
}

/** Two people have one conversation about each job: it is opened, or created with its first message. */
async function startConversation({ open }: Host, user: User): Promise<void> {
  const [job, text] = [field('job').value.trim(), field('text').value.trim()];
  const context = job ? { type: 'job', id: job } : undefined;
  open(await connection.openConversation({ with: user.id, context, text }));
  form.reset();
}
