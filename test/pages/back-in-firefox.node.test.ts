/**
 * 12.19: back to a page in Firefox. Firefox decides whether it keeps a page in its bfcache right after `beforeunload`,
 * when a socket or a lock that is closed there is not closed yet: the page is loaded again, and nothing may be lost.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'puppeteer-core';
import type { ChatConnectionElement } from '../../src/index.js';
import { findBrowsers } from '../support/browsers.mjs';
import { startSite, type Site } from './site.js';

const ROOM = 1;

/** `shown` tells how the page was shown: `loaded`, and `restored` from the bfcache. */
const html = (body: string, script = ''): string => `<!doctype html><html lang="en"><head><meta charset="utf-8">
  <link rel="icon" href="data:,"><script>
    shown = [];
    addEventListener('pageshow', ({ persisted }) => shown.push(persisted ? 'restored' : 'loaded'));
    ${script}
  </script></head><body><a href="/other">Go on</a>${body}</body></html>`;
const CHAT = `<script type="module" src="/dist/chat.js"></script><chat-connection token-url="/token/1">
  <chat-thread room="${ROOM}" style="height: 400px"></chat-thread></chat-connection>`;
/** Closes the connection, and follows the link when its socket is closed. */
const CLOSED_BEFORE = `addEventListener('click', (event) => {
    event.preventDefault();
    document.querySelector('chat-connection').connection.disconnect();
    setTimeout(() => location.assign('/other'), 1500);
  });`;
const CLOSED_IN_BEFOREUNLOAD = `addEventListener('beforeunload', () =>
    document.querySelector('chat-connection').connection.disconnect());`;

describe('12.19: back, in Firefox', { skip: findBrowsers().firefox ? false : 'no Firefox' }, () => {
  let site: Site;
  before(async () => {
    const pages = {
      '/without': html(''),
      '/chat': html(CHAT),
      '/closed-before': html(CHAT, CLOSED_BEFORE),
      '/closed-in-beforeunload': html(CHAT, CLOSED_IN_BEFOREUNLOAD),
      '/other': '<!doctype html><title>other</title><link rel="icon" href="data:,">',
    };
    site = await startSite({ html: pages }, { engine: 'firefox' });
  });
  after(() => site.close());

  const connected = (page: Page): Promise<unknown> =>
    page.waitForFunction(
      () => document.querySelector<ChatConnectionElement>('chat-connection')?.connection?.state === 'connected',
    );
  const shows = (page: Page, content: string): Promise<unknown> =>
    page.waitForFunction(
      (wanted) => document.querySelector('chat-thread')!.shadowRoot!.querySelector('ol')?.textContent.includes(wanted),
      {},
      content,
    );

  /** Follows the link, does something there, and goes back. @returns how the page was shown: first, then again. */
  async function awayAndBack(page: Page, meanwhile: () => Promise<unknown> = async () => {}): Promise<string[]> {
    const { pathname } = new URL(page.url());
    // Later: the result of a call is lost with the page.
    await page.evaluate(() => void setTimeout(() => document.querySelector('a')!.click()));
    await page.waitForFunction(() => location.pathname === '/other' && document.readyState === 'complete');
    await meanwhile();
    await page.evaluate(() => void setTimeout(() => history.back()));
    const shown = await page.waitForFunction(
      (path) =>
        location.pathname === path &&
        document.readyState === 'complete' &&
        (globalThis as unknown as { shown?: string[] }).shown,
      {},
      pathname,
    );
    return (await shown.jsonValue()) as string[];
  }

  async function sendAsBen(content: string): Promise<void> {
    const response = await fetch(`${site.url}/api/chat/rooms/${ROOM}/send_message/`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${await site.server.signToken(2)}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ room: ROOM, content }),
    });
    assert.equal(response.status, 201);
  }

  it('the page is loaded again: the same conversation, each message once, and the draft', async () => {
    const { page, output } = await site.open('/chat');
    await connected(page);
    await page.evaluate(
      (room) =>
        void document.querySelector<ChatConnectionElement>('chat-connection')!.connection.sendChatMessage(room, 'mine'),
      ROOM,
    );
    await shows(page, 'mine');
    const input = await page.evaluateHandle(() =>
      document.querySelector('chat-thread')!.shadowRoot!.querySelector('textarea')!,
    );
    await input.type('half a thought');
    // It is saved after a pause in typing.
    await page.waitForFunction(
      async (room) =>
        (await document.querySelector<ChatConnectionElement>('chat-connection')!.connection.draft(room)) ===
        'half a thought',
      {},
      ROOM,
    );
    const shown = await awayAndBack(page, () => sendAsBen('while you were away'));
    assert.deepEqual(shown, ['loaded']);
    await connected(page);
    await shows(page, 'while you were away');
    // The draft is read from IndexedDB.
    await page.waitForFunction(
      () => document.querySelector('chat-thread')!.shadowRoot!.querySelector('textarea')!.value,
      { timeout: 10_000 },
    );
    const now = await page.evaluate(() => {
      const { shadowRoot } = document.querySelector('chat-thread')!;
      const texts = [...shadowRoot!.querySelectorAll('.text')].map(({ textContent }) => textContent.trim());
      return {
        draft: shadowRoot!.querySelector('textarea')!.value,
        counts: ['mine', 'while you were away'].map((text) => texts.filter((found) => found === text).length),
        failed: shadowRoot!.querySelectorAll('[part=failure]').length,
      };
    });
    assert.deepEqual(now, { draft: 'half a thought', counts: [1, 1], failed: 0 });
    assert.deepEqual(output, []);
    await page.close();
  });

  for (const [what, path, expected] of [
    ['a page without a chat is restored', '/without', ['loaded', 'restored']],
    ['a page whose connection was closed before is restored', '/closed-before', ['loaded', 'restored']],
    ['a page that closes it in beforeunload is loaded again', '/closed-in-beforeunload', ['loaded']],
  ] as const)
    it(`the reason: ${what}`, async () => {
      const { page } = await site.open(path);
      if (path !== '/without') {
        await connected(page);
        // What opens later, such as the outbox, would hide the effect.
        await page.waitForFunction(() =>
          performance
            .getEntriesByType('resource')
            .some(({ name, startTime }) => name.includes('/chunks/deferred-') && performance.now() - startTime > 2_500),
        );
      }
      assert.deepEqual(await awayAndBack(page), expected);
      await page.close();
    });
});
