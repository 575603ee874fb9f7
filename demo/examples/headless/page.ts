/** What all parts of the page use: the connection, and how they find elements and show errors. */
import { ChatConnection, ChatError, type Id, type Room, type User } from 'unified-chat/headless';

const user = new URLSearchParams(location.search).get('user') ?? 'ana';
export const connection = new ChatConnection({ tokenUrl: `/demo/token/${encodeURIComponent(user)}` });

/** The element that matches a selector: the page has it. */
export const get = (selector: string): HTMLElement => document.querySelector<HTMLElement>(selector)!;

/** Ids are numbers or texts, depending on the backend. */
export const isSame = (a: Id | undefined, b: Id | undefined): boolean => a !== undefined && String(a) === String(b);

export const roomOf = (id: Id | undefined): Room | undefined => connection.rooms.find((room) => isSame(room.id, id));

export const fullName = ({ first_name: first, last_name: last, username }: User): string =>
  `${first} ${last}`.trim() || username;

/** Runs something that the user has asked for. Shows why it failed, unless the user has cancelled it. */
export async function run(action: Promise<unknown>): Promise<void> {
  get('#problem').textContent = '';
  try {
    await action;
  } catch (thrown) {
    if (thrown instanceof ChatError && (thrown.code === 'aborted' || thrown.code === 'discarded')) return;
    get('#problem').textContent = thrown instanceof Error ? thrown.message : String(thrown);
  }
}

export function createButton(name: string, text: string): HTMLButtonElement {
  const button = document.createElement('button');
  return Object.assign(button, { type: 'button', name, textContent: text });
}

/** A list item with a text and buttons. */
export function createItem(text: string, ...buttons: HTMLButtonElement[]): HTMLLIElement {
  const item = document.createElement('li');
  item.append(text, ' ', ...buttons);
  return item;
}
