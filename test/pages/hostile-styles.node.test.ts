/** Styles of the page and of the chat do not affect each other, compared by screenshot. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { after, before, describe, it } from 'node:test';
import pixelmatch from 'pixelmatch';
import { PNG } from 'pngjs';
import type { Page } from 'puppeteer-core';
import type { ChatConnectionElement } from '../../src/index.js';
import { startSite, type Site } from './site.js';

/**
 * Styles that pages apply to all elements. (Underlines of the whole page extend into its content; CSS cannot prevent
 * that.)
 */
const HOSTILE: Record<string, string> = {
  'all: unset for everything': '* { all: unset }',
  'all: unset with !important':
    '*:not(html, head, body, main, chat-connection, chat-rooms, chat-thread, chat-status, chat-launcher) { all: unset !important }',
  'an aggressive reset':
    '*, *::before, *::after { margin: 0; padding: 0; border: 0; font: inherit; vertical-align: baseline; box-sizing: content-box; list-style: none; background: transparent; color: inherit } button { appearance: none } svg { display: none } dialog { display: none } :focus-visible { outline: 0 }',
  'poster typography':
    'body, body * { font: italic 900 40px/3 fantasy; letter-spacing: 0.5em; word-spacing: 1em; text-transform: uppercase; text-indent: 4em; text-align: right; text-shadow: 2px 2px red; white-space: pre; color: lime; cursor: crosshair; hyphens: auto; font-variant: small-caps; tab-size: 20; line-break: anywhere; word-break: break-all; -webkit-text-stroke: 1px red; quotes: "x" "y"; list-style: square inside }',
  'a framework’s buttons, inputs and dialogs':
    'button { background: #0d6efd; color: #fff; padding: 2rem; border-radius: 0; min-width: 300px; text-transform: uppercase } input, textarea { height: 90px; border: 9px solid red; width: 100% } h2 { font-size: 90px; margin: 50px } ul, ol { padding-left: 99px; list-style: disc } p { margin: 3em } dialog { background: red; inset: 0; width: 100vw } .base, .message, .bubble, .header, .panel, .button, .badge { display: none; background: red; margin: 90px } img { max-width: none; width: 900px } a { color: red; display: block }',
  '12.3: a small font size of the root': 'html { font-size: 62.5% }',
  '12.3: a large font size of the root, and of the elements': 'html { font-size: 125% } body * { font-size: 40px }',
  '12.3: text that cannot be selected': 'body { -webkit-user-select: none; user-select: none }',
  'transformed and translucent':
    '* { animation: none; transition: all 9s; float: left; transform-origin: 0 0; z-index: 99999; column-count: 3; direction: ltr } div, p, section { opacity: 0.2; transform: rotate(3deg) }',
};

/** Preserves the layout of the host elements: `chat-thread` is more specific than `*`. */
const BOXES = `html, body, main { display: block; float: none; column-count: auto; margin: 0; background: #fff } head, script, style { display: none }
chat-connection { display: grid; grid-template: auto 300px / 300px 400px; width: 700px; float: none; opacity: 1; transform: none; column-count: auto }
chat-status { display: block; grid-column: 1 / 3 } chat-rooms, chat-thread, chat-status { float: none; column-count: auto; width: auto; height: auto; transition: none }
chat-rooms, chat-thread { display: block; height: 300px; overflow: hidden }`;

const elements = (
  styles: string,
): string => `<!doctype html><html lang="en"><head><meta name="viewport" content="width=device-width">
<style>${styles}</style><style>${BOXES}</style><script type="module" src="/dist/chat.js"></script></head>
<body><main><chat-connection token-url="/token/1"><chat-status always></chat-status><chat-rooms selected="1"></chat-rooms><chat-thread></chat-thread></chat-connection></main></body></html>`;
const corner = (
  styles: string,
): string => `<!doctype html><html lang="en"><head><meta name="viewport" content="width=device-width">
<style>${styles}</style><style>html, body { display: block; margin: 0; background: #fff } head, script, style { display: none }</style></head>
<body><script src="/dist/loader.js" data-token-url="/token/1"></script></body></html>`;

