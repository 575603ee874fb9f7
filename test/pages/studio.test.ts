/** The theme studio: what is set is seen, measured, written down and shared. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'puppeteer-core';
import { startStaticSite, type StaticSite } from './static-site.js';

const STATES = ['connected', 'idle', 'connecting', 'reconnecting', 'polling', 'unauthorized', 'error'];

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
  const ownBubble = (): Promise<string> => page.evaluate(() => getComputedStyle(document.querySelector('#chat chat-thread')!.shadowRoot!.querySelector('[part~=bubble-own]')!).backgroundColor);

  it('shows every state at once, and a control for every token', async () => {
    await open();
    for (const state of STATES) await page.waitForFunction((wanted) => document.querySelector(`#states chat-status[state=${wanted}]`), {}, state);
    await page.waitForFunction(() => document.querySelectorAll('#corner-cases chat-thread')[1]?.shadowRoot?.querySelector('[part~=failure]'));
    const { modules } = JSON.parse(readFileSync('custom-elements.json', 'utf8')) as { modules: { declarations: { cssProperties?: { name: string }[] }[] }[] };
    const tokens = new Set(modules.flatMap(({ declarations }) => declarations.flatMap(({ cssProperties = [] }) => cssProperties.map(({ name }) => name))));
    assert.deepEqual(new Set(await page.$$eval('#tokens input[type=text]', (fields) => fields.map((field) => (field as HTMLInputElement).name))), tokens);
  });

  it('draws what is set, and writes it down', async () => {
    await open();
    await set('--chat-accent', 'rgb(200, 0, 100)');
    assert.equal(await ownBubble(), 'rgb(200, 0, 100)');
    assert.equal(await css(), 'chat-connection {\n  --chat-accent: rgb(200, 0, 100);\n}\n');
  });

  it('measures what is drawn: too faint is said', async () => {
    await open();
    await page.waitForFunction(() => document.querySelector('#verdict')!.textContent.includes('all readable'));
    await set('--chat-text', '#bbb');
    await page.waitForFunction(() => /[1-9]\d* too faint/.test(document.querySelector('#verdict')!.textContent));
    const rows = await page.$$eval('#contrast tr', (all) => all.map((row) => [...row.children].map((cell) => cell.textContent)));
    const [, ratio, needs, says] = rows.find(([what]) => what === 'Names of rooms')!;
    // #bbb on white is 1.92 to 1.
    assert.deepEqual([ratio, needs, says], ['1.9', '4.5', 'too faint']);
  });

  it('has presets that are readable, light and dark', async () => {
    await open();
    for (const preset of ['clean', 'dense', 'bubbles', 'high contrast', 'material', 'terminal']) {
      for (const scheme of ['light', 'dark']) {
        await page.select('[name=preset]', preset);
        await page.select('[name=scheme]', scheme);
        await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 100)));
        await page.waitForFunction(() => document.querySelector('#verdict')!.textContent.includes('all readable'), { timeout: 3_000 }).catch(async () => {
          assert.fail(`${preset}, ${scheme}: ${await page.$$eval('tr.fails', (rows) => rows.map((row) => row.textContent).join(' | '))}`);
        });
      }
    }
  });

  it('is shared by its address', async () => {
    await open();
    await page.select('[name=preset]', 'terminal');
    await set('--chat-accent', '#ff8800');
    const shared = new URL(page.url()).hash;
    const written = await css();
    assert.match(shared, /preset=terminal.*accent=%23ff8800/);
    await open(shared);
    assert.equal(await css(), written);
    // A colour from elsewhere is a value, and no rule: nothing gets out of it.
    await open('#accent=red;}*{display:none');
    assert.equal(await page.$eval('h1', (heading) => getComputedStyle(heading).display), 'block');
  });
});
