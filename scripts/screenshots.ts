/** `npm run pictures`: takes the screenshots for the documentation from the demo. Needs a build and Chromium. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import puppeteer, { type Page } from 'puppeteer-core';
import { startSite } from '../test/pages/site.js';
import { findBrowsers } from '../test/support/browsers.mjs';
import { recordGif } from './record-gif.js';

const FOLDER = new URL('../docs/pictures/', import.meta.url).pathname;
const executablePath = process.env.CHROME_PATH ?? (findBrowsers() as { chromium?: string }).chromium;
if (!executablePath) throw new Error('Chrome, Chromium or Edge not found. Set CHROME_PATH.');

const data = await mkdtemp(join(tmpdir(), 'unified-chat-'));
const demo = spawn(process.execPath, ['--import', 'tsx', 'demo/main.ts', '--data', data, '--port', '0'], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
let url = '';
for await (const line of createInterface(demo.stdout)) {
  url = /http:\/\/localhost:\d+/.exec(line)?.[0] ?? '';
  if (url) break;
}

const browser = await puppeteer.launch({
  executablePath,
  args: ['--no-sandbox', '--disable-background-networking', '--force-color-profile=srgb'],
});
const page = await browser.newPage();

async function open(width: number, height: number): Promise<void> {
  await page.setViewport({ width, height, deviceScaleFactor: 2 });
  await page.goto(`${url}/faults.html`);
  await page.waitForFunction(
    () =>
      [...document.querySelectorAll('chat-thread')].filter((thread) => thread.shadowRoot?.querySelector('li'))
        .length === 2,
  );
}

const choose = (name: string, value: string): Promise<unknown> => page.select(`#${name}`, value);

async function write(who: string, text: string, on: Page = page): Promise<void> {
  const field = await on.evaluateHandle(
    (id) => document.querySelector(`#${id} chat-thread`)!.shadowRoot!.querySelector('textarea')!,
    who,
  );
  await field.type(text);
}

async function picture(name: string, selector?: string): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 400)); // until CSS transitions have ended
  const target = selector ? await page.$(selector) : page;
  await target!.screenshot({ path: join(FOLDER, `${name}.png`) });
  console.log(`docs/pictures/${name}.png`);
}

await mkdir(FOLDER, { recursive: true });
await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]);
await page.setViewport({ width: 1280, height: 800, deviceScaleFactor: 1.5 });
await page.goto(url);
await page.waitForFunction(
  () =>
    document.querySelector('chat-connection')?.connection?.state === 'connected' &&
    document.querySelector('chat-thread')!.shadowRoot?.querySelector('li'),
);
await picture('marketplace');
await open(1280, 760);
await choose('theme', 'light');
await write('ben', 'On my way!');
await picture('light');
await choose('theme', 'dark');
await picture('dark');
await choose('theme', 'light');
await choose('lang', 'de');
await choose('dir', 'rtl');
await picture('right-to-left', '#ana .window');
await choose('lang', 'en');
await choose('dir', 'ltr');
await page.click('#ana [data-fault=socket][value=strip]');
await page.waitForFunction(() => document.querySelector('#ana chat-status')!.getAttribute('state') === 'polling');
await write('ana', 'Does this still arrive?\n');
await picture('trouble', '#ana .window');
await open(390, 780);
await choose('theme', 'light');
await picture('narrow', '#ana .window');

// The animation: two users, and a network that fails and recovers.
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
/** Clicks from inside the page: Puppeteer's click would scroll the panel into view, and the recording with it. */
const press = (selector: string): Promise<void> => page.$eval(selector, (control) => (control as HTMLElement).click());
const fault = (name: string, value: string): Promise<void> => press(`#ana [data-fault=${name}][value=${value}]`);
const type = async (who: string, text: string): Promise<void> => {
  const field = await page.evaluateHandle(
    (id) => document.querySelector(`#${id} chat-thread`)!.shadowRoot!.querySelector('textarea')!,
    who,
  );
  await field.type(text, { delay: 45 });
};
await page.setViewport({ width: 1140, height: 900 });
await page.goto(`${url}/faults.html`);
await page.waitForFunction(() =>
  [...document.querySelectorAll('chat-connection')].every(({ connection }) => connection?.state === 'connected'),
);
await choose('theme', 'light');
// Delete drafts left over from the other screenshots.
await page.evaluate(() =>
  Promise.all([...document.querySelectorAll('chat-connection')].map(({ connection }) => connection.clearLocalData())),
);
await page.reload();
await page.waitForFunction(() =>
  [...document.querySelectorAll('chat-connection')].every(({ connection }) => connection?.state === 'connected'),
);
const rectOf = (selector: string): Promise<DOMRect> =>
  page.$eval(selector, (element) => element.getBoundingClientRect().toJSON() as DOMRect);
