/** 14: the reactions to a message: who has reacted, and adding or removing one's own. With a real backend. */
import { expect, fixture, fixtureCleanup, html } from '@open-wc/testing';
import { sendKeys } from '@web/test-runner-commands';
import { ChatConnection } from '../../src/client/index.js';
import type { ChatConnectionElement } from '../../src/elements/chat-connection/chat-connection.js';
import type { Id } from '../../src/protocol/index.js';
import type { ChatThreadElement } from '../../src/elements/chat-thread/chat-thread.js';
import { startBackend, type Backend } from '../support/backend.js';
import { until } from '../support/mounted.js';

const ROOM = 1;

describe('14: reactions', function () {
  this.timeout(30_000);
  let backend: Backend;
  let thread: ChatThreadElement;
  let ben: ChatConnection;
  let id: Id;
  let count = 0;
  before(async () => (backend = await startBackend()));
  beforeEach(async () => {
    const text = `Shall we? ${++count}`;
    await backend.post(2, ROOM, text);
    ben = new ChatConnection({ url: backend.url, token: await backend.token(2) });
    ben.openRoom(ROOM);
    ben.connect();
    const element = await fixture<ChatConnectionElement>(
      html`<chat-connection url=${backend.url} token=${await backend.token(1)}
        ><chat-thread .room=${ROOM}></chat-thread
      ></chat-connection>`,
    );
    thread = element.querySelector('chat-thread')!;
    thread.style.height = '400px';
    const find = () => ben.messages(ROOM).find(({ content }) => content === text);
    await until(() => ben.state === 'connected' && find());
    ({ id } = find()!);
    await until(() => element.connection.state === 'connected' && shown()?.includes(text));
    await until(() => element.connection.data.capabilities.includes('reactions'));
  });
  afterEach(() => {
    fixtureCleanup();
    ben.disconnect();
  });
  after(() => backend.end());

  const pills = (): HTMLElement[] => [
    ...thread.shadowRoot!.querySelectorAll<HTMLElement>('li:last-child [part=reaction]'),
  ];
  const pill = (): HTMLElement => pills()[0]!;
  const shown = () => thread.shadowRoot!.querySelector('li:last-child [part~=text]')?.textContent;
  const plain = (text: string | null | undefined): string => (text ?? '').replaceAll(/[\u2066-\u2069]/g, '').trim();

  it('name the people, and have the state of the own one; pressing one changes it', async () => {
    await ben.room(ROOM).react(id, '👍', true);
    await until(() => pills().length === 1);
    expect([plain(pill().textContent), plain(pill().title), pill().ariaPressed, pill().ariaLabel]).to.deep.equal([
      '👍 1',
      'Ben',
      'false',
      '👍, 1 reaction',
    ]);
    pill().focus();
    await sendKeys({ press: 'Enter' });
    await until(() => pill().ariaPressed === 'true');
    expect([plain(pill().textContent), plain(pill().title)]).to.deep.equal(['👍 2', 'Ben and You']);
    expect(thread.shadowRoot!.activeElement).to.equal(pill());
    await until(() => ben.messages(ROOM).at(-1)?.reactions?.[0]?.user_ids.length === 2);
  });

  it('the last one that is removed gives the focus to the field', async () => {
    await until(() => shown()?.includes(`Shall we? ${count}`));
    const { connection } = thread.closest<ChatConnectionElement>('chat-connection')!;
    await connection.room(ROOM).react(id, '🎉', true);
    await until(() => pills().length === 1 && pill().ariaPressed === 'true');
    pill().focus();
    await sendKeys({ press: 'Enter' });
    await until(() => pills().length === 0);
    expect(thread.shadowRoot!.activeElement).to.equal(thread.shadowRoot!.querySelector('textarea'));
    await until(() => (ben.messages(ROOM).at(-1)?.reactions ?? []).length === 0);
  });

  it('a change that the server refuses is taken back', async () => {
    await ben.room(ROOM).react(id, '👍', true);
    await until(() => pills().length === 1);
    await backend.proxy.rule({
      on: 'request',
      path: '/reactions/',
      method: 'POST',
      do: 'answer',
      status: 500,
      body: '{}',
      headers: { 'Content-Type': 'application/json' },
      times: 1,
    });
    // The answer may come within the next frame.
    const shownStates: (string | null)[] = [];
    const observer = new MutationObserver(() => shownStates.push(pill().ariaPressed));
    observer.observe(thread.shadowRoot!, { subtree: true, attributes: true, attributeFilter: ['aria-pressed'] });
    pill().click();
    await until(() => shownStates.length === 2);
    observer.disconnect();
    expect(shownStates).to.deep.equal(['true', 'false']);
    await backend.proxy.heal();
  });
});
