/** 12.7: a message is read when its reader can see it, and not before. */
import { expect, html, nextFrame } from '@open-wc/testing';
import { ReadingDetector } from '../../src/elements/chat-thread/reading-detector.js';
import { systemClock } from '../../src/transport/index.js';
import { room, tokenOf } from '../support/fake-backend.js';
import { mount, one, text, until, untilRichParts, URL_OF_BACKEND as url, useFakeBackend } from '../support/mounted.js';

describe('12.7: read means seen', () => {
  const backend = useFakeBackend((made) => {
    made.rooms = [room(1, 'Ana & Ben', { unread_count: 1 })];
    made.store(1, 2, 'hi');
  });
  let style: HTMLStyleElement;
  const { hasFocus } = ReadingDetector;
  let isFocused: boolean;
  beforeEach(() => {
    isFocused = true;
    ReadingDetector.hasFocus = () => isFocused;
    style = document.head.appendChild(document.createElement('style'));
  });
  afterEach(() => {
    style.remove();
    ReadingDetector.hasFocus = hasFocus;
    scrollTo(0, 0);
  });

  const reading = (): number => document.querySelector('chat-connection')!.connection.data.reading.length;
  const marks = (): number => backend().socket.sent.filter(({ type }) => type === 'mark_read').length;

  /** Mounts a thread inside of a box with a style, and waits until its messages are rendered. */
  async function mounted(css: string): Promise<HTMLElement> {
    style.textContent = `chat-thread { height: 300px; width: 300px } ${css}`;
    const { thread } = await mount(
      html`<chat-connection url=${url} token=${tokenOf(1)}
        ><div class="before"></div>
        <div class="box"><chat-thread room="1"></chat-thread></div
      ></chat-connection>`,
    );
    await until(() => text(one(thread, 'ol')).includes('hi'));
    await untilRichParts(thread);
    return thread;
  }

  /** Waits long enough for a thread on the screen to be read: two intersection observations. */
  async function settled(): Promise<void> {
    for (let n = 0; n < 6; n++) await nextFrame();
  }

  it('marks a thread on the screen as read', async () => {
    await mounted('');
    await until(() => reading() === 1 && marks() > 0);
  });

  for (const [name, hidden, shown] of [
    ['below the fold', '.before { height: 3000px }', ''],
    ['in a drawer that is moved off', '.box { transform: translateX(-2000px) }', ''],
    ['in a drawer at a position off the screen', '.box { position: fixed; left: -2000px }', ''],
    ['in an accordion of height 0', '.box { height: 0; overflow: hidden }', ''],
    ['with `visibility: hidden`', '.box { visibility: hidden }', ''],
    ['with `opacity: 0`', '.box { opacity: 0 }', ''],
    ['with `content-visibility: hidden`', '.box { content-visibility: hidden }', ''],
    ['with `display: none`', '.box { display: none }', ''],
    ['whose end is below the fold', '.before { height: calc(100vh - 100px) }', ''],
  ] as const) {
    it(`does not mark it ${name}, but when it is shown`, async () => {
      await mounted(hidden);
      await settled();
      expect([reading(), marks()]).to.deep.equal([0, 0]);
      backend().sendAs(1, 2, 'unseen');
      await settled();
      expect(document.querySelector('chat-connection')!.connection.rooms[0]!.unread_count).to.equal(2);
      style.textContent = `chat-thread { height: 300px; width: 300px } ${shown}`;
      await until(() => reading() === 1 && marks() > 0);
    });

    it(`stops marking it when it is hidden: ${name}`, async () => {
      await mounted(shown);
      await until(() => reading() === 1);
      style.textContent = `chat-thread { height: 300px; width: 300px } ${hidden}`;
      await until(() => reading() === 0);
    });
  }

  it('marks it when it is scrolled into view', async () => {
    const thread = await mounted('.before { height: 3000px }');
    await settled();
    expect(reading()).to.equal(0);
    thread.scrollIntoView({ block: 'end' });
    await until(() => reading() === 1 && marks() > 0);
  });

  it('marks it when closed `<details>` are opened', async () => {
    const { thread } = await mount(
      html`<chat-connection url=${url} token=${tokenOf(1)}
        ><details>
          <summary>Chat</summary>
          <chat-thread room="1"></chat-thread></details
      ></chat-connection>`,
    );
    await settled();
    expect(reading()).to.equal(0);
    thread.closest('details')!.open = true;
    await until(() => reading() === 1 && marks() > 0);
  });

  it('waits for the focus of the window', async () => {
    isFocused = false;
    await mounted('');
    await settled();
    expect([reading(), marks()]).to.deep.equal([0, 0]);
    isFocused = true;
    window.dispatchEvent(new Event('focus'));
    await until(() => reading() === 1 && marks() > 0);
    isFocused = false;
    window.dispatchEvent(new Event('blur'));
    expect(reading()).to.equal(0);
  });

  it('counts a pointer or scrolling inside a frame for 30 s, because a frame may never have the focus', async () => {
    isFocused = false;
    const thread = await mounted('');
    const frame = document.body.appendChild(document.createElement('iframe'));
    const clock: { now: () => number } = systemClock;
    const { now } = clock;
    try {
      frame.height = '400';
      frame.scrollIntoView();
      // Styles of the outer page do not apply inside the frame.
      thread.style.height = '300px';
      frame.contentDocument!.body.append(thread.closest('chat-connection')!);
      const inside = (): number => thread.closest('chat-connection')!.connection.data.reading.length;
      await until(() => text(one(thread, 'ol')).includes('hi'));
      await settled();
      expect(inside()).to.equal(0);
      frame.contentWindow!.dispatchEvent(new Event('pointermove'));
      await until(() => inside() === 1);
      clock.now = () => now() + 31_000;
      await until(() => inside() === 0);
    } finally {
      clock.now = now;
      thread.closest('chat-connection')!.remove();
      frame.remove();
    }
  });

  it('marks it when the end is reached in steps, of which one only touches it', async () => {
    const thread = await mounted('.before { height: calc(100vh - 100px) }');
    const box = thread.closest('.box')!;
    await settled();
    // The bottom of the window at the top of the observed end, and then below it.
    const { bottom } = one(thread, '.end').getBoundingClientRect();
    scrollBy(0, Math.floor(bottom - 8 - innerHeight));
    await settled();
    expect(reading()).to.equal(0);
    box.scrollIntoView({ block: 'end' });
    await until(() => reading() === 1);
  });
});
