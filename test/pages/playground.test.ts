/** The playground is files and nothing else: every state of the chat without a backend. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ElementHandle, Page } from 'puppeteer-core';
import { startStaticSite, type StaticSite } from './static-site.js';

const STATES = ['connected', 'idle', 'connecting', 'reconnecting', 'polling', 'offline', 'unauthorized', 'error'];

describe('the playground', () => {
  let site: StaticSite;
  let page: Page;
  before(async () => {
    site = await startStaticSite();
    ({ page } = site);
  });
  after(() => site.close());

  const open = async (hash: string): Promise<void> => {
    await page.goto('about:blank');
    await page.goto(`${site.url}/playground/#${hash}`);
  };
  const isState = (state: string): Promise<unknown> => page.waitForFunction((wanted) => document.querySelector('chat-status')?.getAttribute('state') === wanted, {}, state);

  for (const state of STATES) {
    it(`can be put into '${state}', by its address`, async () => {
      await open(`state=${state}`);
      await isState(state);
    });
  }

  it('goes from any state to another', async () => {
    for (const state of ['error', 'polling', 'unauthorized', 'connected', 'offline', 'connected']) {
      await page.select('[name=state]', state);
      await isState(state);
    }
    assert.match(page.url(), /state=connected/);
  });

  it('talks: Ben answers', async () => {
    await open('state=connected&content=everything');
    await page.waitForFunction(() => (document.querySelector('chat-thread')?.shadowRoot?.querySelectorAll('li').length ?? 0) > 8);
    const count = (): Promise<number> => page.evaluate(() => document.querySelector('chat-thread')!.shadowRoot!.querySelectorAll('.other').length);
    const before = await count();
    const field = (await page.evaluateHandle(() => document.querySelector('chat-thread')!.shadowRoot!.querySelector('textarea')!)) as ElementHandle<HTMLTextAreaElement>;
    await field.type('Are you there?\n');
    await page.waitForFunction((known) => document.querySelector('chat-thread')!.shadowRoot!.querySelectorAll('.other').length > known, {}, before);
  });

  it('shows refusals, ten thousand messages, and nothing at all', async () => {
    await open('state=connected&content=refused');
    await page.waitForFunction(() => document.querySelector('chat-thread')?.shadowRoot?.querySelector('li'));
    const field = (await page.evaluateHandle(() => document.querySelector('chat-thread')!.shadowRoot!.querySelector('textarea')!)) as ElementHandle<HTMLTextAreaElement>;
    await field.type('No\n');
    await page.waitForFunction(() => document.querySelector('chat-thread')!.shadowRoot!.querySelector('[part=failure]')?.textContent.includes('This room is closed.'));
    await page.select('[name=content]', 'many');
    await page.waitForFunction(() => document.querySelector('chat-thread')?.shadowRoot?.textContent.includes('Then I will come by at nine.'));
    await page.select('[name=content]', 'nothing');
    await page.waitForFunction(() => document.querySelector('chat-rooms')?.shadowRoot?.querySelector('[part=note]')?.textContent.includes('No conversations yet'));
  });

  it('asks nobody but the place where its files are', () => {
    assert.deepEqual([...site.asked], [new URL(site.url).host]);
  });
});
