/**
 * Browsers that block storage, by preference or sandbox: everything works in memory, and a problem is reported. Firefox
 * without cookies used to stay at 'Connecting', because `new BroadcastChannel` throws there.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Frame } from 'puppeteer-core';
import type { ChatConnectionElement, ChatThreadElement } from '../../src/index.js';
import { findBrowsers } from '../support/browsers.mjs';
import { startSite, type Site } from './site.js';

const chat = (
  base: string,
  token: string,
): string => `<!doctype html><html lang="en"><head><title>Chat</title><link rel="icon" href="data:,">
  <script type="module" src="${base}/dist/chat.js"></script></head><body>
  <chat-connection url="${base}" token="${token}"><chat-status></chat-status><chat-rooms></chat-rooms><chat-thread room="1"></chat-thread></chat-connection>
  <chat-launcher></chat-launcher></body></html>`;

/** APIs that throw, one by one as in real browsers, and all together. */
const REFUSED: Record<string, string> = {
  BroadcastChannel: `window.BroadcastChannel = class { constructor() { throw new DOMException('', 'SecurityError'); } };`,
  'navigator.locks, rejecting': `Object.defineProperty(navigator, 'locks', { value: { request: () => Promise.reject(new DOMException('', 'SecurityError')) } });`,
  'navigator.locks, throwing': `Object.defineProperty(navigator, 'locks', { value: { request: () => { throw new DOMException('', 'SecurityError'); } } });`,
  'navigator.locks, unreadable': `Object.defineProperty(navigator, 'locks', { get() { throw new DOMException('', 'SecurityError'); } });`,
  indexedDB: `Object.defineProperty(window, 'indexedDB', { get() { throw new DOMException('', 'SecurityError'); } });`,
  sessionStorage: `Object.defineProperty(window, 'sessionStorage', { get() { throw new DOMException('', 'SecurityError'); } });
    Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('', 'SecurityError'); } });`,
};
REFUSED['all of them'] = Object.entries(REFUSED)
  .filter(([name]) => !name.startsWith('navigator.locks') || name.endsWith('throwing'))
  .map(([, script]) => script)
  .join('\n');

const addressOf = (name: string): string => `/${name.replace(/\W+/g, '-')}.html`;

/** Asserts: connected, a message is sent, stored and shown, no console output. */
async function isAChat(frame: Frame, words: string): Promise<void> {
  await frame.waitForFunction(
    () => document.querySelector<ChatConnectionElement>('chat-connection')?.connection?.state === 'connected',
    { timeout: 20_000 },
  );
  const delivery = await frame.evaluate(async (text) => {
    const { connection } = document.querySelector<ChatConnectionElement>('chat-connection')!;
    return (await connection.sendChatMessage(1, text)).message.delivery;
  }, words);
  assert.equal(delivery, 'sent');
  await frame.waitForFunction(
    (text) => document.querySelector<ChatThreadElement>('chat-thread')?.shadowRoot?.textContent?.includes(text),
    {},
    words,
  );
}

describe('10.3: blocked storage', () => {
  const html: Record<string, string> = {};
  let site: Site;
  let token: string;
  before(async () => {
    site = await startSite({ html }, { allowedOrigins: ['null'] });
    token = await site.server.signToken(1);
    html['/chat.html'] = chat(site.url, token);
    html['/sandbox.html'] =
      `<!doctype html><html lang="en"><head><title>Host</title><link rel="icon" href="data:,"></head><body><iframe sandbox="allow-scripts" src="/chat.html"></iframe></body></html>`;
    for (const [name, script] of Object.entries(REFUSED)) {
      html[addressOf(name)] = chat(site.url, token).replace('<head>', `<head><script>${script}</script>`);
    }
  });
  after(() => site.close());

  for (const name of Object.keys(REFUSED)) {
    it(`without ${name}, the chat works`, async () => {
      const { page, output } = await site.open(addressOf(name));
      await isAChat(page.mainFrame(), `without ${name}`);
      assert.deepEqual(output, []);
      await page.close();
    });
  }

  it('in a sandboxed iframe with an opaque origin', async () => {
    const { page } = await site.open('/sandbox.html');
    const frame = await page.waitForFrame((each) => each.url().endsWith('/chat.html'));
    await isAChat(frame, 'in a sandbox');
    assert.equal(
      await frame.evaluate(
        () => document.querySelector<ChatConnectionElement>('chat-connection')!.connection.data.durable,
      ),
      false,
    );
    await page.close();
  });
});

describe('10.3: Firefox', { skip: findBrowsers().firefox ? false : 'no Firefox' }, () => {
  for (const [what, preferences] of [
    ['with cookies blocked', { 'network.cookie.cookieBehavior': 2 }],
    ['in private windows only', { 'browser.privatebrowsing.autostart': true }],
  ] as const) {
    it(`${what}: connects, and stores a message`, async () => {
      const html: Record<string, string> = {};
      const site = await startSite({ html }, { engine: 'firefox', preferences });
      try {
        html['/chat.html'] = chat(site.url, await site.server.signToken(1));
        const { page } = await site.open('/chat.html');
        await isAChat(page.mainFrame(), `Firefox ${what}`);
        await page.close();
      } finally {
        await site.close();
      }
    });
  }
});
