/** The theme studio: values are applied, measured, exported and shared. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'puppeteer-core';
import { startStaticSite, type StaticSite } from './static-site.js';

const STATES = ['connected', 'idle', 'connecting', 'reconnecting', 'polling', 'offline', 'unauthorized', 'error'];
/** Measured in thread, room list and launcher, besides the states. */
const PARTS = 14;

type Row = [what: string, ratio: string, needs: string, says: string];

describe('the theme studio', () => {
  let site: StaticSite;
  let page: Page;
  before(async () => {
    site = await startStaticSite();
    ({ page } = site);
    page.setDefaultTimeout(8_000);
    await page.setViewport({ width: 1200, height: 900 });
  });
  after(() => site.close());

  const open = async (hash = ''): Promise<void> => {
    await page.goto('about:blank');
    await page.goto(`${site.url}/studio/${hash}`);
    await page.waitForFunction(() => document.querySelector('#chat chat-thread')?.shadowRoot?.querySelector('.own'));
  };
  const set = (name: string, value: string): Promise<void> =>
    page.$eval(
      `[name="${name}"]`,
      (field, text) => {
        (field as HTMLInputElement).value = text;
        field.dispatchEvent(new Event('input', { bubbles: true }));
      },
      value,
    );
  const css = (): Promise<string> => page.$eval('#css', (field) => (field as HTMLTextAreaElement).value);
  const rows = (): Promise<Row[]> =>
    page.$$eval('#contrast tr', (all) => all.map((row) => [...row.children].map((cell) => cell.textContent) as Row));
  const ownBubble = (): Promise<string> =>
    page.evaluate(
      () =>
        getComputedStyle(document.querySelector('#chat chat-thread')!.shadowRoot!.querySelector('[part~=bubble-own]')!)
          .backgroundColor,
    );

  it('shows every state at once, and a control for every token', async () => {
    await open();
    for (const state of STATES)
      await page.waitForFunction((wanted) => document.querySelector(`#states chat-status[state=${wanted}]`), {}, state);
    // All of them are stable when the last one has appeared.
    assert.deepEqual(
      (await page.$$eval('#states chat-status', (all) => all.map(({ state }) => state as string))).sort(),
      [...STATES].sort(),
    );
    await page.waitForFunction(() =>
      document.querySelectorAll('#corner-cases chat-thread')[1]?.shadowRoot?.querySelector('[part~=failure]'),
    );
    const { modules } = JSON.parse(readFileSync('custom-elements.json', 'utf8')) as {
      modules: { declarations: { cssProperties?: { name: string }[] }[] }[];
    };
    const tokens = new Set(
      modules.flatMap(({ declarations }) =>
        declarations.flatMap(({ cssProperties = [] }) => cssProperties.map(({ name }) => name)),
      ),
    );
    assert.deepEqual(
      new Set(
        await page.$$eval('#tokens input[type=text]', (fields) =>
          fields.map((field) => (field as HTMLInputElement).name),
        ),
      ),
      tokens,
    );
  });

  /** Appearance, position and size of each launcher. */
  const launchers = (): Promise<object[]> =>
    page.$$eval('#launchers chat-launcher', (all) =>
      all.map(({ shadowRoot, parentElement }) => {
        const box = parentElement!.getBoundingClientRect();
        const [button, panel] = ['[part=button]', '[part=panel]'].map((selector) =>
          shadowRoot!.querySelector(selector)!.getBoundingClientRect(),
        ) as [DOMRect, DOMRect];
        const isInside = [button, panel].every(
          (rect) =>
            rect.width === 0 ||
            (rect.left > box.left && rect.right < box.right && rect.top > box.top && rect.bottom < box.bottom),
        );
        return {
          number: shadowRoot!.querySelector('[part=badge]')?.textContent ?? null,
          isInside,
          button: button.width,
          panel: panel.width,
        };
      }),
    );

  it('shows the launcher closed with a count, and open, with its tokens applied', async () => {
    await open();
    await page.waitForFunction(() =>
      document.querySelectorAll('#launchers chat-launcher')[1]?.shadowRoot?.querySelector('[part=badge]'),
    );
    // A rem is 15 pixels on this page.
    assert.deepEqual(await launchers(), [
      { number: null, isInside: true, button: 56, panel: 0 },
      { number: '2', isInside: true, button: 56, panel: 0 },
      { number: null, isInside: true, button: 56, panel: 384 },
    ]);
    await set('--chat-launcher-size', '5rem');
    await set('--chat-launcher-offset', '2rem');
    await set('--chat-panel-width', '20rem');
    assert.deepEqual(await launchers(), [
      { number: null, isInside: true, button: 75, panel: 0 },
      { number: '2', isInside: true, button: 75, panel: 0 },
      { number: null, isInside: true, button: 75, panel: 300 },
    ]);
    // Opening a launcher further down takes neither the focus nor the scroll position.
    assert.deepEqual(await page.evaluate(() => [document.activeElement?.getAttribute('name'), scrollY]), ['preset', 0]);
  });

  it('applies values, and exports them', async () => {
    await open();
    await set('--chat-accent', 'rgb(200, 0, 100)');
    assert.equal(await ownBubble(), 'rgb(200, 0, 100)');
    assert.equal(await css(), 'chat-connection {\n  --chat-accent: rgb(200, 0, 100);\n}\n');
  });

  it('measures contrast, and warns if it is too low', async () => {
    await open();
    await page.waitForFunction(() => document.querySelector('#verdict')!.textContent.includes('all sufficient'));
    await set('--chat-text', '#bbb');
    await page.waitForFunction(() => /[1-9]\d* too low/.test(document.querySelector('#verdict')!.textContent));
    const [, ratio, needs, says] = (await rows()).find(([what]) => what === 'Room names')!;
    // #bbb on white has a contrast of 1.92.
    assert.deepEqual([ratio, needs, says], ['1.9', '4.5', 'too low']);
  });

  it('lists the elements that were not measured', async () => {
    await open();
    await page.waitForFunction(() => document.querySelector('#verdict')!.textContent.includes('all sufficient'));
    await page.$eval('#launchers chat-launcher[open]', (launcher) => launcher.remove());
    await set('--chat-text', '#000');
    await page.waitForFunction(() => document.querySelector('#verdict')!.textContent === '– 1 not measured');
    assert.deepEqual(
      (await rows()).filter(([, , , says]) => says !== 'sufficient'),
      [['Launcher heading', '–', '4.5', 'not measured']],
    );
  });

  it('has readable presets, light and dark', async () => {
    await open();
    const presets = await page.$$eval('[name=preset] option', (options) => options.map(({ value }) => value));
    assert.deepEqual(presets, ['clean', 'dense', 'bubbles', 'high contrast', 'material', 'terminal']);
    for (const preset of presets) {
      for (const scheme of ['light', 'dark']) {
        await page.select('[name=preset]', preset);
        await page.select('[name=scheme]', scheme);
        // The page measures before its next frame.
        await page.evaluate(() => new Promise(requestAnimationFrame));
        await page
          .waitForFunction(() => document.querySelector('#verdict')!.textContent.includes('all sufficient'), {
            timeout: 3_000,
          })
          .catch(() => {});
        const all = await rows();
        // Every row must have a measured value.
        assert.deepEqual(
          all.filter(([, ratio, needs, says]) => !(Number(ratio) >= Number(needs) && says === 'sufficient')),
          [],
          `${preset}, ${scheme}`,
        );
        assert.equal(all.length, PARTS + STATES.length);
        for (const state of STATES)
          assert.ok(
            all.some(([what]) => what === `State: ${state}`),
            state,
          );
      }
    }
  });

  it('is shared by URL', async () => {
    await open();
    await page.select('[name=preset]', 'terminal');
    await set('--chat-accent', '#ff8800');
    const shared = new URL(page.url()).hash;
    const written = await css();
    assert.match(shared, /preset=terminal.*accent=%23ff8800/);
    await open(shared);
    assert.equal(await css(), written);
    // A colour from the URL is used as a value only, and cannot inject rules.
    await open('#accent=red;}*{display:none');
    assert.equal(await page.$eval('h1', (heading) => getComputedStyle(heading).display), 'block');
  });
});
