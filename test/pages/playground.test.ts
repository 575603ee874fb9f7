/** The playground is files and nothing else: every state of the chat without a backend. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { getRequestListener } from '@hono/node-server';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';
import puppeteer, { type Browser, type ElementHandle, type Page } from 'puppeteer-core';
import { findBrowsers } from '../support/browsers.mjs';

const STATES = ['connected', 'idle', 'connecting', 'reconnecting', 'polling', 'offline', 'unauthorized', 'error'];

describe('the playground', () => {
  let server: Server;
  let browser: Browser;
  let page: Page;
  let url: string;
  const asked = new Set<string>();
  before(async () => {
    const files = new Hono().use('*', serveStatic({ root: 'dist/demo/examples' }));
    server = createServer(getRequestListener(files.fetch)).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/playground/`;
    browser = await puppeteer.launch({ executablePath: (findBrowsers() as { chromium: string }).chromium, args: ['--no-sandbox', '--disable-background-networking'] });
    page = await browser.newPage();
    page.on('response', (response) => {
      // What the service worker answers asks nobody.
      if (!response.fromServiceWorker()) asked.add(new URL(response.url()).host);
    });
  });
  after(async () => {
    await browser.close();
    server.close();
  });

  const open = async (hash: string): Promise<void> => {
    await page.goto('about:blank');
    await page.goto(`${url}#${hash}`);
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
    assert.deepEqual([...asked], [new URL(url).host]);
  });
});
