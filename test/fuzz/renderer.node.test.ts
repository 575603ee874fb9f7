/**
 * The elements in Chromium, with a backend, another tab and a page that send arbitrary data. Well-formed data must be
 * displayed. Nothing may throw, execute, link to anything but http(s), load from other origins, repeat the token or
 * block the page.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { findBrowsers } from '../support/browsers.mjs';
import { AGAIN, budgetMs, Hostile, SEED } from './hostile.js';

const BACKEND = 'https://chat.example';
const TOKEN = 'anopaquetokenofthefuzz';
/** Maximum duration of a task in the page, in ms. */
const LONGEST_TASK_MS = 3_000;
/** Ids that random values do not have. */
const ROOM = 4_711;
const OF_HISTORY = 4_712;
const OF_SOCKET = 4_713;
const LANGUAGES = ['en', 'de', 'ar', '__proto__', 'constructor', 'hasOwnProperty', 'en_US', 'x'.repeat(50), ''];

const time = (minute: number): string => new Date(Date.UTC(2026, 10, 27, 10, minute)).toISOString();
const user = (id: number): object => ({
  id,
  username: `user${id}`,
  first_name: 'F',
  last_name: 'L',
  profile_picture: '/media/a.png',
});
const message = (id: number, more: object = {}): object => ({
  id,
  room: ROOM,
  sender: user(2),
  message_type: 'text',
  content: `message ${id}`,
  attachment: null,
  timestamp: time(id % 60),
  is_read: false,
  edited_at: null,
  reply_to: { id: 1, content: 'original', sender: user(3) },
  reactions: [{ emoji: '👍', user_ids: [1, 2] }],
  ...more,
});
const room = (id: number, more: object = {}): object => ({
  id,
  name: `Room ${id}`,
  room_type: 'general',
  participants: [user(1), user(2)],
  participant_count: 2,
  last_message: { content: 'last', timestamp: time(1), sender: user(2) },
  unread_count: 1,
  created_at: time(0),
  updated_at: time(0),
  is_active: true,
  ...more,
});

/** The input of one round. */
function round(chance: Hostile): {
  lang: string;
  rooms: unknown[];
  messages: unknown[];
  frames: unknown[];
  said: unknown[];
} {
  const odd = (make: (id: number) => object): unknown[] =>
    Array.from({ length: chance.between(1, 6) }, (_, n) =>
      chance.next() < 0.1 ? chance.value() : chance.corrupt(make(n + 10), 0.35),
    );
  const frames = Array.from({ length: chance.between(2, 10) }, () => {
    const frame = chance.of([
      { type: 'new_message', room_id: ROOM, message: message(chance.between(100, 999)) },
      { type: 'message_updated', room_id: ROOM, message: message(10, { content: chance.text() }) },
      {
        type: 'reactions_updated',
        room_id: ROOM,
        message_id: 10,
        reactions: [{ emoji: chance.text(), user_ids: [1] }],
      },
      { type: 'typing', room_id: ROOM, user_id: 2, username: chance.text(), is_typing: true },
      {
        type: 'room_updated',
        room_id: ROOM,
        updates: { name: 'Canary room', last_message: { content: chance.text(), timestamp: time(5), sender: user(2) } },
      },
      { type: 'error', message: `${chance.text()} ${TOKEN}`, code: TOKEN },
      { type: TOKEN },
      { type: chance.text() },
    ]);
    return chance.next() < 0.1 ? chance.text() : chance.corrupt(frame, chance.next() < 0.5 ? 0 : 0.3);
  });
  const kept = { localId: chance.text(), roomId: ROOM, content: chance.text(), at: 1 };
  const said = Array.from({ length: chance.between(1, 5) }, () =>
    chance.next() < 0.2
      ? chance.value()
      : chance.corrupt(
          chance.of<object>([
            { kind: 'join' },
            { kind: 'added', kept },
            { kind: 'stored', kept, message: message(50), method: 'rest' },
            { kind: 'notifications', state: { unread: 1, recent: [] } },
            { kind: 'discard', localId: 'x' },
          ]),
          0.4,
        ),
  );
  return {
    lang: chance.of(LANGUAGES),
    rooms: [room(ROOM, { name: 'Canary room' }), ...odd((id) => room(id))],
    messages: [
      ...odd((id) =>
        message(id, {
          reply_to: {
            id: 1,
            content: 'original',
            sender: chance.of([user(3), 'ben', { ...user(3), username: chance.value() }]),
          },
        }),
      ),
      message(OF_HISTORY, { content: 'canary in the history' }),
    ],
    frames: [
      ...frames.filter((frame) => !JSON.stringify(frame).includes('connection_established')),
      { type: 'new_message', room_id: ROOM, message: message(OF_SOCKET, { content: 'canary on the socket' }) },
    ],
    said,
  };
}

