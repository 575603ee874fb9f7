/** The elements on a phone, and at 400 % zoom, which is a window of 320 × 256 CSS pixels. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'puppeteer-core';
import type { ChatConnectionElement } from '../../src/index.js';
import { readmeBlock } from '../support/readme-block.js';
import { startSite, type Site } from './site.js';

/** The example of the README, with a sign-in of this site. */
const example = readmeBlock('html', 'chat.js')
  .replace('<link rel="stylesheet" href="mine.css">', `<style>${readmeBlock('css', '--chat-accent')}</style>`)
  .replace('/chat-token/', '/token/1')
  .replace('<chat-rooms>', '<chat-rooms selected="1">');
const launcher = `<!doctype html><html lang="en"><head><meta name="viewport" content="width=device-width, initial-scale=1">
<script type="module" src="/dist/chat.js"></script></head>
<body><chat-connection token-url="/token/1"><chat-launcher room="1"></chat-launcher></chat-connection></body></html>`;

/** An on-screen keyboard that covers the page, as on iOS. */
function showKeyboard(height: number): void {
  const viewport = window.visualViewport!;
  Object.defineProperty(viewport, 'height', { value: innerHeight - height, configurable: true });
  viewport.dispatchEvent(new Event('resize'));
}

describe('12.2, 12.3: on a small screen', () => {
  let site: Site;
  before(async () => void (site = await startSite({ html: { '/example': example, '/launcher': launcher } })));
  after(() => site.close());

  async function open(path: string, width: number, height: number): Promise<Page> {
    const { page } = await site.open(path);
    await page.setViewport({ width, height, isMobile: true, hasTouch: true, deviceScaleFactor: 2 });
    await page.reload();
    await page.waitForFunction(
      () => document.querySelector<ChatConnectionElement>('chat-connection')?.connection?.state === 'connected',
    );
    if (path === '/launcher') {
      await page.evaluate(() =>
        document.querySelector('chat-launcher')!.shadowRoot!.querySelector<HTMLElement>('.button')!.click(),
      );
    }
    await page.waitForFunction(() => {
      const root = document.querySelector('chat-launcher')?.shadowRoot ?? document;
      return root.querySelector('chat-thread')?.shadowRoot?.querySelector('li') && root.querySelector('chat-thread');
    });
    return page;
  }
  interface Layout {
    scrollWidth: number;
    width: number;
    messages: number;
    fieldBottom: number;
    /** Font sizes. */
    fieldSize: number;
    filterSize: number;
  }
  /** In CSS pixels. */
  const layout = (page: Page): Promise<Layout> =>
    page.evaluate(() => {
      const root = (document.querySelector('chat-launcher')?.shadowRoot ?? document).querySelector(
        'chat-thread',
      )!.shadowRoot!;
      const [base, messages, field] = ['[part=base]', '[part=messages]', 'textarea'].map((part) =>
        root.querySelector(part)!.getBoundingClientRect(),
      );
      const [fieldSize, filterSize] = [
        root.querySelector('textarea')!,
        document.querySelector('chat-rooms')?.shadowRoot?.querySelector('input') ?? root.querySelector('textarea')!,
      ].map((element) => Number.parseFloat(getComputedStyle(element).fontSize));
      return {
        scrollWidth: document.documentElement.scrollWidth,
        width: base!.width,
        messages: messages!.height,
        fieldBottom: field!.bottom,
        fieldSize: fieldSize!,
        filterSize: filterSize!,
      };
    });

  it('the example of the README uses the whole width, and its fields do not make iOS zoom in', async () => {
    const page = await open('/example', 390, 844);
    const { scrollWidth, width, messages, fieldBottom, fieldSize, filterSize } = await layout(page);
    assert.deepEqual([scrollWidth, width], [390, 390]);
    assert.ok(messages > 250, `${messages} px for messages`);
    assert.ok(fieldBottom <= 844, `the field ends at ${fieldBottom} px`);
    assert.ok(fieldSize >= 16 && filterSize >= 16, `${fieldSize} and ${filterSize} px`);
    await page.close();
  });

  it('the panel of the launcher stays above an on-screen keyboard', async () => {
    const page = await open('/launcher', 390, 844);
    const before = await layout(page);
    await page.evaluate(showKeyboard, 350);
    const during = await layout(page);
    await page.evaluate(showKeyboard, 0);
    assert.ok(during.fieldBottom <= 844 - 350, `the field ends at ${during.fieldBottom} px`);
    assert.ok(during.messages > 200, `${during.messages} px for messages`);
    assert.deepEqual(await layout(page), before);
    assert.ok(before.fieldSize >= 16);
    await page.close();
  });

  for (const path of ['/example', '/launcher']) {
    it(`${path.slice(1)}: there is room for messages at 400 % zoom, without scrolling sideways`, async () => {
      const page = await open(path, 320, 256);
      const { scrollWidth, messages, width } = await layout(page);
      assert.deepEqual([scrollWidth, width], [320, 320]);
      assert.ok(messages > 100, `${messages} px for messages`);
      await page.close();
    });
  }
});
