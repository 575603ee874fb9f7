/** The elements on a page, used like a user does, with the real server. */
import { expect, fixture, fixtureCleanup, html } from '@open-wc/testing';
import type { ChatConnectionElement } from '../../src/elements/chat-connection/chat-connection.js';
import { startBackend, type Backend } from '../support/backend.js';
import { all, one, text, until } from '../support/mounted.js';

describe('end to end, on a page', () => {
  let backend: Backend;
  before(async () => {
    backend = await startBackend();
  });
  after(() => backend.end());
  afterEach(() => fixtureCleanup());

  async function person(id: number): Promise<ChatConnectionElement> {
    const root =
      await fixture<ChatConnectionElement>(html`<chat-connection url=${backend.url} token=${await backend.token(id)}>
      <style>
        chat-thread {
          height: 400px;
        }
      </style>
      <chat-status></chat-status><chat-rooms></chat-rooms><chat-thread></chat-thread>
    </chat-connection>`);
    await until(() => root.connection.state === 'connected');
    return root;
  }
  const thread = (root: Element): Element => root.querySelector('chat-thread')!;
  const last = (root: Element): string => text(all(thread(root), '[part=text]').at(-1));
  const chooseRoomWith = async (root: Element, name: string): Promise<void> => {
    const rooms = root.querySelector('chat-rooms')!;
    await until(() => all(rooms, '[role=option]').length > 0);
    all(rooms, '[role=option]')
      .find((option) => text(option.querySelector<HTMLElement>('[part=name]')!).startsWith(name))!
      .click();
    await until(() => all(thread(root), 'li').length > 0);
  };
  async function write(root: Element, words: string): Promise<void> {
    const field = one(thread(root), 'textarea') as HTMLTextAreaElement;
    field.value = words;
    field.dispatchEvent(new Event('input'));
    field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
  }

  it('two users select their room, talk, and see read receipts', async () => {
    const [ana, ben] = await Promise.all([person(1), person(2)]);
    await chooseRoomWith(ana, 'Ben');
    await chooseRoomWith(ben, 'Ana');
    await write(ana, 'Hello Ben');
    await until(() => last(ben) === 'Hello Ben');
    await write(ben, 'Hello Ana');
    await until(() => last(ana) === 'Hello Ana');
    await until(() => all(thread(ana), '.delivery.checks').length > 0);
  });

  it('a server restart: nothing is lost, and the page shows the state', async () => {
    const ana = await person(1);
    const status = ana.querySelector('chat-status')!;
    await chooseRoomWith(ana, 'Ben');
    await backend.stop();
    await until(() => status.state === 'reconnecting');
    await write(ana, 'Are you there?');
    await until(() => all(thread(ana), '.delivery.clock').length === 1);
    await until(() => status.state === 'error');
    expect(text(one(status, '[part=label]'))).to.equal('No connection. Messages will be sent later.');
    await backend.restart();
    one(status, '[part=retry]').click();
    await until(() => status.state === 'connected');
    await until(() => all(thread(ana), '.delivery.clock').length === 0);
    expect(await backend.stored(1, 'Are you there?')).to.equal(1);
  });

  it('a token that expires on an open socket is requested from the page and replaced', async () => {
    const root = await fixture<ChatConnectionElement>(
      html`<chat-connection url=${backend.url} .token=${await backend.token(1, 2)}></chat-connection>`,
    );
    let asked = 0;
    root.addEventListener('chat-token-expired', (event) => {
      asked++;
      event.respondWith(backend.token(1));
    });
    await until(() => root.connection.state === 'connected');
    await until(() => asked === 1);
    await until(() => root.connection.state === 'connected');
    expect(root.outerHTML).not.to.contain(root.token);
  });
});
