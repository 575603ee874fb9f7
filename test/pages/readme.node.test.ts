/** Follows the README in a fresh clone: runs its command, and pastes its snippets. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import puppeteer, { type Browser, type ElementHandle, type Page } from 'puppeteer-core';
import type { ChatConnectionElement } from '../../src/index.js';
import { findBrowsers } from '../support/browsers.mjs';
import { readmeBlock } from '../support/readme-block.js';

const LIMIT_MS = 5 * 60_000;

describe('the README in a fresh clone', () => {
  const begun = Date.now();
  const clone = mkdtempSync(join(tmpdir(), 'unified-chat-newcomer-'));
  let started: ChildProcess;
  let browser: Browser;
  let url = '';
  let output = '';

  before(async () => {
    for (const file of execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      encoding: 'utf8',
    })
      .split('\0')
      .filter(Boolean)) {
      cpSync(file, join(clone, file), { recursive: true });
    }
    const [command, ...args] = readmeBlock('sh', 'npm start')
      .split('\n')
      .find((line) => line.startsWith('npm start'))!
      .split('#')[0]!
      .trim()
      .split(' ');
    // Uses npm's cache and any free port.
    const env = { ...process.env, PORT: '0', npm_config_prefer_offline: 'true', NODE_TEST_CONTEXT: undefined };
    started = spawn(command!, args, { cwd: clone, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    url = await new Promise((resolve, reject) => {
      for (const stream of [started.stdout!, started.stderr!]) {
        stream.setEncoding('utf8').on('data', (data: string) => {
          output += data;
          const [address] = /http:\/\/localhost:\d+/.exec(output) ?? [];
          if (address) resolve(address);
        });
      }
      started.on('exit', () => reject(new Error(output)));
    });
    browser = await puppeteer.launch({
      executablePath: (findBrowsers() as { chromium: string }).chromium,
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    });
  });
  after(async () => {
    await browser?.close();
    // The whole process group: npm and its children.
    if (started?.pid) process.kill(-started.pid, 'SIGTERM');
    await new Promise((resolve) => (started.exitCode === null ? started.on('exit', resolve) : resolve(undefined)));
    rmSync(clone, { recursive: true, force: true, maxRetries: 5 });
  });

  async function open(path: string): Promise<{ tab: Page; console: string[] }> {
    const tab = await browser.newPage();
    await tab.setViewport({ width: 1000, height: 700 });
    const lines: string[] = [];
    // Ignores the browser's request for a favicon.
    tab.on(
      'console',
      (message) =>
        message.location().url?.endsWith('/favicon.ico') || lines.push(`${message.text()} ${message.location().url}`),
    );
    tab.on('pageerror', (error) => lines.push(String(error)));
    await tab.goto(url + path);
    return { tab, console: lines };
  }
  /** Into demo/site/ while it runs, as the README says. */
  const paste = (name: string, text: string): void => {
    const path = join(clone, 'demo/site', name);
    assert.equal(dirname(path), join(clone, 'demo/site'));
    writeFileSync(path, text);
  };
  const connected = (tab: Page): Promise<unknown> =>
    tab.waitForFunction(
      () => document.querySelector<ChatConnectionElement>('chat-connection')?.connection?.state === 'connected',
    );
  const choose = async (tab: Page): Promise<void> => {
    const room = (await tab.waitForFunction(() =>
      [...document.querySelectorAll('*')]
        .flatMap((element) => [element, ...(element.shadowRoot?.querySelectorAll('*') ?? [])])
        .find(({ localName }) => localName === 'chat-rooms')
        ?.shadowRoot?.querySelector('[role=option]'),
    )) as ElementHandle<HTMLElement>;
    await room.click();
  };

  it('npm start: a marketplace, with two users in two windows', async () => {
    const ana = await open('/');
    await connected(ana.tab);
    const ben = await open('/?user=ben');
    await connected(ben.tab);
    const field = (await ben.tab.waitForFunction(() =>
      document.querySelector('chat-thread')?.shadowRoot?.querySelector('textarea'),
    )) as ElementHandle<HTMLTextAreaElement>;
    await field.type('Is Thursday still fine?\n');
    // Background tabs are not rendered.
    await ana.tab.bringToFront();
    await ana.tab.waitForFunction(() =>
      document.querySelector('chat-thread')?.shadowRoot?.textContent.includes('Is Thursday still fine?'),
    );
    assert.deepEqual([...ana.console, ...ben.console], []);
    await Promise.all([ana.tab.close(), ben.tab.close()]);
  });

  it('npm start, then the fault page: two users talk', async () => {
    const { tab, console } = await open('/');
    await Promise.all([tab.waitForNavigation(), tab.click('.actions a[href="faults.html"]')]);
    await tab.waitForFunction(
      () =>
        document.querySelectorAll('chat-connection').length === 2 &&
        [...document.querySelectorAll<ChatConnectionElement>('chat-connection')].every(
          (element) => element.connection?.state === 'connected',
        ),
    );
    await tab.waitForFunction(() =>
      [...document.querySelectorAll('chat-thread')].every((element) => element.shadowRoot!.querySelector('textarea')),
    );
    const [field] = (await tab
      .evaluateHandle(() => document.querySelector('chat-thread')!.shadowRoot!.querySelector('textarea')!)
      .then((handle) => [handle])) as [ElementHandle<HTMLTextAreaElement>];
    await field.type('It works.\n');
    await tab.waitForFunction(() =>
      [...document.querySelectorAll('chat-thread')].every((element) =>
        element.shadowRoot!.textContent.includes('It works.'),
      ),
    );
    assert.deepEqual(console, []);
    await tab.close();
  });

  it('a site: one script tag adds the chat button', async () => {
    paste('mine.html', readmeBlock('html', 'loader.js'));
    const { tab, console } = await open('/mine.html');
    // Either the loader's button, or the launcher's, which replaces it if something is unread.
    await tab.waitForFunction(() => document.querySelector('chat-launcher')?.shadowRoot?.querySelector('button'));
    await tab.evaluate(() => document.querySelector('chat-launcher')!.shadowRoot!.querySelector('button')!.click());
    await connected(tab);
    await choose(tab);
    await tab.waitForFunction(() =>
      document
        .querySelector('chat-launcher')!
        .shadowRoot!.querySelector('chat-thread')
        ?.shadowRoot?.querySelector('li'),
    );
    assert.deepEqual(console, []);
    await tab.close();
  });

  it('an app: elements with its own backend', async () => {
    paste('mine.html', readmeBlock('html', 'chat.js'));
    const { tab, console } = await open('/mine.html');
    await connected(tab);
    await choose(tab);
    const field = (await tab.waitForFunction(() =>
      document.querySelector('chat-thread')?.shadowRoot?.querySelector('textarea'),
    )) as ElementHandle<HTMLTextAreaElement>;
    await field.type('And here.\n');
    await tab.waitForFunction(() =>
      document.querySelector('chat-thread')!.shadowRoot!.textContent.includes('And here.'),
    );
    // The stylesheet that does not exist yet.
    assert.deepEqual(
      console.filter((line) => !line.endsWith('/mine.css')),
      [],
    );
    await tab.close();
  });

  it('a designer: tokens and parts beside the app’s styles, and the studio', async () => {
    paste('mine.css', readmeBlock('css', '--chat-accent'));
    const { tab, console } = await open('/mine.html');
    await connected(tab);
    await choose(tab);
    await tab.waitForFunction(
      () =>
        document.querySelector('chat-thread')?.shadowRoot?.querySelector('[part~=bubble-other]') &&
        document.querySelector('chat-thread')?.shadowRoot?.querySelector('[part~=send]'),
    );
    const look = await tab.evaluate(() => {
      const root = document.querySelector('chat-thread')!.shadowRoot!;
      const [bubble, send] = [root.querySelector('[part~=bubble-other]')!, root.querySelector('[part~=send]')!].map(
        (element) => getComputedStyle(element),
      ) as [CSSStyleDeclaration, CSSStyleDeclaration];
      const [rooms, thread] = ['chat-rooms', 'chat-thread'].map((tag) =>
        document.querySelector(tag)!.getBoundingClientRect(),
      ) as [DOMRect, DOMRect];
      return [
        bubble.borderTopWidth,
        bubble.borderTopLeftRadius,
        send.backgroundColor,
        rooms.right <= thread.left,
        Math.round(thread.bottom) === innerHeight,
      ];
    });
    assert.deepEqual(look, ['1px', '4px', 'rgb(8, 112, 79)', true, true]);
    assert.deepEqual(console, []);
    // The framework pages are built after the first page is available.
    await tab.waitForFunction(
      async (address) => (await fetch(address)).ok,
      { polling: 500, timeout: 120_000 },
      '/dist/site/studio/index.html',
    );
    await tab.goto(`${url}/studio`);
    await tab.waitForFunction(
      () => document.querySelectorAll('chat-thread').length > 0 && customElements.get('chat-thread'),
    );
    await tab.close();
  });

  it('every page linked from the start page exists', async () => {
    const { tab } = await open('/');
    const addresses = await tab.$$eval('a[href]', (links) => [
      ...new Set(links.map((link) => (link as HTMLAnchorElement).href.split('#')[0]!)),
    ]);
    assert.ok(
      addresses.some((address) => address.endsWith('/dist/examples/angular/')),
      String(addresses),
    );
    for (const address of addresses)
      await tab.waitForFunction(
        async (wanted) => (await fetch(wanted)).ok,
        { polling: 500, timeout: 120_000 },
        address,
      );
    await tab.close();
  });

  it('takes less than five minutes, including installation', () => {
    assert.match(output, /installing packages \(not installed yet\)/);
    const took = Date.now() - begun;
    assert.ok(took < LIMIT_MS, `${Math.round(took / 1_000)} s`);
    console.log(`    from fresh clone to finish: ${Math.round(took / 1_000)} s`);
  });
});
