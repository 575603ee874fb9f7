import { aTimeout, expect, fixture, fixtureCleanup, html } from '@open-wc/testing';
import type { ChatConnectionElement } from '../../src/elements/chat-connection/chat-connection.js';
import type { ChatRoomsElement } from '../../src/elements/chat-rooms/chat-rooms.js';
import type { FakeBackend } from '../support/fake-backend.js';
import { tokenOf } from '../support/fake-backend.js';
import { all, intercept, mount, until, URL_OF_BACKEND as url } from '../support/mounted.js';

const token = tokenOf(1);
const shown = (element: Element): number => all(element, '[role=option]').length;

describe('elements find a connection', () => {
  let backend: FakeBackend;
  let restore: () => void;
  beforeEach(() => ({ backend, restore } = intercept()));
  afterEach(async () => {
    fixtureCleanup();
    await aTimeout(0);
    expect(backend.open, 'sockets left open').to.have.length(0);
    restore();
  });

  it('that contains them, at any depth', async () => {
    const { rooms } = await mount(
      html`<chat-connection url=${url} token=${token}><div><section><chat-rooms></chat-rooms></section></div><chat-thread></chat-thread></chat-connection>`,
    );
    await until(() => shown(rooms) === 2);
    expect(backend.sockets).to.have.length(1);
  });

  it('across shadow roots', async () => {
    const connection = await fixture<ChatConnectionElement>(
      html`<chat-connection url=${url} token=${token}><div></div></chat-connection>`,
    );
    const host = connection.querySelector('div')!;
    host.attachShadow({ mode: 'closed' }).append(document.createElement('p'));
    const inner = document.createElement('div');
    connection.append(inner);
    const rooms = document.createElement('chat-rooms');
    inner.attachShadow({ mode: 'open' }).append(rooms);
    await until(() => shown(rooms) === 2);
    expect(backend.sockets).to.have.length(1);
  });

  it('beside them, with a token each', async () => {
    const page = await fixture(
      html`<div><chat-rooms url=${url} token=${token}></chat-rooms><p></p><chat-thread url=${url} token=${token} room="1"></chat-thread></div>`,
    );
    await until(() => shown(page.querySelector('chat-rooms')!) === 2);
    expect(backend.sockets).to.have.length(1);
    // A newer token of the same user: they keep one connection, which switches to it.
    const second = tokenOf(1, { jti: 2 });
    for (const element of page.querySelectorAll('chat-rooms, chat-thread')) element.setAttribute('token', second);
    await until(() => backend.open.some((socket) => socket.url.includes(encodeURIComponent(second))));
    await until(() => backend.open.length === 1);
  });

  it('elsewhere with the same url and token', async () => {
    const page = await fixture(
      html`<div><chat-rooms url=${url} token=${token}></chat-rooms><chat-connection url=${url} token=${token}></chat-connection></div>`,
    );
    await until(() => shown(page.querySelector('chat-rooms')!) === 2);
    await until(() => backend.open.length === 1);
  });

  it('anywhere, without url and token: as soon as the page has one', async () => {
    const page = await fixture(html`<div><chat-rooms></chat-rooms></div>`);
    const rooms = page.querySelector('chat-rooms')!;
    await rooms.updateComplete;
    expect(shown(rooms)).to.equal(0);
    const connection = document.createElement('chat-connection');
    connection.url = url;
    connection.token = token;
    page.append(connection);
    await until(() => shown(rooms) === 2);
    connection.remove();
    await until(() => shown(rooms) === 0);
  });

  it('that is upgraded after them', async () => {
    const page = await fixture(html`<div></div>`);
    // Like an element parsed before its definition is loaded.
    const late = document.createElement('chat-connection-late');
    const rooms = document.createElement('chat-rooms');
    late.append(rooms);
    page.append(late);
    await rooms.updateComplete;
    const { ChatConnectionElement } = await import('../../src/elements/chat-connection/chat-connection.js');
    late.setAttribute('url', url);
    late.setAttribute('token', token);
    customElements.define('chat-connection-late', class extends ChatConnectionElement {});
    await until(() => shown(rooms) === 2);
  });

  it('after being moved to another one', async () => {
    const page = await fixture(html`<div>
      <chat-connection id="a" url=${url} token=${token}><chat-rooms></chat-rooms></chat-connection>
      <chat-connection id="b" url=${url} token=${tokenOf(2)}></chat-connection>
    </div>`);
    const [a, b] = [...page.querySelectorAll('chat-connection')] as [ChatConnectionElement, ChatConnectionElement];
    const rooms = page.querySelector('chat-rooms')!;
    await until(() => shown(rooms) === 2);
    a.connection.selectRoom(1);
    await until(() => rooms.selected === 1);
    b.append(rooms);
    await until(() => shown(rooms) === 2);
    b.connection.selectRoom(2);
    await until(() => rooms.selected === 2);
    expect(a.connection.data.selected).to.equal(1);
  });

  it('that keeps its socket when moved, and opens a new one when reinserted later', async () => {
    const { connection, rooms } = await mount(
      html`<chat-connection url=${url} token=${token}><chat-rooms></chat-rooms></chat-connection>`,
    );
    const elsewhere = document.createElement('div');
    document.body.append(elsewhere);
    elsewhere.append(connection);
    await aTimeout(0);
    expect(backend.open).to.have.length(1);
    expect(backend.sockets).to.have.length(1);
    connection.remove();
    await aTimeout(0);
    expect(backend.open).to.have.length(0);
    elsewhere.append(connection);
    await until(() => connection.connection.state === 'connected');
    expect(backend.sockets).to.have.length(2);
    await until(() => shown(rooms) === 2);
    elsewhere.remove();
  });

  it('without leaving timers, listeners or sockets after 100 mounts', async () => {
    const timers = new Set<unknown>();
    const { setTimeout, clearTimeout } = window;
    window.setTimeout = ((run: () => void, ms?: number) => {
      const id = setTimeout(() => {
        timers.delete(id);
        run();
      }, ms);
      timers.add(id);
      return id;
    }) as typeof window.setTimeout;
    window.clearTimeout = (id) => {
      timers.delete(id);
      clearTimeout(id);
    };
    const listeners = new Map<string, number>();
    const restores = [window, document].map((target: EventTarget) => {
      const { addEventListener, removeEventListener } = target;
      const count = (type: string, by: number): void => void listeners.set(type, (listeners.get(type) ?? 0) + by);
      target.addEventListener = function (type: string, listener: never, options?: AddEventListenerOptions) {
        count(type, 1);
        options?.signal?.addEventListener('abort', () => count(type, -1));
        addEventListener.call(target, type, listener, options);
      };
      target.removeEventListener = function (type: string, listener: never, options?: EventListenerOptions) {
        count(type, -1);
        removeEventListener.call(target, type, listener, options);
      };
      return () => Object.assign(target, { addEventListener, removeEventListener });
    });
    try {
      for (let round = 0; round < 100; round++) {
        const root = document.createElement('div');
        root.innerHTML = `<chat-connection url="${url}" token="${token}"><chat-rooms></chat-rooms><chat-thread room="1"></chat-thread><chat-status></chat-status></chat-connection><chat-rooms url="${url}" token="${tokenOf(2)}"></chat-rooms>`;
        document.body.append(root);
        // Some are removed while connecting, some while loading, some afterwards.
        if (round % 3 === 1) await Promise.resolve();
        if (round % 3 === 2) await until(() => shown(root.querySelector('chat-rooms') as ChatRoomsElement) === 2);
        root.remove();
      }
      const [before] = [timers.size];
      await aTimeout(50);
      expect([...listeners].filter(([, count]) => count !== 0)).to.deep.equal([]);
      expect(timers.size, `${before} timers at first`).to.be.at.most(1); // the test's own
      expect(backend.open).to.have.length(0);
    } finally {
      Object.assign(window, { setTimeout, clearTimeout });
      restores.forEach((undo) => undo());
    }
  });
});
