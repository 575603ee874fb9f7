/** A thread works wherever a page puts it: the field is inside of it, and the newest message is in view. */
import { aTimeout, expect, fixtureCleanup, html, nextFrame } from '@open-wc/testing';
import type { TemplateResult } from 'lit';
import type { ChatThreadElement } from '../../src/elements/chat-thread/chat-thread.js';
import { room, tokenOf } from '../support/fake-backend.js';
import { all, intercept, mount, one, until, URL_OF_BACKEND as url } from '../support/mounted.js';

const token = tokenOf(1);
const thread = html`<chat-thread room="1"></chat-thread>`;
const connected = (content: TemplateResult): TemplateResult =>
  html`<chat-connection url=${url} token=${token}>${content}</chat-connection>`;

/** How a page places the thread, and how it shows it if it is hidden at first. */
const PLACEMENTS: Record<string, { content: TemplateResult; show?: (root: HTMLElement) => void }> = {
  'no height': { content: html`<div>${thread}</div>` },
  'a maximum height': { content: html`<style>chat-thread { max-height: 300px; }</style><div>${thread}</div>` },
  'a height in percent of a parent without one': {
    content: html`<style>chat-thread { height: 100%; }</style><div>${thread}</div>`,
  },
  'a flex column around it': {
    content: html`<style>main { display: flex; flex-direction: column; height: 400px; }</style><main><h1>Chat</h1>${thread}</main>`,
  },
  'a flex column, with flex: 1': {
    content: html`<style>main { display: flex; flex-direction: column; height: 400px; } chat-thread { flex: 1; }</style><main><h1>Chat</h1>${thread}</main>`,
  },
  'a flex row around it': {
    content: html`<style>main { display: flex; height: 400px; } chat-thread { flex: 1; }</style><main>${thread}</main>`,
  },
  'a flex row without a height': {
    content: html`<style>main { display: flex; } chat-thread { flex: 1; }</style><main>${thread}</main>`,
  },
  'a grid around it': { content: html`<style>main { display: grid; height: 400px; }</style><main>${thread}</main>` },
  'a grid with a row of 1fr': {
    content: html`<style>main { display: grid; grid-template-rows: auto 1fr; height: 400px; }</style><main><h1>Chat</h1>${thread}</main>`,
  },
  'a grid without a height': { content: html`<style>main { display: grid; }</style><main>${thread}</main>` },
  'display: contents': {
    content: html`<style>main { display: flex; flex-direction: column; height: 400px; } chat-thread { display: contents; }</style><main>${thread}</main>`,
  },
  'display: flex': { content: html`<style>chat-thread { display: flex; }</style><div>${thread}</div>` },
  'a dialog with a height': {
    content: html`<style>dialog { height: 400px; }</style><dialog>${thread}</dialog>`,
    show: (root) => root.querySelector('dialog')!.showModal(),
  },
  // In WebKit, 100 % of a parent with the height `fit-content` is 0: docs/EMBEDDING.md says what a page does.
  ...(!/Version\/.*Safari/.test(navigator.userAgent) && {
    'a dialog without a height': {
      content: html`<dialog>${thread}</dialog>`,
      show: (root: HTMLElement) => root.querySelector('dialog')!.showModal(),
    },
  }),
  'closed details around it': {
    content: html`<details><summary>Chat</summary>${thread}</details>`,
    show: (root) => void (root.querySelector('details')!.open = true),
  },
  'a hidden tab around it': {
    content: html`<div hidden>${thread}</div>`,
    show: (root) => void (root.querySelector('div')!.hidden = false),
  },
  'a size of zero at first': {
    content: html`<div style="height: 0; overflow: hidden">${thread}</div>`,
    show: (root) => void (root.querySelector('div')!.style.height = '400px'),
  },
  'a drawer that grows': {
    content: html`<style>div { height: 60px; overflow: hidden; } chat-thread { height: 100%; }</style><div>${thread}</div>`,
    show: (root) => void (root.querySelector('div')!.style.height = '400px'),
  },
};

const frames = async (): Promise<void> => {
  for (let count = 0; count < 60; count++) await nextFrame();
};

describe('12.1: placement', () => {
  let restore: () => void;
  beforeEach(() => {
    ({ restore } = intercept((backend) => {
      backend.rooms = Array.from({ length: 60 }, (_, n) => room(n + 1, `Room ${n + 1}`));
      for (let n = 1; n <= 120; n++) backend.store(1, 2, `message ${n}`);
    }));
  });
  afterEach(() => {
    fixtureCleanup();
    restore();
  });

  for (const [name, { content, show }] of Object.entries(PLACEMENTS))
    it(`a thread with ${name}`, async () => {
      const { connection, thread: element } = await mount(connected(content));
      await until(() => element.shadowRoot!.textContent.includes('message 120'));
      if (show) {
        await aTimeout(50);
        show(connection);
      }
      await frames();
      checkLayout(element);
      // Not the whole history.
      expect(all(element, 'li').length).to.be.below(80);
    });

  it('a list of rooms without a height is no taller than the window', async () => {
    const { connection, rooms } = await mount(connected(html`<div><chat-rooms></chat-rooms></div>`));
    await until(() => all(rooms, '[role=option]').length >= 30);
    await frames();
    expect(rooms.getBoundingClientRect().height).to.be.at.most(innerHeight + 1);
    const list = one(rooms, '[part=list]');
    expect(list.clientHeight).to.be.within(200, innerHeight);
    expect(list.scrollHeight).to.be.above(list.clientHeight);
    expect(connection.scrollWidth).to.be.at.most(innerWidth);
  });

  it('a thread in a frame', async () => {
    const frame = document.body.appendChild(document.createElement('iframe'));
    frame.style.cssText = 'width: 320px; height: 300px';
    try {
      const page = frame.contentWindow as unknown as typeof globalThis;
      // The fake backend of this page.
      page.WebSocket = window.WebSocket;
      page.fetch = window.fetch;
      const script = page.document.createElement('script');
      script.type = 'module';
      script.src = new URL('../../src/define.ts', import.meta.url).href;
      const connection = page.document.createElement('chat-connection');
      Object.assign(connection, { url, token });
      const element = page.document.createElement('chat-thread') as ChatThreadElement;
      element.setAttribute('room', '1');
      connection.append(element);
      page.document.body.append(script, connection);
      await until(() => element.shadowRoot?.textContent.includes('message 120'));
      await frames();
      checkLayout(element, 300);
    } finally {
      frame.remove();
    }
  });
});

/** @param height of the viewport, in px. */
function checkLayout(element: ChatThreadElement, height = innerHeight): void {
  const list = one(element, '[part=messages]');
  const base = one(element, '[part=base]').getBoundingClientRect();
  const field = one(element, 'textarea').getBoundingClientRect();
  const box = list.getBoundingClientRect();
  expect(base.height, 'not taller than the viewport').to.be.at.most(height + 1);
  expect(field.height, 'the field has a height').to.be.above(20);
  expect(field.bottom, 'the field is inside of the thread').to.be.at.most(base.bottom + 1);
  const clip = element.getBoundingClientRect();
  if (clip.height > 0) expect(field.bottom, 'the field is not cut off').to.be.at.most(clip.bottom + 1);
  expect(box.height, 'room for messages').to.be.above(60);
  const last = all(element, 'li').at(-1)!.getBoundingClientRect();
  expect(last.bottom, 'the newest message is in view').to.be.within(box.top, box.bottom + 1);
}
