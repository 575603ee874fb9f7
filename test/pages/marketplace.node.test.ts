/** The start page of the demo: a marketplace with the chat, for two users in two windows. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, describe, it } from 'node:test';
import type { AxeResults } from 'axe-core';
import type { ElementHandle, Page } from 'puppeteer-core';
import { startSite, type Site } from './site.js';

const AXE = createRequire(import.meta.url).resolve('axe-core');

describe('the marketplace page', () => {
  let site: Site;
  before(async () => {
    site = await startSite({ folders: { '': 'demo/site' } });
  });
  after(() => site.close());

  const ready = (page: Page): Promise<unknown> =>
    page.waitForFunction(
      () =>
        document.querySelector('chat-connection')!.connection?.state === 'connected' &&
        document.querySelector('chat-thread')!.shadowRoot?.querySelector('li'),
    );
  async function open(width: number, height: number, path = '/'): Promise<{ page: Page; output: string[] }> {
    const opened = await site.open(path, { width, height });
    opened.page.setDefaultTimeout(30_000);
    await opened.page.emulateMediaFeatures([{ name: 'prefers-reduced-motion', value: 'reduce' }]);
    await ready(opened.page);
    return opened;
  }
  const write = async (page: Page, text: string): Promise<void> => {
    const field = (await page.waitForFunction(() =>
      document.querySelector('chat-thread')!.shadowRoot!.querySelector('textarea'),
    )) as ElementHandle<HTMLTextAreaElement>;
    await field.type(text);
  };
  const sees = (page: Page, text: string): Promise<unknown> =>
    page.waitForFunction(
      (wanted) => document.querySelector('chat-thread')!.shadowRoot!.textContent.includes(wanted),
      {},
      text,
    );
  const isComposerInView = (page: Page): Promise<boolean> =>
    page.evaluate(() => {
      const { top, bottom, height } = document
        .querySelector('chat-thread')!
        .shadowRoot!.querySelector('[part~=composer]')!
        .getBoundingClientRect();
      return height > 0 && top >= 0 && bottom <= innerHeight;
    });

  it('opens as Ben in a second window, and both users talk', async () => {
    const { page: ana, output } = await open(1280, 800);
    const requests: string[] = [];
    ana.on('request', (request) => requests.push(request.url()));
    const appeared = new Promise<Page>((resolve) => ana.once('popup', (page) => resolve(page!)));
    await ana.click('[data-second-window]:not([hidden])');
    const ben = await appeared;
    ben.on('console', (message) => output.push(message.text()));
    ben.on('request', (request) => requests.push(request.url()));
    await ready(ben);
    assert.equal(await ben.$eval('.account:not([hidden])', ({ textContent }) => textContent.trim()), 'Ben Okafor');
    await write(ben, 'Shall I bring a ladder?\n');
    await sees(ana, 'Shall I bring a ladder?');
    await write(ana, 'Yes, please.\n');
    await sees(ben, 'Yes, please.');
    assert.equal(await ana.evaluate(() => document.querySelector('chat-connection')!.connection!.user?.id), 1);
    assert.deepEqual(output, []);
    assert.deepEqual(
      requests.filter((url) => !url.startsWith(site.url) && !url.startsWith('data:')),
      [],
    );
    await ben.close();
    await ana.close();
  });

  it('shows the unread count in its header, and the listing of the selected conversation', async () => {
    const { page } = await open(1280, 800);
    const unread = (): Promise<string> =>
      page.$eval('#unread', (badge) => (badge as HTMLElement).innerText.replace(/\s+/g, ' ').trim());
    await page.waitForFunction(() => document.querySelector('#unread-count')!.textContent === '5');
    assert.equal(await unread(), '5 unread');
    const about = (): Promise<string[]> =>
      page.$$eval('.about:not([hidden]) b', (all) => all.map(({ textContent }) => textContent));
    assert.deepEqual(await about(), ['Regular flat cleaning']);
    const choose = (name: string): Promise<void> =>
      page.evaluate(
        (wanted) =>
          [...document.querySelector('chat-rooms')!.shadowRoot!.querySelectorAll<HTMLElement>('[role=option]')]
            .find((room) => room.textContent.includes(wanted))!
            .click(),
        name,
      );
    await choose('Stairwell');
    await page.waitForFunction(() => document.querySelector('#unread-count')!.textContent === '3');
    assert.deepEqual(await about(), ['Stairwell cleaning, four floors']);
    await choose('Support');
    assert.deepEqual(await about(), []);
    await page.close();
  });

  it('fits the window, with the composer in view', async () => {
    const { page } = await open(1280, 800);
    assert.ok(await isComposerInView(page), '1280 × 800');
    for (const [width, height] of [
      [320, 640],
      [390, 844],
      [700, 900],
      [900, 1000],
      [1280, 600],
      [1920, 1080],
    ] as const) {
      for (const dir of ['ltr', 'rtl']) {
        await page.setViewport({ width, height });
        await page.evaluate((value) => (document.documentElement.dir = value), dir);
        assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, `${width} ${dir}`);
      }
    }
    await page.close();
    for (const [width, height] of [
      [390, 844],
      [320, 640],
    ] as const) {
      const { page: phone } = await open(width, height);
      await phone.click('.to-chat a');
      await phone.waitForFunction(() => location.hash === '#chat');
      assert.ok(await isComposerInView(phone), `${width} × ${height}, after 'Message Ben'`);
      await phone.close();
    }
  });

  it('shows the list or the conversation on a phone, with keyboard support', async () => {
    const { page } = await open(390, 844);
    const shown = (): Promise<string[]> =>
      page.$$eval('.panes chat-rooms, .panes chat-thread', (all) =>
        all.filter((element) => element.checkVisibility()).map(({ localName }) => localName),
      );
    assert.deepEqual(await shown(), ['chat-thread']);
    await page.focus('#list-toggle');
    await page.keyboard.press('Enter');
    assert.deepEqual(await shown(), ['chat-rooms']);
    // The search field, then the list.
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Home');
    await page.keyboard.press('Enter');
    assert.deepEqual(await shown(), ['chat-thread']);
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'list-toggle');
    assert.equal(await page.$eval('#list-toggle', (button) => button.getAttribute('aria-expanded')), 'false');
    await page.close();
  });

  for (const path of ['/', '/launcher.html', '/loader.html']) {
    it(`has no axe violations on ${path}, light and dark, wide and narrow`, async () => {
      const { page } = await site.open(path, { width: 1280, height: 800 });
      await page.waitForFunction(() =>
        document.querySelector('chat-launcher, chat-thread')?.shadowRoot?.querySelector('button, li'),
      );
      await page.addScriptTag({ path: AXE });
      for (const scheme of ['light', 'dark']) {
        for (const width of [1280, 390]) {
          await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
          await page.setViewport({ width, height: 800 });
          const { violations } = await page.evaluate(
            async () =>
              (await (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run()) as Pick<
                AxeResults,
                'violations'
              >,
          );
          assert.deepEqual(
            violations.map(
              ({ id, nodes }) =>
                `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(', ')}`,
            ),
            [],
            `${scheme} ${width}`,
          );
        }
      }
      await page.close();
    });
  }
});