const [{ left, top }, { right }, { bottom }] = await Promise.all([
  rectOf('#ana'),
  rectOf('#ben'),
  rectOf('#ana .window'),
]);
await recordGif(
  page,
  { x: left - 8, y: top - 8, width: right - left + 16, height: bottom - top + 20 },
  join(FOLDER, 'moving.gif'),
  2_500,
  async () => {
    await pause(1_000);
    await type('ben', 'Is the ladder still free on Friday?\n');
    await pause(1_000);
    await fault('socket', 'refuse');
    await fault('rest', 'refuse');
    await press('#ana [data-do=cut]');
    await page.waitForFunction(() => document.querySelector('#ana chat-status')!.getAttribute('state') === 'error');
    await pause(1_200);
    await type('ana', 'Yes! Come by at six.\n');
    await pause(1_800);
    await fault('rest', 'refuse');
    await fault('socket', 'refuse');
    await page.waitForFunction(
      () => document.querySelector('#ana chat-status')!.getAttribute('state') === 'connected',
      { timeout: 60_000 },
    );
    await pause(1_500);
  },
);

// The theming recipes, from docs/THEMING.md.
const themes = readFileSync(new URL('../docs/THEMING.md', import.meta.url), 'utf8');
const site = await startSite({
  html: {
    '/theme': `<!doctype html><html lang="en"><head><meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/examples/example.css"><style>body { padding: 0; margin: 0; max-width: none } .chat { block-size: 400px; grid-template-rows: auto minmax(0, 1fr); border-radius: 0 }</style><style id="recipe"></style><script type="module" src="/dist/chat.js"></script></head>
<body><chat-connection token-url="/demo/token/ana"><div class="chat"><chat-status always></chat-status><chat-rooms selected="1"></chat-rooms><chat-thread></chat-thread></div></chat-connection></body></html>`,
  },
  folders: { '/examples': 'demo/examples' },
});
const { page: theme } = await site.open('/theme', { width: 760, height: 400 });
await theme.setViewport({ width: 760, height: 400, deviceScaleFactor: 1.5 });
await theme.waitForFunction(
  () =>
    document.querySelector('chat-thread')?.shadowRoot?.querySelector('li') &&
    document.querySelector('chat-rooms')?.shadowRoot?.querySelector('[role=option]'),
);
for (const [, name, language, text] of themes.matchAll(
  /!\[\w+\]\(pictures\/theme-(\w+)\.png\)\s+```(css|html)\n([^`]+)```/g,
)) {
  await theme.$eval('#recipe', (style, css) => (style.textContent = css), language === 'css' ? text! : '');
  // Slotted content goes into the existing elements.
  if (language === 'html') {
    await theme.evaluate((html) => {
      const pasted = new DOMParser().parseFromString(html, 'text/html');
      document.head.append(...pasted.head.childNodes);
      for (const element of pasted.body.children)
        document.querySelector(element.localName)!.append(...element.childNodes);
    }, text!);
  }
  await new Promise((resolve) => setTimeout(resolve, 300));
  await theme.screenshot({ path: join(FOLDER, `theme-${name}.png`) });
  console.log(`docs/pictures/theme-${name}.png`);
}
await site.close();

await browser.close();
demo.kill('SIGTERM');
await new Promise((resolve) => demo.once('exit', resolve));
await rm(data, { recursive: true, force: true });
