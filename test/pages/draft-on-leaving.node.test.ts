/** A draft is saved after a pause in typing. If the page is left before that, its last words are saved then. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ChatConnectionElement } from '../../src/index.js';
import { findBrowsers } from '../support/browsers.mjs';
import { startSite, type Site } from './site.js';

const ROOM = 1;
const PAGE = `<!doctype html><html lang="en"><head><meta charset="utf-8"><link rel="icon" href="data:,">
  <script type="module" src="/dist/chat.js"></script></head><body><chat-connection token-url="/token/1">
  <chat-thread room="${ROOM}" style="height: 400px"></chat-thread></chat-connection></body></html>`;

for (const engine of ['chromium', 'firefox'] as const)
  describe(`leaving the page in ${engine}`, { skip: findBrowsers()[engine] ? false : `no ${engine}` }, () => {
    let site: Site;
    before(async () => {
      site = await startSite({ html: { '/chat': PAGE } }, { engine });
    });
    after(() => site.close());

    it('keeps the last words of a draft', async () => {
      const { page, output } = await site.open('/chat');
      await page.waitForFunction(
        () => document.querySelector<ChatConnectionElement>('chat-connection')?.connection?.state === 'connected',
      );
      await page.evaluate(async (room) => {
        const { connection } = document.querySelector<ChatConnectionElement>('chat-connection')!;
        connection.saveDraft(room, 'half a thought');
        while ((await connection.draft(room)) === '') await new Promise((resolve) => setTimeout(resolve, 50));
      }, ROOM);
      await page.evaluate((room) => {
        const { connection } = document.querySelector<ChatConnectionElement>('chat-connection')!;
        connection.saveDraft(room, 'half a thought, and more');
        location.reload();
      }, ROOM);
      const draft = await page.waitForFunction(
        () => document.querySelector('chat-thread')?.shadowRoot?.querySelector('textarea')?.value,
        { timeout: 10_000 },
      );
      assert.equal(await draft.jsonValue(), 'half a thought, and more');
      assert.deepEqual(output, []);
      await page.close();
    });
  });