describe(`the elements with arbitrary input (again: ${AGAIN})`, () => {
  const chance = new Hostile(SEED);
  let server: Server;
  let browser: Browser;
  let page: Page;
  const foreign: string[] = [];

  before(async () => {
    console.log(`fuzz: seed ${SEED}; again by ${AGAIN}`);
    server = createServer((request, response) => {
      const path = new URL(request.url ?? '/', 'http://x').pathname;
      const script = path.endsWith('.js');
      response.writeHead(200, { 'Content-Type': script ? 'text/javascript' : 'text/html; charset=utf-8' });
      response.end(
        script
          ? readFileSync(path === '/page.js' ? 'test/fuzz/page.js' : `dist${path}`)
          : '<!doctype html><html lang="en"><title>Fuzz</title><script src="/page.js"></script><script type="module" src="/chat.js"></script><body></body></html>',
      );
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    browser = await puppeteer.launch({
      executablePath: (findBrowsers() as { chromium: string }).chromium,
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    });
    page = await browser.newPage();
    await page.setRequestInterception(true);
    page.on('request', (request) => {
      const { origin } = new URL(request.url());
      if (origin.includes('127.0.0.1')) return void request.continue();
      if (origin !== BACKEND && request.url() !== 'about:blank') foreign.push(request.url());
      void request.abort();
    });
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.waitForFunction(() => customElements.get('chat-rooms') && customElements.get('chat-thread'));
  });
  after(async () => {
    await browser.close();
    server.close();
  });

  it('10.32: display well-formed data among arbitrary data', async () => {
    const end = Date.now() + budgetMs(0.35);
    let rounds = 0;
    for (; Date.now() < end; rounds++) {
      const given = round(chance);
      // Passed as JSON text: it keeps a `__proto__` that the DevTools protocol would drop.
      const wrong = await page.evaluate(play, JSON.stringify(given), BACKEND, TOKEN, LONGEST_TASK_MS);
      assert.deepEqual(
        [...wrong, ...foreign],
        [],
        `round ${rounds}: ${JSON.stringify(given).slice(0, process.env.FUZZ_ALL ? Infinity : 3_000)}`,
      );
    }
    assert.ok(rounds > 3, `only ${rounds} rounds`);
    console.log(`fuzz: ${rounds} pages with rooms, messages, frames and other tabs`);
  });
});

/** Runs in the page: mounts a chat connected to the backend. @returns the problems found. */
async function play(text: string, url: string, token: string, longestMs: number): Promise<string[]> {
  const { backend, errors } = globalThis as unknown as {
    backend: {
      rooms: unknown[];
      messages: unknown[];
      sockets: { say(frame: unknown): void }[];
      channels: { onmessage?: (event: { data: unknown }) => void }[];
    };
    errors: string[];
  };
  const given = JSON.parse(text) as {
    lang: string;
    rooms: unknown[];
    messages: unknown[];
    frames: unknown[];
    said: unknown[];
  };
  Object.assign(backend, { rooms: given.rooms, messages: given.messages, sockets: [], channels: [] });
  errors.length = 0;
  document.documentElement.lang = given.lang;
  const chat = Object.assign(document.createElement('chat-connection'), { url, token });
  const rooms = document.createElement('chat-rooms');
  const thread = Object.assign(document.createElement('chat-thread'), { room: '4711' });
  const wrong: string[] = [];
  chat.addEventListener('chat-error', ({ message }) => {
    if (message.includes(token)) wrong.push(`chat-error contains the token: ${message}`);
  });
  const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));
  let longest = 0;
  const until = async (what: string, condition: () => unknown): Promise<void> => {
    for (let tries = 0; !condition(); tries++) {
      if (tries > 2_000) return void wrong.push(`never displayed: ${what}`);
      const before = performance.now();
      await tick();
      longest = Math.max(longest, performance.now() - before);
    }
  };
  const words = (element: Element): string => element.shadowRoot?.textContent ?? '';
  chat.append(rooms, thread);
  document.body.append(chat);
  await until('connected', () => chat.connection.state === 'connected');
  await until('the room', () => words(rooms).includes('Canary room'));
  await until('a message from the history', () => words(thread).includes('canary in the history'));
  for (const data of given.said) backend.channels.at(-1)?.onmessage?.({ data });
  for (const frame of given.frames) {
    backend.sockets.at(-1)!.say(frame);
    await tick();
  }
  await until('a message from the socket', () => words(thread).includes('canary on the socket'));
  await chat.connection.clearLocalData();
  if (longest > longestMs) wrong.push(`the page was blocked for ${Math.round(longest)} ms`);
  for (const element of [rooms, thread].flatMap(({ shadowRoot }) => [...shadowRoot!.querySelectorAll('*')])) {
    if (/^(script|iframe|object|embed|form-data|base|meta)$/i.test(element.localName))
      wrong.push(`an element ${element.localName}`);
    for (const { name, value } of element.attributes) {
      if (name.startsWith('on')) wrong.push(`an attribute ${name}`);
      if (/^(href|src)$/.test(name) && !/^https?:\/\//i.test(value)) wrong.push(`${name}=${value.slice(0, 100)}`);
    }
  }
  if ('pwned' in globalThis || 'polluted' in {}) wrong.push('data was executed');
  wrong.push(...errors);
  chat.remove();
  return wrong;
}
