import { aTimeout, expect, fixtureCleanup, html, nextFrame, oneEvent } from '@open-wc/testing';
import type { ChatSendEvent } from '../../src/elements/events.js';
import type { ChatThreadElement } from '../../src/elements/chat-thread/chat-thread.js';
import type { ChatConnection } from '../../src/client/index.js';
import { json, page, room, tokenOf, type FakeBackend } from '../support/fake-backend.js';
import { all, intercept, mount, one, text, until, URL_OF_BACKEND as url } from '../support/mounted.js';

const token = tokenOf(1);
const template = html`<chat-connection url=${url} token=${token}>
  <style>
    chat-thread {
      height: 500px;
      width: 400px;
    }
  </style>
  <chat-thread room="1"></chat-thread>
</chat-connection>`;

const scroller = (thread: ChatThreadElement): HTMLElement => one(thread, '[part=messages]');
const distance = (thread: ChatThreadElement): number => {
  const { scrollHeight, clientHeight, scrollTop } = scroller(thread);
  return scrollHeight - clientHeight - scrollTop;
};
const rows = (thread: ChatThreadElement): HTMLElement[] => all(thread, 'li');

/**
 * Waits until the first rows are measured and placed at the end. Earlier changes of `scrollTop` do not count as
 * scrolling by the reader.
 */
async function loaded(thread: ChatThreadElement): Promise<void> {
  await until(() => rows(thread).length > 0);
  await nextFrame();
  await nextFrame();
}

/** Scrolls like a reader, and waits until it is noticed. */
async function scrollTo(thread: ChatThreadElement, top: number): Promise<void> {
  scroller(thread).scrollTop = top;
  await nextFrame();
  await nextFrame();
}

/** The position of a row in the viewport, found by its text. */
const topOf = (thread: ChatThreadElement, words: string): number => {
  const row = rows(thread).find((li) => text(li.querySelector<HTMLElement>('[part=text]')!) === words)!;
  return row.getBoundingClientRect().top;
};

/**
 * Scrolls up until the newest messages are released. Stays at the top, because near the end they would be loaded again.
 */
async function goUp(thread: ChatThreadElement, chat: ChatConnection): Promise<void> {
  await scrollTo(thread, 0);
  while (!chat.data.threads.get('1')!.hasNewer) {
    await chat.loadOlder(1);
    await aTimeout(0);
    scroller(thread).scrollTop = 0;
  }
}

/** Scrolls down, and on, until a condition is met. */
async function goDown(thread: ChatThreadElement, isSo: () => unknown): Promise<void> {
  for (let n = 0; n < 1_000 && !isSo(); n++) {
    scroller(thread).scrollTop = scroller(thread).scrollHeight;
    await nextFrame();
  }
}

async function write(
  thread: ChatThreadElement,
  words: string,
  key: KeyboardEventInit = { key: 'Enter' },
): Promise<void> {
  const field = one(thread, 'textarea') as HTMLTextAreaElement;
  field.value = words;
  field.dispatchEvent(new Event('input'));
  await thread.updateComplete;
  field.dispatchEvent(new KeyboardEvent('keydown', { ...key, bubbles: true, cancelable: true }));
  await thread.updateComplete;
}

