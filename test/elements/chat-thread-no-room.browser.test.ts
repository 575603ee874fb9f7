/**
 * A thread without a room. A room that is set later must never be confused with one selected elsewhere. Also: a room
 * without access.
 */
import { aTimeout, expect, fixture, fixtureCleanup, html } from '@open-wc/testing';
import type { TemplateResult } from 'lit';
import '../../src/define.js';
import { ChatThreadElement } from '../../src/elements/chat-thread/chat-thread.js';
import type { ChatConnectionElement } from '../../src/elements/chat-connection/chat-connection.js';
import type { ChatLauncherElement } from '../../src/elements/chat-launcher/chat-launcher.js';
import { page, tokenOf, type FakeBackend } from '../support/fake-backend.js';
import { all, intercept, one, text, until, URL_OF_BACKEND as url } from '../support/mounted.js';

/** Defined late, so that a test can use the element before its upgrade. */
customElements.define('chat-thread-late', class extends ChatThreadElement {});

/** Types a text into the field. */
async function typeInto(thread: ChatThreadElement, words: string): Promise<void> {
  const field = one(thread, 'textarea') as HTMLTextAreaElement;
  field.value = words;
  field.dispatchEvent(new Event('input'));
  await thread.updateComplete;
}

describe('a thread without its room', () => {
  let backend: FakeBackend;
  let restore: () => void;
  beforeEach(() => {
    sessionStorage.clear();
    ({ backend, restore } = intercept((made) => {
      made.store(1, 2, 'of room one');
      made.store(2, 2, 'of room two');
    }));
  });
  afterEach(async () => {
    fixtureCleanup();
    await aTimeout(0);
    restore();
  });

  async function mounted(content: TemplateResult): Promise<ChatConnectionElement> {
    const connection = await fixture<ChatConnectionElement>(
      html`<chat-connection url=${url} token=${tokenOf(1)}>${content}</chat-connection>`,
    );
    await until(() => connection.connection.state === 'connected');
    connection.connection.selectRoom(2);
    return connection;
  }
  const words = (thread: Element): string[] => all(thread, '[part=text]').map(text);
  async function showsNothing(thread: ChatThreadElement, why: string): Promise<void> {
    await thread.updateComplete;
    expect(all(thread, 'textarea'), why).to.have.length(0);
    expect(words(thread), why).to.deep.equal([]);
    expect(text(one(thread, '[part=note]')), why).to.equal('No conversation yet');
  }
  const asked = (room: string): boolean => backend.requests.some(({ path }) => path.startsWith(`rooms/${room}/`));

  for (const none of [null, undefined, '', NaN]) {
    it(`10.40: a thread whose room is ${none === '' ? 'empty' : none} has no text field, even if a room is selected, until its room is set`, async () => {
      const connection = await mounted(html`<chat-thread .room=${none}></chat-thread>`);
      const thread = connection.querySelector('chat-thread')!;
      await showsNothing(thread, 'at first');
      connection.connection.selectRoom(1);
      await showsNothing(thread, 'after another choice');
      expect(asked('1') || asked('2') || asked('')).to.equal(false);
      thread.room = 1;
      await until(() => words(thread).length > 0);
      expect(words(thread)).to.deep.equal(['of room one']);
      connection.connection.selectRoom(2);
      thread.room = none;
      await showsNothing(thread, 'after the room was removed');
    });
  }

  it('10.40: an empty or removed attribute counts as no room', async () => {
    const connection = await mounted(html`<chat-thread room=""></chat-thread>`);
    const thread = connection.querySelector('chat-thread')!;
    await showsNothing(thread, 'empty');
    thread.setAttribute('room', '1');
    await until(() => words(thread).length > 0);
    thread.removeAttribute('room');
    await showsNothing(thread, 'taken away');
  });

  it('10.40: a value set before the definition counts, undefined included', async () => {
    const connection = await mounted(html`<div></div>`);
    const inert = document.implementation.createHTMLDocument();
    const thread = Object.assign(inert.createElement('chat-thread-late'), { room: undefined });
    connection.append(thread);
    await showsNothing(thread as unknown as ChatThreadElement, 'undefined before the upgrade');
  });

  it('10.40: a thread whose room was never set follows the selection; an empty selection is none', async () => {
    const connection = await mounted(html`<chat-rooms></chat-rooms><chat-thread></chat-thread>`);
    const thread = connection.querySelector('chat-thread')!;
    await until(() => words(thread).join('') === 'of room two');
    connection.querySelector('chat-rooms')!.setAttribute('selected', '');
    await until(() => words(thread).length === 0);
    expect(text(one(thread, '[part=note]'))).to.equal('Choose a conversation');
    expect(asked('')).to.equal(false);
  });

  for (const none of [null, undefined, '']) {
    it(`10.40: a launcher whose room is ${none === '' ? 'empty' : none} shows neither the list nor another room`, async () => {
      backend.rooms[1]!['unread_count'] = 4;
      const connection = await mounted(html`<chat-launcher open .room=${none}></chat-launcher>`);
      const launcher = connection.querySelector<ChatLauncherElement>('chat-launcher')!;
      await until(() => launcher.shadowRoot!.querySelector('chat-thread')?.shadowRoot);
      const thread = launcher.shadowRoot!.querySelector('chat-thread')!;
      await showsNothing(thread, 'at first');
      expect(launcher.shadowRoot!.querySelector('chat-rooms')).to.equal(null);
      expect(one(launcher, '[part=button]').getAttribute('aria-label')).to.equal('Chat');
      expect(all(launcher, '[role=status]').map(text).join('')).to.equal('');
      launcher.room = 1;
      await until(() => words(thread).length > 0);
      expect(words(thread)).to.deep.equal(['of room one']);
    });
  }

  it('10.42: a room without access shows a notice, has no text field, and keeps the draft until access is granted', async () => {
    const connection = await mounted(html`<chat-thread room="1"></chat-thread>`);
    const thread = connection.querySelector('chat-thread')!;
    await until(() => words(thread).length > 0);
    await typeInto(thread, 'half a sentence');
    backend.onRequest = (_method, path) => (path.startsWith('rooms/1/') ? page('', 403) : undefined);
    connection.connection.reload(1);
    await until(() => text(all(thread, '[part=note]').at(-1)).includes('You do not have access to this conversation.'));
    expect(all(thread, 'textarea')).to.have.length(0);
    expect(all(thread, '[data-announce]'), 'announced once').to.have.length(1);
    await expect(thread).to.be.accessible();
    thread.setAttribute('lang', 'de');
    thread.requestUpdate();
    await until(() =>
      text(all(thread, '[part=note]').at(-1)).includes('Du hast keinen Zugriff auf diese Unterhaltung.'),
    );
    thread.setAttribute('lang', 'en');
    backend.onRequest = () => undefined;
    one(thread, '[part=retry]').click();
    await until(() => all(thread, 'textarea').length === 1);
    await thread.updateComplete;
    expect((one(thread, 'textarea') as HTMLTextAreaElement).value).to.equal('half a sentence');
  });

  it('10.42: a room that was never readable shows a notice', async () => {
    backend.onRequest = (_method, path) => (path.startsWith('rooms/9/') ? page('', 404) : undefined);
    const connection = await mounted(html`<chat-thread room="9"></chat-thread>`);
    const thread = connection.querySelector('chat-thread')!;
    await until(() => text(one(thread, '[part=note]')).startsWith('You do not have access to this conversation.'));
    expect([all(thread, '[part=note]').length, all(thread, 'textarea').length]).to.deep.equal([1, 0]);
  });
});
