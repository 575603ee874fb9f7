/** demo/examples/headless: messages. Two users, each in a browser context of their own. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, describe, it } from 'node:test';
import type { AxeResults } from 'axe-core';
import type { Page } from 'puppeteer-core';
import { CONTENT_SECURITY_POLICY } from '../../demo/content-security-policy.js';
import { seedMany } from '../../demo/server/database/seed.js';
import { BUTTON, press, ROW, rowGone, rowShows, shows, until, write } from './headless-page.js';
import { startSite, type Site } from './site.js';

const AXE = createRequire(import.meta.url).resolve('axe-core');

/** The direct room of Ana and Ben, and the room into which a message is moved. */
const ROOM = 1;
const OTHER_ROOM = 2;
const COUNT = 400;
const DEADLINE_MS = 15_000;

const jump = (page: Page, name: string): Promise<void> =>
  page.$eval(`#jump [name=${name}]`, (element) => (element as HTMLElement).click());
const count = (page: Page): Promise<number> => page.$$eval('#messages li', (rows) => rows.length);
const focused = (page: Page): Promise<string> => page.evaluate(() => document.activeElement?.textContent ?? '');

describe('the headless example', () => {
  let site: Site;
  let ana: Page;
  let ben: Page;
  let outputs: string[][];
  let ids: number[];
  before(async () => {
    site = await startSite({ folders: { '/built': 'dist/demo/examples' } }, { policy: CONTENT_SECURITY_POLICY });
    ids = await seedMany(site.server.database, ROOM, COUNT);
    const opened = [
      await site.open('/built/headless/', { isApart: true }),
      await site.open('/built/headless/?user=ben', { isApart: true }),
    ] as const;
    [ana, ben] = [opened[0].page, opened[1].page];
    for (const { page } of opened) page.setDefaultTimeout(DEADLINE_MS);
    outputs = opened.map(({ output }) => output);
  });
  after(() => site.close());

  it('lists the rooms, and opens one with the keyboard', async () => {
    for (const page of [ana, ben]) {
      await shows(page, '#state', 'connected');
      await page.waitForSelector(`[data-room="${ROOM}"]`);
      await page.focus(`[data-room="${ROOM}"]`);
      await page.keyboard.press('Enter');
      await until(page, () => document.querySelectorAll('#messages li').length === 50);
      assert.equal(await page.$eval('[aria-current=true]', (element) => element.getAttribute('data-room')), '1');
      // The newest message is on the screen.
      assert.ok(
        await page.$eval(
          '#messages',
          (list) => list.scrollTop > 0 && list.scrollHeight - list.scrollTop - list.clientHeight < 4,
        ),
      );
    }
  });

  it('shows that the other user is typing; sends, and replies', async () => {
    await ana.focus('#composer textarea');
    await ana.keyboard.type('Are the windows');
    await shows(ben, '#typing', 'ana is typing');
    await ana.keyboard.type(' done?\n');
    await rowShows(ben, 'Are the windows done?', 'ana');
    await shows(ben, '#news', 'Are the windows done?');
    await until(ben, () => document.querySelector('#typing')!.textContent === '');
    await press(ben, 'Are the windows done?', 'reply');
    await shows(ben, '#mode', 'Reply to: Are the windows done?');
    await ben.keyboard.type('All five of them.\n');
    await rowShows(ana, 'All five of them.', 'ana: Are the windows done?');
    await rowShows(ben, 'All five of them.', 'ana: Are the windows done?');
  });

  it('marks the room as read', async () => {
    await shows(ben, `[data-room="${ROOM}"]`, '1 unread');
    await jump(ben, 'mark-read');
    await until(ben, (room) => !document.querySelector(`[data-room="${room}"]`)!.textContent.includes('unread'), ROOM);
    await rowShows(ana, 'Are the windows done?', 'read');
  });

  it('edits an own message; no other', async () => {
    await press(ana, 'Are the windows done?', 'edit');
    await ana.$eval('#composer textarea', (field) => (field.value = ''));
    await ana.keyboard.type('Are all windows clean?\n');
    for (const page of [ana, ben]) await rowShows(page, 'Are all windows clean?', 'edited');
    for (const page of [ana, ben]) await rowShows(page, 'All five of them.', 'ana: Are all windows clean?');
    assert.equal(await ben.$(BUTTON('edited', 'edit')), null);
    assert.equal(await ana.$(BUTTON('All five of them.', 'delete')), null);
  });

  it('adds and removes a reaction', async () => {
    await press(ben, 'edited', 'react');
    for (const page of [ana, ben]) await rowShows(page, 'edited', '👍 1');
    const pressed = (page: Page): Promise<unknown> =>
      page.$eval(BUTTON('edited', 'react'), (button) => button.getAttribute('aria-pressed'));
    assert.deepEqual([await pressed(ana), await pressed(ben)], ['false', 'true']);
    await press(ben, 'edited', 'react');
    for (const page of [ana, ben])
      await until(page, () => !document.querySelector('#messages')!.textContent.includes('👍 1'));
  });

  it('deletes a message, after the time in which it can be undone', async () => {
    await write(ana, 'A slip of the pen');
    await rowShows(ben, 'A slip of the pen', 'ana');
    await press(ana, 'A slip of the pen', 'delete');
    await rowShows(ana, 'This message was deleted.', 'Undo');
    await press(ana, 'This message was deleted.', 'undo');
    await rowShows(ana, 'A slip of the pen', 'ana');
    assert.equal(await ana.$(BUTTON('A slip of the pen', 'undo')), null);
    assert.ok(await ben.$(ROW('A slip of the pen')), 'the other user has not noticed it');
    await press(ana, 'A slip of the pen', 'delete');
    for (const page of [ana, ben]) await rowShows(page, 'This message was deleted.', 'ana');
    await until(ana, () => !document.querySelector('[name=undo]:not([hidden])'));
    for (const page of [ana, ben]) await rowGone(page, 'A slip of the pen');
  });

  it('retries a refused message, or discards it', async () => {
    await write(ana, 'The one to answer');
    await press(ben, 'The one to answer', 'reply');
    // A reply to a message of another room is refused; Ben does not know that the message is there now.
    const move = (to: number): Promise<unknown> =>
      site.server.database.query(`update messages set room_id = $1 where content = 'The one to answer'`, [to]);
    await move(OTHER_ROOM);
    await ben.keyboard.type('An answer\n');
    await rowShows(ben, 'An answer', 'not sent: The message to reply to is not in this room.');
    await press(ben, 'The one to answer', 'reply');
    await ben.keyboard.type('Another one\n');
    await rowShows(ben, 'Another one', 'not sent');
    await press(ben, 'Another one', 'discard');
    await rowGone(ben, 'Another one');
    await move(ROOM);
    await press(ben, 'not sent', 'retry');
    await rowShows(ana, 'An answer', 'ana: The one to answer');
    await rowGone(ben, 'not sent');
    assert.equal(await ana.$(ROW('Another one')), null);
  });

  it('opens a quoted message, a time and the first unread message; loads older and newer messages', async () => {
    const atFirst = await count(ana);
    await jump(ana, 'older');
    await until(ana, (known) => document.querySelectorAll('#messages li').length > known, atFirst);

    const [{ at } = { at: '' }] = await site.server.database.query<{ at: string }>(
      `select to_char(created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as at from messages where id = $1`,
      [ids[100]],
    );
    await ana.$eval(
      '[name=at]',
      (field, time) => {
        const local = new Date(time);
        local.setMinutes(local.getMinutes() - local.getTimezoneOffset());
        (field as HTMLInputElement).value = local.toISOString().slice(0, 19);
      },
      at,
    );
    await ana.$eval('#jump', (form) => (form as HTMLFormElement).requestSubmit());
    await until(ana, () => document.activeElement?.textContent.includes('101. '));
    // Messages that arrive meanwhile are counted, but not shown.
    await write(ben, 'First unread');
    await shows(ana, `[data-room="${ROOM}"]`, 'unread');
    assert.equal(await ana.$(ROW('First unread')), null);
    const before = await count(ana);
    await jump(ana, 'newer');
    await until(ana, (known) => document.querySelectorAll('#messages li').length > known, before);

    await jump(ana, 'newest');
    await rowShows(ana, 'First unread', 'ben');
    await jump(ben, 'mark-read');
    await jump(ana, 'mark-read');
    await rowShows(ben, 'First unread', 'read');
    await write(ben, 'Second unread');
    await write(ben, 'Third unread');
    await rowShows(ana, 'Third unread', 'ben');
    await jump(ana, 'first-unread');
    await until(ana, () => document.activeElement?.textContent.includes('Second unread'));
    await press(ana, 'An answer', 'quote');
    await until(ana, () => document.activeElement?.textContent.includes('The one to answer'));
    assert.doesNotMatch(await focused(ana), /An answer/);
    assert.equal(await ana.$eval('#problem', (element) => element.textContent), '');
  });

  it('has no axe violations, light and dark, wide and narrow', async () => {
    // Not by a script element: the policy of the page forbids that.
    await ana.evaluate(await readFile(AXE, 'utf8'));
    for (const scheme of ['light', 'dark'])
      for (const width of [1280, 390]) {
        await ana.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
        await ana.setViewport({ width, height: 800 });
        const violations = await ana.evaluate(async () =>
          (await (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run()).violations.map(
            ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(', ')}`,
          ),
        );
        assert.deepEqual(violations, [], `${scheme} ${width}`);
        assert.ok(await ana.evaluate(() => document.body.scrollWidth <= innerWidth), `${width} is wide enough`);
      }
  });

  it('a closed room can only be read', async () => {
    await site.server.database.query(`update rooms set closed_reason = 'The job is done.' where id = $1`, [ROOM]);
    for (const page of [ana, ben]) {
      await shows(page, '#closed', 'The job is done.');
      await page.waitForSelector('fieldset:disabled');
      await until(page, () => !document.querySelector('[name=edit]:not([hidden])'));
    }
  });

  it('works under a strict policy', () => {
    assert.deepEqual(outputs, [[], []]);
  });
});