/** The page's own content, with all element types that the chat uses too. */
const OWN = `<main><h1>Title</h1><h2>Second</h2><p>Some <a href="#">words</a> <b>and</b> more</p><ul><li>one</li></ul><ol><li>two</li></ol>
<button class="button">Press</button><input value="text"><textarea>text</textarea><div class="base header message bubble panel">a box</div><blockquote>output</blockquote><dialog open>dialog</dialog><time>now</time></main>`;
const host = (chat: string): string =>
  `<!doctype html><html lang="en"><head><style>body { font: 18px Georgia, serif; color: #333 } .button { background: gold }</style></head><body>${OWN}${chat}</body></html>`;

const LOOKS = 3;

describe('styles of page and chat', () => {
  let site: Site;
  const now = Date.now();
  /** Rendered without page styles. */
  let plain: Uint8Array;
  let plainCorner: Uint8Array[];
  before(async () => {
    const html: Record<string, string> = {
      '/elements': elements(''),
      '/corner': corner(''),
      '/host': host(''),
      '/host-with-chat': host(
        '<script type="module" src="/dist/chat.js"></script><chat-connection token-url="/token/1"><chat-launcher></chat-launcher></chat-connection>',
      ),
    };
    for (const [at, styles] of Object.values(HOSTILE).entries())
      Object.assign(html, { [`/elements-${at}`]: elements(styles), [`/corner-${at}`]: corner(styles) });
    site = await startSite({ html });
    // One visit before the screenshots marks everything as read, so that all pages look the same.
    await shoot('/elements');
    plain = await shoot('/elements');
    plainCorner = await shootCorner('/corner');
  });
  after(() => site.close());

  const settled = (page: Page): Promise<unknown> =>
    page.waitForFunction(() => {
      const rooms = document.querySelector('chat-rooms');
      const thread = document.querySelector('chat-thread');
      const isUp = document.querySelector<ChatConnectionElement>('chat-connection')?.connection?.state === 'connected';
      return (
        isUp &&
        rooms?.shadowRoot?.querySelector('[role=option]') &&
        thread?.shadowRoot?.querySelector('li') &&
        !thread.shadowRoot.querySelector('.delivery.clock')
      );
    });
  const still = (page: Page): Promise<unknown> =>
    page.evaluate(() => new Promise((resolve) => setTimeout(() => requestAnimationFrame(resolve), 300)));

  async function shoot(path: string): Promise<Uint8Array> {
    const { page } = await site.open(path, { now });
    await settled(page);
    await still(page);
    const picture = await page.screenshot({ clip: { x: 0, y: 0, width: 700, height: 360 } });
    await page.close();
    return picture;
  }

  /** The launcher of loader.js, closed and open. */
  async function shootCorner(path: string): Promise<Uint8Array[]> {
    const { page } = await site.open(path, { now });
    // Something is unread, so the chat loads and the button shows the count.
    await page.waitForFunction(() =>
      document.querySelector('chat-launcher')?.shadowRoot?.querySelector('[part=badge]'),
    );
    const closed = await page.screenshot();
    await page.evaluate(() =>
      document.querySelector('chat-launcher')!.shadowRoot!.querySelector<HTMLElement>('.button')!.click(),
    );
    await page.waitForFunction(() => {
      const panel = document.querySelector('chat-launcher')?.shadowRoot?.querySelector('dialog');
      const status = panel?.querySelector('chat-status');
      return (
        panel?.querySelector('chat-rooms')?.shadowRoot?.querySelector('[role=option]') &&
        status?.getAttribute('state') === 'connected' &&
        !status.shadowRoot?.querySelector('[part=base]')
      );
    });
    await still(page);
    const open = await page.screenshot();
    await page.close();
    return [closed, open];
  }

  /** Retries before two screenshots count as different: lists sometimes settle half a pixel higher. */
  async function same(take: () => Promise<Uint8Array[]>, wanted: Uint8Array[], name: string): Promise<void> {
    for (let look = 1; ; look++) {
      try {
        const pictures = await take();
        return pictures.forEach((picture, at) => compare(picture, wanted[at]!, `${name} ${at}`));
      } catch (thrown) {
        if (look === LOOKS) throw thrown;
      }
    }
  }

  function compare(got: Uint8Array, wanted: Uint8Array, name: string): void {
    const [a, b] = [PNG.sync.read(Buffer.from(got)), PNG.sync.read(Buffer.from(wanted))];
    // Differences in antialiasing only are ignored.
    const different = pixelmatch(a.data, b.data, undefined, a.width, a.height, { threshold: 0.05 });
    if (different === 0) return;
    const folder = join(tmpdir(), 'unified-chat-pictures');
    mkdirSync(folder, { recursive: true });
    const file = name.replace(/\W+/g, '-');
    writeFileSync(join(folder, `${file}-got.png`), got);
    writeFileSync(join(folder, `${file}-wanted.png`), wanted);
    assert.fail(`${different} pixels differ: ${join(folder, file)}-{got,wanted}.png`);
  }

  it('two screenshots of the same page are equal', async () => {
    await same(async () => [await shoot('/elements')], [plain], 'elements');
  });

  for (const [at, name] of Object.keys(HOSTILE).entries()) {
    it(`the elements are unaffected by: ${name}`, async () => {
      await same(async () => [await shoot(`/elements-${at}`)], [plain], `elements ${name}`);
    });
    it(`the launcher, closed and open, is unaffected by: ${name}`, async () => {
      await same(() => shootCorner(`/corner-${at}`), plainCorner, `launcher ${name}`);
    });
  }

  it('12.3: messages can be selected on a page where nothing else can', async () => {
    const at = Object.keys(HOSTILE).findIndex((name) => name.includes('cannot be selected'));
    const { page } = await site.open(`/elements-${at}`, { now });
    await settled(page);
    const selected = await page.evaluate(() => {
      const [text] = document.querySelector('chat-thread')!.shadowRoot!.querySelectorAll('[part=text]');
      getSelection()!.selectAllChildren(text!);
      return [getComputedStyle(text!).userSelect, getComputedStyle(document.body).userSelect];
    });
    await page.close();
    assert.deepEqual(selected, ['text', 'none']);
  });

  // The direction of a page's text is no style: `direction: rtl` has the same effect as `dir="rtl"`.
  it('12.3: body { direction: rtl } turns the layout', async () => {
    const { page } = await site.open('/elements', { now });
    await settled(page);
    const sides = async (): Promise<boolean[]> =>
      page.evaluate(() => {
        const root = document.querySelector('chat-thread')!.shadowRoot!;
        const [list, own, send] = ['[part=messages]', '[part~=bubble-own]', '[part=send]'].map((part) => {
          const { left, right } = root.querySelector(part)!.getBoundingClientRect();
          return (left + right) / 2;
        });
        return [own! > list!, send! > list!];
      });
    const before = await sides();
    await page.evaluate(() => void (document.body.style.direction = 'rtl'));
    const after = await sides();
    await page.close();
    assert.deepEqual(
      [before, after],
      [
        [true, true],
        [false, false],
      ],
    );
  });

  it('the page looks the same without the chat', async () => {
    const picture = async (path: string): Promise<Uint8Array> => {
      const { page } = await site.open(path, { now });
      if (path !== '/host')
        await page.waitForFunction(() => document.querySelector('chat-launcher')?.shadowRoot?.querySelector('dialog'));
      await still(page);
      // Everything but the corner with the button.
      const shot = await page.screenshot({ clip: { x: 0, y: 0, width: 900, height: 600 } });
      await page.close();
      return shot;
    };
    await same(async () => [await picture('/host-with-chat')], [await picture('/host')], 'host');
  });
});
