/**
 * Long tasks while the chat loads, with CPU throttling by a factor of four; and with 10,000 rooms, without throttling.
 *
 * The limit holds on a CPU that evaluates the control script in `CONTROL_MS` with throttling; on a slower or
 * busy machine it grows in proportion. Evaluating new code takes most of a load, so the control consists of it too.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { HTTPRequest, Page } from 'puppeteer-core';
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
  '/rooms': `<chat-connection token-url="/token/1"><chat-rooms style="height: 600px"></chat-rooms></chat-connection>${SCRIPT}`,
};
const ROOM_COUNT = 10_000;
const ROOMS_PER_PAGE = 200;
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

  /** Opens a page, and waits until it and the chat are complete. */
  async function open(path: string, rooms?: (request: HTTPRequest) => object): Promise<Page> {
    const { page } = await site.open('/nothing');
    if (rooms) {
      await page.setRequestInterception(true);
      page.on(
        'request',
        (request) =>
          void (new URL(request.url()).pathname.endsWith('/rooms/')
            ? request.respond({ contentType: 'application/json', body: JSON.stringify(rooms(request)) })
            : request.continue()),
      );
    }
    if (path !== '/rooms') await page.emulateCPUThrottling(4);
    await page.evaluateOnNewDocument(() => {
      const tasks: number[] = ((globalThis as unknown as { tasks: number[] }).tasks = []);
      new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({
        type: 'longtask',
        buffered: true,
      });
    });
    await page.goto(site.url + path, { waitUntil: 'networkidle0' });
    return page;
  }

  /** The longest task of a page until it is closed, in ms. */
  async function close(page: Page): Promise<number> {
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 700)));
    const tasks = await page.evaluate(() => (globalThis as unknown as { tasks: number[] }).tasks);
    await page.close();
    return Math.max(0, ...tasks);
  }

  /** The longest task until page and chat are complete, in ms. */
  async function longest(path: string): Promise<number> {
    if (path === '/rooms') return longestWithRooms();
    // The loader loads the chat if there are unread messages.
    const page = await open(path, path === '/loader' ? () => [] : undefined);
    if (path === '/launcher')
      await page.waitForFunction(() =>
        document.querySelector('chat-launcher')!.shadowRoot?.querySelector('[part=badge]'),
      );
    return close(page);
  }

  /** The longest task while 10,000 rooms are loaded, and while messages arrive, in ms. */
  async function longestWithRooms(): Promise<number> {
    const page = await open('/rooms', roomsPage);
    await page.waitForFunction(
      (count) => {
        const list = document.querySelector('chat-rooms')?.shadowRoot?.querySelector('.list');
        return list && list.scrollHeight > count * 40;
      },
      {},
      ROOM_COUNT,
    );
    const token = await site.server.signToken(2);
    for (const content of ['one', 'two', 'three', 'four', 'five']) {
      await fetch(`${site.url}/api/chat/rooms/1/send_message/`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ room: 1, content }),
      });
      await page.waitForFunction(
        (text) =>
          document.querySelector('chat-rooms')!.shadowRoot!.querySelector('[part=preview]')!.textContent.includes(text),
        {},
        content,
      );
    }
    return close(page);
  }

  for (const path of Object.keys(PAGES).filter((path) => path !== '/control')) {
    it(`${path === '/rooms' ? '12.15: ' : ''}none of 50 ms: ${path}`, async () => {
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

/** One page of 10,000 rooms, with the address of the next one. */
function roomsPage(request: HTTPRequest): object {
  const url = new URL(request.url());
  const page = Number(url.searchParams.get('page') ?? 1);
  const start = (page - 1) * ROOMS_PER_PAGE;
  const results = Array.from({ length: ROOMS_PER_PAGE }, (_, index) => roomOf(start + index + 1));
  url.searchParams.set('page', String(page + 1));
  return { results, next: start + ROOMS_PER_PAGE < ROOM_COUNT ? url.href : null };
}

function roomOf(id: number): object {
  const person = (userId: number): object => ({
    id: userId,
    username: `user${userId}`,
    first_name: 'Anna',
    last_name: `Berg ${userId}`,
    profile_picture: null,
  });
  const timestamp = new Date(Date.UTC(2026, 0, 1) - id * 60_000).toISOString();
  return {
    id,
    name: `Room ${id}`,
    room_type: 'general',
    participants: [person(1), person(2), person(id + 2)],
    last_message: { content: `message ${id}`, timestamp, sender: person(2) },
    unread_count: id % 3,
    created_at: timestamp,
    updated_at: timestamp,
    is_active: true,
  };
}
