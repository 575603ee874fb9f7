/**
 * Long tasks while the chat loads, with CPU throttling by a factor of four.
 *
 * The limit holds on a CPU that evaluates the control script in `CONTROL_MS` under the same throttling; on a slower or
 * busy machine it grows in proportion. Evaluating new code takes most of a load, so the control consists of it too.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startSite, type Site } from './site.js';

const SCRIPT = '<script type="module" src="/dist/chat.js"></script>';
/** 1,500 small functions, each called once. */
function controlScript(): string {
  const control = (index: number): string =>
    `function control${index}(a,b){const c={x${index}:a,y:b,z:[a,b,${index}]};return c.z.map((d)=>d+${index}).join('-')+c.x${index}}control${index}(${index},2);`;
  return Array.from({ length: 1500 }, (_, index) => control(index)).join('');
}

const PAGES = {
  '/nothing': '',
  '/loader': '<script async src="/dist/loader.js" data-token-url="/token/1"></script>',
  '/control': `<script>setTimeout(() => {${controlScript()}}, 50)</script>`,
  '/launcher': `<chat-connection token-url="/token/1"><chat-launcher></chat-launcher></chat-connection>${SCRIPT}`,
};
const markup = (body: string): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page</title></head><body><h1>A page</h1>${body}</body></html>`;

const LIMIT_MS = 50;
/** The control script's longest task on the reference CPU, in ms. */
const CONTROL_MS = 200;
const TRIES = 8;

describe('long tasks', () => {
  let site: Site;
  before(async () => {
    site = await startSite({
      html: Object.fromEntries(Object.entries(PAGES).map(([path, body]) => [path, markup(body)])),
    });
  });
  after(() => site.close());

  /** The longest task until page and chat are complete, in ms. */
  async function longest(path: string): Promise<number> {
    const { page } = await site.open('/nothing');
    if (path === '/loader') {
      // Nothing unread, because unread messages would load the chat.
      await page.setRequestInterception(true);
      page.on(
        'request',
        (request) =>
          void (request.url().endsWith('/rooms/')
            ? request.respond({ contentType: 'application/json', body: '[]' })
            : request.continue()),
      );
    }
    await page.emulateCPUThrottling(4);
    await page.evaluateOnNewDocument(() => {
      const tasks: number[] = ((globalThis as unknown as { tasks: number[] }).tasks = []);
      new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({
        type: 'longtask',
        buffered: true,
      });
    });
    await page.goto(site.url + path, { waitUntil: 'networkidle0' });
    if (path === '/launcher')
      await page.waitForFunction(() =>
        document.querySelector('chat-launcher')!.shadowRoot?.querySelector('[part=badge]'),
      );
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 700)));
    const tasks = await page.evaluate(() => (globalThis as unknown as { tasks: number[] }).tasks);
    await page.close();
    return Math.max(0, ...tasks);
  }

  for (const path of Object.keys(PAGES).filter((path) => path !== '/control')) {
    it(`none of 50 ms: ${path}`, async () => {
      // Repeated: a task of the page itself is long each time, one caused by other processes is not.
      const measured: { task: number; limit: number }[] = [];
      const isMet = (): boolean => measured.some(({ task, limit }) => task < limit);
      while (measured.length < TRIES && !isMet()) {
        const task = await longest(path);
        const limit = task < LIMIT_MS ? LIMIT_MS : LIMIT_MS * Math.max(1, (await longest('/control')) / CONTROL_MS);
        measured.push({ task, limit });
      }
      assert.ok(
        isMet(),
        `${path}: ${measured.map(({ task, limit }) => `${task} ms, limit ${Math.round(limit)} ms`).join('; ')}`,
      );
    });
  }
});
