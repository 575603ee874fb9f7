/** The README as a newcomer follows it: what stands there is pasted, with this machine's addresses in the place of the examples'. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { ElementHandle, Page } from 'puppeteer-core';
import type { ChatConnectionElement } from '../../src/index.js';
import { startSite, type Site } from './site.js';

const blocks = [...readFileSync('README.md', 'utf8').matchAll(/```(html|css)\n([^`]*)```/g)].map(([, language, text]) => ({ language, text: text! }));
const paste = (text: string): string => text.replaceAll('https://your.host/', '/dist/').replaceAll('https://api.example.com', '').replaceAll('/chat-token/', '/token/1');
const only = (language: string, what: string): string => {
  const found = blocks.filter((block) => block.language === language && block.text.includes(what));
  assert.equal(found.length, 1, `README.md has ${found.length} blocks with ${what}`);
  return paste(found[0]!.text);
};
const page = (head: string, body: string): string => `<!doctype html><html lang="en"><head><title>Mine</title><link rel="icon" href="data:,">${head}</head><body>${body}</body></html>`;

describe('what the README says', () => {
  let site: Site;
  before(async () => {
    const [site_, app, design] = [only('html', 'loader.js'), only('html', 'chat.js'), only('css', '--chat-accent')];
    site = await startSite({ html: { '/site': page('', site_), '/app': page('', app), '/design': page(`<style>${design}</style>`, app) } });
  });
  after(() => site.close());

  const connected = (tab: Page): Promise<unknown> => tab.waitForFunction(() => document.querySelector<ChatConnectionElement>('chat-connection')?.connection?.state === 'connected');
  const choose = async (tab: Page): Promise<void> => {
    const room = (await tab.waitForFunction(() => [...document.querySelectorAll('*')].flatMap((element) => [element, ...(element.shadowRoot?.querySelectorAll('*') ?? [])]).find(({ localName }) => localName === 'chat-rooms')?.shadowRoot?.querySelector('[role=option]'))) as ElementHandle<HTMLElement>;
    await room.click();
  };

  it('a site: one line, a button, a chat', async () => {
    const { page: tab, said } = await site.open('/site');
    // Whichever is there: the loader's own button, or the launcher's, which takes its place when something is unread.
    await tab.waitForFunction(() => document.querySelector('chat-launcher')?.shadowRoot?.querySelector('button'));
    await tab.evaluate(() => document.querySelector('chat-launcher')!.shadowRoot!.querySelector('button')!.click());
    await connected(tab);
    await choose(tab);
    await tab.waitForFunction(() => document.querySelector('chat-launcher')!.shadowRoot!.querySelector('chat-thread')?.shadowRoot?.querySelector('li'));
    assert.deepEqual(said, []);
    await tab.close();
  });

  it('an app: elements that talk to its backend', async () => {
    const { page: tab, said } = await site.open('/app');
    await connected(tab);
    await choose(tab);
    const field = (await tab.waitForFunction(() => document.querySelector('chat-thread')?.shadowRoot?.querySelector('textarea'))) as ElementHandle<HTMLTextAreaElement>;
    await field.type('It works.\n');
    await tab.waitForFunction(() => document.querySelector('chat-thread')!.shadowRoot!.textContent.includes('It works.'));
    assert.deepEqual(said, []);
    await tab.close();
  });

  it('a designer: tokens and parts that are seen', async () => {
    const { page: tab } = await site.open('/design');
    await connected(tab);
    await choose(tab);
    await tab.waitForFunction(() => document.querySelector('chat-thread')?.shadowRoot?.querySelector('[part~=bubble-other]') && document.querySelector('chat-thread')?.shadowRoot?.querySelector('[part~=send]'));
    const look = await tab.evaluate(() => {
      const root = document.querySelector('chat-thread')!.shadowRoot!;
      const [bubble, send] = [root.querySelector('[part~=bubble-other]')!, root.querySelector('[part~=send]')!].map((element) => getComputedStyle(element)) as [CSSStyleDeclaration, CSSStyleDeclaration];
      return [bubble.borderTopWidth, bubble.borderTopLeftRadius, send.backgroundColor];
    });
    assert.deepEqual(look, ['1px', '4px', 'rgb(10, 125, 90)']);
    await tab.close();
  });
});
