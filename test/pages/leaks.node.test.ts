/**
 * A page that mounts and removes the chat fifty times leaks nothing. Counts objects in Chromium after a forced
 * collection.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { CDPSession } from 'puppeteer-core';
import { startSite, type Site } from './site.js';

const TIMES = 50;
/** Mounts everything, waits until a room is shown, and removes it. */
const MOUNT = `
  async function mountAndRemove(shares) {
    const main = document.querySelector('main');
    main.innerHTML = '<chat-connection token-url="/token/1"' + (shares ? '' : ' share="false"') + '>' +
      '<chat-status always></chat-status><chat-rooms></chat-rooms><chat-thread></chat-thread><chat-launcher open></chat-launcher></chat-connection>';
    await customElements.whenDefined('chat-thread');
    const { connection } = document.querySelector('chat-connection');
    window.chatConnectionPrototype = Object.getPrototypeOf(connection);
    const until = async (isSo) => {
      while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    await until(() => connection.state === 'connected' && connection.rooms.length > 0);
    connection.selectRoom(connection.rooms[0].id);
    await until(() => document.querySelector('chat-thread').shadowRoot.querySelectorAll('li').length > 0);
    main.replaceChildren();
    await until(() => connection.state === 'idle');
  }`;
const HTML = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>leaks</title><link rel="icon" href="data:,">
  <script>${MOUNT}</script><script type="module" src="/dist/chat.js"></script></head><body><main></main></body></html>`;
/** One instance may still be referenced by the last event or promise. */
const SPARE = 2;

async function instances(cdp: CDPSession): Promise<Record<string, number>> {
  // Lets pending timers expire.
  await new Promise((resolve) => setTimeout(resolve, 500));
  for (let n = 0; n < 3; n++) await cdp.send('HeapProfiler.collectGarbage');
  const count = async (expression: string): Promise<number> => {
    const { result } = await cdp.send('Runtime.evaluate', { expression, objectGroup: 'leaks' });
    const { objects } = await cdp.send('Runtime.queryObjects', {
      prototypeObjectId: result.objectId!,
      objectGroup: 'leaks',
    });
    const { result: length } = await cdp.send('Runtime.callFunctionOn', {
      objectId: objects.objectId!,
      functionDeclaration: 'function () { return this.length; }',
      returnByValue: true,
    });
    await cdp.send('Runtime.releaseObjectGroup', { objectGroup: 'leaks' });
    return length.value as number;
  };
  const counts: Record<string, number> = { ChatConnection: await count('window.chatConnectionPrototype') };
  for (const tag of ['chat-connection', 'chat-thread', 'chat-rooms', 'chat-status', 'chat-launcher'])
    counts[tag] = await count(`customElements.get('${tag}').prototype`);
  for (const name of ['IDBDatabase', 'BroadcastChannel', 'ResizeObserver', 'WebSocket'])
    counts[name] = await count(`${name}.prototype`);
  return counts;
}

describe('10.21: fifty mounts and removals', () => {
  let site: Site;
  before(async () => void (site = await startSite({ html: { '/': HTML } })));
  after(() => site.close());

  for (const share of [true, false]) {
    it(share ? 'leave nothing in memory' : 'leave nothing in memory, without sharing between tabs', async () => {
      const { page } = await site.open('/');
      const cdp = await page.createCDPSession();
      for (let n = 0; n < TIMES; n++) await page.evaluate(`mountAndRemove(${share})`);
      const left = await instances(cdp);
      const many = Object.entries(left).filter(([, count]) => count > SPARE);
      assert.deepEqual(many, [], JSON.stringify(left));
      await page.close();
    });
  }
});