describe('<chat-thread>', () => {
  let backend: FakeBackend;
  let restore: () => void;
  beforeEach(() => ({ backend, restore } = intercept()));
  afterEach(async () => {
    fixtureCleanup();
    await aTimeout(0);
    restore();
  });
  const fill = (count: number, roomId = 1): void => {
    for (let n = 0; n < count; n++)
      backend.store(
        roomId,
        n % 3 === 0 ? 1 : 2,
        `message ${n}${n % 7 === 0 ? ' with a good many more words, so that rows differ in height' : ''}`,
      );
  };

  it('shows days, groups, own messages, times; without axe violations', async () => {
    const at = (iso: string): void => void (backend.messages.at(-1)!.timestamp = iso);
    backend.store(1, 2, 'yesterday');
    at(new Date(Date.now() - 26 * 3_600_000).toISOString());
    backend.store(1, 2, 'today, with https://example.com/x?y=1.');
    at(new Date(Date.now() - 60_000).toISOString());
    backend.store(1, 2, 'and a second line');
    at(new Date(Date.now() - 50_000).toISOString());
    backend.store(1, 1, 'mine');
    at(new Date(Date.now() - 40_000).toISOString());
    const { thread } = await mount(template);
    await loaded(thread);
    expect(all(thread, '[part=day]')).to.have.length(2);
    expect(all(thread, '[part~=message-own]')).to.have.length(1);
    expect(all(thread, '[part=author]').map(text)).to.deep.equal(['user2', 'user2']);
    expect(all(thread, '[part=meta]')).to.have.length(3);
    const link = one(thread, 'a');
    expect([link.getAttribute('href'), link.getAttribute('rel')]).to.deep.equal([
      'https://example.com/x?y=1',
      'noopener noreferrer nofollow ugc',
    ]);
    await expect(thread).to.be.accessible();
  });

  it('shows markup in a message as text', async () => {
    const words = '<img src=x onerror="alert(1)"> javascript:alert(1) ${1}';
    backend.store(1, 2, words);
    const { thread } = await mount(template);
    await loaded(thread);
    expect(text(one(thread, '[part=text]'))).to.equal(words);
    expect(all(thread, '[part=text] *')).to.have.length(0);
  });

  it('opens at the end and stays there while messages arrive', async () => {
    fill(120);
    const { thread } = await mount(template);
    await loaded(thread);
    await nextFrame();
    expect(distance(thread)).to.be.at.most(1);
    for (let n = 0; n < 40; n++) {
      backend.sendAs(1, 2, `live ${n}`);
      await thread.updateComplete;
      expect(distance(thread), `after ${n}`).to.be.at.most(1);
    }
  });

  it('keeps the position when older messages are inserted above', async () => {
    fill(200);
    const { thread } = await mount(template);
    await loaded(thread);
    await nextFrame();
    // Scrolls to where the next page is requested; then tracks one message while that page arrives.
    const before = backend.requests.length;
    let watched = '';
    let at = 0;
    for (let step = 0; step < 200 && backend.requests.length === before; step++) {
      await scrollTo(thread, Math.max(0, scroller(thread).scrollTop - 150));
      const visible = rows(thread).find(
        (li) => li.getBoundingClientRect().top > scroller(thread).getBoundingClientRect().top,
      )!;
      watched = text(visible.querySelector<HTMLElement>('[part=text]')!);
      at = topOf(thread, watched);
    }
    expect(backend.requests.length).to.be.above(before);
    await until(() => document.querySelector('chat-connection')!.connection.messages(1).length > 50);
    for (let frame = 0; frame < 10; frame++) {
      expect(Math.abs(topOf(thread, watched) - at), `frame ${frame}`).to.be.at.most(1);
      await nextFrame();
    }
  });

  it('scrolls to the very first message, and renders only nearby rows', async () => {
    fill(400);
    const { thread } = await mount(template);
    await loaded(thread);
    for (let step = 0; step < 600 && !text(scroller(thread)).includes('Start of the conversation'); step++) {
      await scrollTo(thread, Math.max(0, scroller(thread).scrollTop - 400));
      const box = scroller(thread).getBoundingClientRect();
      const drawn = rows(thread);
      expect(
        drawn[0]!.getBoundingClientRect().top <= box.top + 120 || scroller(thread).scrollTop === 0,
        'a blank above',
      ).to.equal(true);
      expect(drawn.length, 'rendered rows').to.be.below(140);
    }
    expect(text(rows(thread)[0])).to.contain('message 0');
  });

  it('keeps the position of a reader further up, counts new messages, and jumps to the end', async () => {
    fill(100);
    const { thread } = await mount(template);
    await loaded(thread);
    await scrollTo(thread, scroller(thread).scrollTop - 700);
    // Not `scrollTop`: rows inserted above the viewport change it without visible movement.
    const inView = rows(thread).find(
      (row) => row.getBoundingClientRect().top >= scroller(thread).getBoundingClientRect().top,
    )!;
    const { top } = inView.getBoundingClientRect();
    backend.sendAs(1, 2, 'one');
    backend.sendAs(1, 2, 'two');
    await thread.updateComplete;
    expect(inView.getBoundingClientRect().top).to.be.closeTo(top, 1);
    expect(text(one(thread, '[part=jump]'))).to.equal('2 new messages');
    await expect(thread).to.be.accessible();
    one(thread, '[part=jump]').click();
    await until(() => distance(thread) <= 1);
    expect(all(thread, '[part=jump]')).to.have.length(0);
    expect(text(rows(thread).at(-1))).to.contain('two');
  });

  it('stays at the end when resized', async () => {
    fill(60);
    const { thread } = await mount(template);
    await loaded(thread);
    thread.style.width = '260px';
    await nextFrame();
    await nextFrame();
    expect(distance(thread)).to.be.at.most(1);
  });

  it('emits a cancelable event before sending; a cancelled text stays in the field', async () => {
    const { thread } = await mount(template);
    await until(() => one(thread, 'textarea'));
    const wanted: string[] = [];
    thread.addEventListener('chat-before-send', (event) => {
      wanted.push(`${event.roomId}: ${event.content}`);
      if (event.content.includes('secret')) event.preventDefault();
    });
    await write(thread, 'a secret');
    await thread.updateComplete;
    expect((one(thread, 'textarea') as HTMLTextAreaElement).value).to.equal('a secret');
    await write(thread, 'no such thing');
    await until(() => backend.messages.length > 0);
    expect(wanted).to.deep.equal(['1: a secret', '1: no such thing']);
    expect(backend.messages.map(({ content }) => content)).to.deep.equal(['no such thing']);
    expect((one(thread, 'textarea') as HTMLTextAreaElement).value).to.equal('');
  });

  it('sends with Enter, breaks the line with Shift+Enter, and ignores Enter during IME composition', async () => {
    const { thread } = await mount(template);
    await until(() => one(thread, 'textarea'));
    await write(thread, 'a\nb', { key: 'Enter', shiftKey: true });
    await write(thread, 'かな', { key: 'Enter', isComposing: true });
    expect(backend.messages).to.have.length(0);
    expect((one(thread, '[part=send]') as HTMLButtonElement).disabled).to.equal(false);
    setTimeout(() => void write(thread, 'hello'));
    const { method, message, roomId } = (await oneEvent(thread, 'chat-send')) as ChatSendEvent;
    expect([method, message.content, String(roomId)]).to.deep.equal(['websocket', 'hello', '1']);
    await until(() => all(thread, '.delivery.check').length === 1);
    expect((one(thread, 'textarea') as HTMLTextAreaElement).value).to.equal('');
  });

  it('10.22: the last loaded row is not the end: unread messages stay unread, more is loaded below, and the button jumps to the true end', async () => {
    backend.rooms = [room(1, 'a', { unread_count: 2 })];
    fill(2_100);
    const { thread, connection } = await mount(template);
    await loaded(thread);
    const chat = connection.connection;
    const state = () => chat.data.threads.get('1')!;
    const marks = (): number => backend.socket.sent.filter(({ type }) => type === 'mark_read').length;
    // Once or twice: the list is read before and after the socket is open.
    await until(() => marks() > 0);
    await goUp(thread, chat);
    const first = (): unknown => state().timeline.at(-1)!.content;
    const released = first();
    backend.onRequest = (_method, path) => (path.includes('after=') ? page('', 503) : undefined);
    await goDown(thread, () => one(thread, '[part=retry]'));
    expect(text(scroller(thread))).to.contain('Could not load');
    backend.sendAs(1, 2, 'unseen');
    await aTimeout(0);
    expect([chat.rooms[0]!.unread_count, text(one(thread, '[part=jump]'))]).to.deep.equal([1, '1 new message']);
    expect(rows(thread).some((li) => text(li).includes('unseen'))).to.equal(false);
    backend.onRequest = () => undefined;
    one(thread, '[part=retry]').click();
    await until(() => first() !== released);
    expect(state().timeline.length).to.be.at.most(2_000);
    const before = marks();
    one(thread, '[part=jump]').click();
    await until(() => marks() > before);
    expect(text(rows(thread).at(-1))).to.contain('unseen');
    expect([state().hasNewer, chat.rooms[0]!.unread_count, one(thread, '[part=jump]')]).to.deep.equal([
      false,
      0,
      undefined,
    ]);
  });

  it('10.22: shows a message sent while scrolled up at the true end', async () => {
    fill(2_100);
    const { thread, connection } = await mount(template);
    await loaded(thread);
    await goUp(thread, connection.connection);
    await write(thread, 'from far up');
    await until(() => text(rows(thread).at(-1)).includes('from far up') && all(thread, '.delivery.check').length > 0);
    await until(() => text(rows(thread).at(-2)).includes('message 2099'));
    expect(distance(thread)).to.be.below(2);
  });

  it('10.23: reports how many messages were unreadable, instead of an empty thread', async () => {
    backend.onRequest = (_method, path) =>
      path.includes('/messages/') ? json({ messages: [{ id: 1 }, null], has_more: false }) : undefined;
    const { thread } = await mount(template);
    await until(() => all(thread, '[part=note]').some((note) => text(note) === '2 could not be displayed.'));
    expect(text(scroller(thread))).to.not.contain('No messages yet');
    await expect(thread).to.be.accessible();
  });

  it('shows pending messages, and why one was not sent, with retry and discard', async () => {
    backend.stores = false;
    const { thread } = await mount(template);
    await until(() => one(thread, 'textarea'));
    await write(thread, 'hm');
    await until(() => all(thread, '.delivery.clock').length === 1);
    await aTimeout(0);
    const { _tempId } = backend.socket.sent.find(({ type }) => type === 'send_message')!;
    backend.socket.receive({
      type: 'error',
      code: 'access_denied',
      message: 'You left this room.',
      room_id: 1,
      _tempId,
    });
    await until(() => one(thread, '[part=failure]'));
    expect(text(one(thread, '[part=failure]'))).to.equal('Not sent: You left this room. Retry Discard');
    await expect(thread).to.be.accessible();
    backend.stores = true;
    one(thread, '[part=retry]').click();
    await until(() => all(thread, '.delivery.check').length === 1);
    expect(backend.messages).to.have.length(1);
  });

  it('marks messages as read only at the end and while visible', async () => {
    backend.rooms = [room(1, 'a', { unread_count: 2 })];
    fill(80);
    const { thread } = await mount(template);
    await loaded(thread);
    const marks = (): number => backend.socket.sent.filter(({ type }) => type === 'mark_read').length;
    // Once or twice: the list is read before and after the socket is open.
    await until(() => marks() > 0);
    await scrollTo(thread, scroller(thread).scrollTop - 600);
    backend.sendAs(1, 2, 'unseen');
    await aTimeout(0);
    expect(document.querySelector('chat-connection')!.connection.rooms[0]!.unread_count).to.equal(1);
    const before = marks();
    one(thread, '[part=jump]').click();
    await until(() => marks() > before);
  });

  it('shows typing users', async () => {
    const { thread } = await mount(template);
    await until(() => one(thread, 'textarea'));
    await until(() => document.querySelector('chat-connection')!.connection.data.threads.get('1')?.loaded);
    backend.socket.receive({ type: 'typing', room_id: 1, user_id: 2, username: 'ben', is_typing: true });
    await until(() => text(one(thread, '[part=typing]')) === 'Ben is typing');
  });

  it('shows an error if the history cannot be loaded, and retries', async () => {
    fill(3, 2);
    let down = true;
    backend.onRequest = (_method, path) => (down && path.includes('rooms/2/messages') ? page('', 400) : undefined);
    const { thread } = await mount(template);
    thread.room = 2;
    await until(() => one(thread, '[part=retry]'));
    expect(text(scroller(thread))).to.contain('Could not load');
    await expect(thread).to.be.accessible();
    down = false;
    one(thread, '[part=retry]').click();
    await until(() => rows(thread).length === 3);
  });

  it('shows a text when read-only, empty or without a room', async () => {
    const { thread } = await mount(template);
    await until(() => text(scroller(thread)).includes('Say hello'));
    thread.readonly = true;
    await thread.updateComplete;
    expect(all(thread, 'textarea')).to.have.length(0);
    thread.room = null;
    await thread.updateComplete;
    expect(text(one(thread, '[part=note]'))).to.equal('No conversation yet');
    await expect(thread).to.be.accessible();
  });

  it('keeps a draft per room', async () => {
    const { thread } = await mount(template);
    await until(() => one(thread, 'textarea'));
    const field = (): HTMLTextAreaElement => one(thread, 'textarea') as HTMLTextAreaElement;
    field().value = 'for room 1';
    field().dispatchEvent(new Event('input'));
    thread.room = 2;
    await thread.updateComplete;
    expect(field().value).to.equal('');
    thread.room = 1;
    await thread.updateComplete;
    expect(field().value).to.equal('for room 1');
  });

  it('speaks German if the page does', async () => {
    const { thread, connection } = await mount(template);
    connection.lang = 'de';
    thread.requestUpdate();
    await until(
      () => (one(thread, 'textarea') as HTMLTextAreaElement | undefined)?.placeholder === 'Nachricht schreiben',
    );
  });
});
