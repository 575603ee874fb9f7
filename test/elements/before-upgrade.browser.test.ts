/** Properties and listeners that a page or framework sets on an element before its definition is loaded. */
import { aTimeout, expect, fixture, fixtureCleanup, html } from '@open-wc/testing';
import type { LitElement } from 'lit';
import '../../src/define.js';
import { ChatConnectionElement, ChatLauncherElement, ChatRoomsElement, ChatThreadElement } from '../../src/index.js';
import { tokenOf } from '../support/fake-backend.js';
import { intercept, until, URL_OF_BACKEND as url } from '../support/mounted.js';

const PROPERTIES: [new () => LitElement, Record<string, unknown>][] = [
  [
    ChatConnectionElement,
    {
      url,
      token: 'a',
      wsPath: '/w/',
      apiPath: '/a/',
      auth: 'subprotocol',
      share: 'off',
      notifications: true,
      tokenUrl: '/t',
      tokenProvider: () => new Promise(() => {}),
      user: 'ana',
    },
  ],
  [ChatThreadElement, { room: 7, readonly: true, url }],
  [ChatLauncherElement, { open: true, side: 'start', room: 7, heading: 'Help', url }],
  [ChatRoomsElement, { selected: 7, filter: 'b', url, snapshot: '{}' }],
];

describe('an element defined later', () => {
  let restore: () => void;
  beforeEach(() => ({ restore } = intercept()));
  afterEach(async () => {
    fixtureCleanup();
    await aTimeout(0);
    restore();
  });

  /** Like a parser or framework: not upgraded before it is inserted. */
  const inert = (tag: string): HTMLElement => document.implementation.createHTMLDocument().createElement(tag);
  const define = (tag: string, Base: new () => LitElement): void => customElements.define(tag, class extends Base {});

  for (const [Base, given] of PROPERTIES) {
    it(`10.39: ${Base.name} takes over every property set before`, async () => {
      const tag = `${Base.name.toLowerCase()}-late`.replace('element', '').replace('chat', 'chat-');
      define(tag, Base);
      const page = await fixture(html`<div></div>`);
      const element = Object.assign(inert(tag), given);
      page.append(element);
      await (element as unknown as LitElement).updateComplete;
      for (const [name, value] of Object.entries(given))
        expect((element as unknown as Record<string, unknown>)[name], name).to.equal(value);
      expect(
        Object.keys(element).filter((name) => name in given),
        'shadowing the accessors',
      ).to.deep.equal([]);
    });
  }

  it('10.39: a provider and a listener set before are asked', async () => {
    define('chat-connection-provider', ChatConnectionElement);
    define('chat-connection-listener', ChatConnectionElement);
    const page = await fixture(html`<div></div>`);
    const provider = Object.assign(inert('chat-connection-provider'), { url, tokenProvider: async () => tokenOf(1) });
    const listener = Object.assign(inert('chat-connection-listener'), { url });
    listener.addEventListener('chat-token-expired', (event) => event.respondWith(Promise.resolve(tokenOf(1))));
    page.append(provider, listener);
    await until(() =>
      [provider, listener].every(
        (element) => (element as unknown as ChatConnectionElement).connection.state === 'connected',
      ),
    );
  });

  it('10.39: a listener added after the connection found none is asked', async () => {
    const connection = await fixture<ChatConnectionElement>(html`<chat-connection url=${url}></chat-connection>`);
    await connection.updateComplete;
    expect(connection.connection.state).to.equal('idle');
    connection.addEventListener('chat-token-expired', (event) => event.respondWith(Promise.resolve(tokenOf(1))));
    await until(() => connection.connection.state === 'connected');
    connection.user = '';
    await until(() => connection.connection.state === 'idle');
  });
});
