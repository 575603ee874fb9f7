/** Server-rendered elements in Chromium: without scripts, during hydration, and afterwards. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'puppeteer-core';
import { renderPage } from '../../demo/examples/ssr/page.js';
import { html as template, renderToString, snapshot } from '../../src/ssr.js';
import type { ChatConnectionElement } from '../../src/index.js';
import { startSite, type Site } from './site.js';

/** Data recorded by the page during hydration. */
interface Watched {
  /** The first room in the server's markup. */
  drawn: Element;
  /** The text of the list in each frame. */
  frames: string[];
  shifts: number;
}
const WATCH = `
  const rooms = () => document.querySelector('chat-rooms').shadowRoot;
  window.watched = { drawn: rooms().querySelector('[role=option]'), frames: [], shifts: 0 };
  new PerformanceObserver((list) => { for (const entry of list.getEntries()) watched.shifts += entry.value; }).observe({ type: 'layout-shift', buffered: true });
  (function look() { watched.frames.push([...rooms().querySelectorAll('.name')].map((name) => name.textContent).join('|')); requestAnimationFrame(look); })();
`;
const names = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    [...document.querySelector('chat-rooms')!.shadowRoot!.querySelectorAll('.name')].map((name) => name.textContent),
  );
const times = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    [...document.querySelector('chat-rooms')!.shadowRoot!.querySelectorAll('time')].map((time) => time.textContent),
  );
const isConnected = (page: Page): Promise<unknown> =>
  page.waitForFunction(
    () => document.querySelector<ChatConnectionElement>('chat-connection')?.connection?.state === 'connected',
    { timeout: 10_000 },
  );

describe('server-side rendering', () => {
  let site: Site;
  const html: Record<string, string> = {};
  before(async () => {
    site = await startSite({ html, folders: { '/built': 'dist/demo/examples' } });
    const token = await site.server.signToken(1);
    const shell = (await readFile('dist/demo/examples/ssr/index.html', 'utf8')).replaceAll('../', '/built/');
    const visit = { shell, backend: site.url, token, me: 1, tokenUrl: '/token/1', timeZone: 'Pacific/Auckland' };
    const page = await renderPage(visit);
    html['/ssr'] = page.replace('</body>', () => `<script>${WATCH}</script></body>`);
    html['/script-tag'] = html['/ssr']
      .replace(/<script type="module".*?<\/script>/, '<script type="module" src="/dist/chat.js"></script>')
      .replaceAll(/<link rel="modulepreload".*?>/g, '');
    html['/plain'] = shell.replace(
      '<!--chat-->',
      '<chat-connection token-url="/token/1"><chat-rooms></chat-rooms></chat-connection>',
    );
    html['/launcher'] = shell.replace('<!--chat-->', () =>
      renderToString(template`<chat-connection token-url="/token/1"><chat-launcher></chat-launcher></chat-connection>`),
    );
    html['/other-person'] = html['/ssr'].replace('/token/1', '/token/2');
  });
  after(() => site.close());

  it('shows the room list without scripts', async () => {
    const { page } = await site.open('about:blank');
    await page.setJavaScriptEnabled(false);
    await page.goto(`${site.url}/ssr`);
    await page.setJavaScriptEnabled(true);
    const known = await names(page);
    assert.ok(known.length >= 3, known.join());
    assert.ok((await page.evaluate(() => document.querySelector('chat-rooms')!.getBoundingClientRect().height)) > 200);
    assert.match(await page.evaluate(() => document.querySelector('chat-rooms')!.shadowRoot!.textContent), /\d unread/);
    await page.close();
  });

  it('hydrates in place: the same rooms and nodes, no layout shift, no empty frame', async () => {
    const { page, output } = await site.open('/ssr');
    const drawn = await names(page);
    await isConnected(page);
    await page.waitForFunction(() => document.querySelector('chat-thread')!.shadowRoot!.querySelector('li'));
    assert.deepEqual(await names(page), drawn);
    const { isSame, frames, shifts } = await page.evaluate(() => {
      const { drawn, frames, shifts } = (window as unknown as { watched: Watched }).watched;
      return {
        isSame: drawn === document.querySelector('chat-rooms')!.shadowRoot!.querySelector('[role=option]'),
        frames: [...new Set(frames)],
        shifts,
      };
    });
    assert.ok(isSame, 'rendered again');
    assert.deepEqual(frames, [drawn.join('|')]);
    // Elements beside the list (state, thread) must not move it.
    assert.ok(shifts < 0.05, `layout shift ${shifts}`);
    assert.deepEqual(output, []);
    await page.close();
  });

  it('shows times in the reader’s time zone once connected', async () => {
    const timesOn = async (path: string): Promise<string[]> => {
      const { page } = await site.open(path);
      await isConnected(page);
      await page.waitForFunction(() => document.querySelector('chat-rooms')!.shadowRoot!.querySelector('time'));
      const found = await times(page);
      await page.close();
      return found;
    };
    let [taken, plain] = await Promise.all([timesOn('/ssr'), timesOn('/plain')]);
    // The minute may have changed between the two.
    for (let again = 1; again < 3 && taken.join() !== plain.join(); again++)
      [taken, plain] = await Promise.all([timesOn('/ssr'), timesOn('/plain')]);
    assert.deepEqual(taken, plain);
  });

  it('is rendered again in one step without hydration: the script tag', async () => {
    const { page, output } = await site.open('/script-tag');
    await isConnected(page);
    await page.waitForFunction(
      () => customElements.get('chat-rooms') && document.querySelector('chat-thread')!.shadowRoot!.querySelector('li'),
    );
    const { bases, frames } = await page.evaluate(() => ({
      bases: [...document.querySelectorAll('chat-rooms, chat-thread, chat-status')].map(
        (element) => element.shadowRoot!.querySelectorAll('.base, [part=base]').length,
      ),
      frames: [...new Set((window as unknown as { watched: Watched }).watched.frames)],
    }));
    // The status is hidden while connected.
    assert.deepEqual(bases, [0, 1, 1]);
    assert.equal(frames.length, 1, frames.join(' / '));
    assert.deepEqual(output, []);
    await page.close();
  });

  it('does not show rooms of another user', async () => {
    const { page } = await site.open('/other-person');
    await isConnected(page);
    const own = await page.evaluate(
      () => document.querySelector<ChatConnectionElement>('chat-connection')!.connection.rooms.length,
    );
    await page.waitForFunction(
      (count) => document.querySelector('chat-rooms')!.shadowRoot!.querySelectorAll('[role=option]').length === count,
      {},
      own,
    );
    await page.close();
  });

  it('does not show them after signing out', async () => {
    const { page } = await site.open('/ssr');
    await isConnected(page);
    const left = await page.evaluate(async () => {
      const connection = document.querySelector<ChatConnectionElement>('chat-connection')!;
      connection.tokenUrl = null;
      connection.token = 'x';
      await connection.updateComplete;
      connection.token = '';
      await connection.updateComplete;
      await new Promise((resolve) => setTimeout(resolve, 100));
      return [
        connection.connection.state,
        document.querySelector('chat-rooms')!.shadowRoot!.querySelectorAll('[role=option]').length,
      ];
    });
    assert.deepEqual(left, ['idle', 0]);
    await page.close();
  });

  it('includes the launcher, which reopens if it was open on the previous page', async () => {
    const { page, output } = await site.open('about:blank');
    await page.evaluateOnNewDocument(() => sessionStorage.setItem('unified-chat launcher ', 'open'));
    await page.goto(`${site.url}/launcher`);
    await page.waitForFunction(
      () => document.querySelector('chat-launcher')!.shadowRoot!.querySelector('dialog')?.open,
    );
    await page.waitForFunction(() =>
      document
        .querySelector('chat-launcher')!
        .shadowRoot!.querySelector('chat-rooms')
        ?.shadowRoot?.querySelector('[role=option]'),
    );
    assert.equal(
      await page.evaluate(
        () => document.querySelector('chat-launcher')!.shadowRoot!.querySelectorAll('[part=button]').length,
      ),
      1,
    );
    await page.evaluate(() =>
      document.querySelector('chat-launcher')!.shadowRoot!.querySelector<HTMLElement>('[part=button]')!.click(),
    );
    await page.waitForFunction(() => !document.querySelector('chat-launcher')!.open);
    assert.deepEqual(output, []);
    await page.close();
  });

  it('reports invalid input, and escapes everything', () => {
    assert.throws(() => snapshot({ me: 1, rooms: { detail: 'no' } }), /pass the response body of GET rooms\//);
    const one = {
      id: 1,
      name: 'One',
      last_message: { content: 'hello', timestamp: '2026-11-23T12:00:00Z', sender: null },
    };
    const kept = (more: object): { rooms: { id: number }[]; times: Record<string, string> } =>
      JSON.parse(
        snapshot({ me: 1, rooms: [one, { id: {} }], now: Date.parse('2026-11-23T12:30:00Z'), ...more }),
      ) as never;
    assert.deepEqual(
      kept({}).rooms.map(({ id }) => id),
      [1],
      'one bad room does not affect others',
    );
    assert.equal(kept({ timeZone: 'Europe/Berlin' }).times['1'], '30m ago');
    assert.equal(kept({ timeZone: 'No/Where; a cookie' }).times['1'], '');
    for (const [lang, expected] of Object.entries({
      de_DE: 'vor 30 Min.',
      'zh-CN-Hans': '30m ago',
      ja: '30m ago',
      '!': '30m ago',
    }))
      assert.equal(kept({ timeZone: 'Europe/Berlin', lang }).times['1'], expected, `12.9: ${lang}`);
    assert.throws(() => renderToString(template`<chat-status></chat-status>`, { nonce: '"><script>' }), TypeError);
    const rooms = snapshot({
      me: 1,
      rooms: [{ id: 1, name: '</template><script>alert(1)</script><style>', last_message: null }],
    });
    const text = renderToString(template`<chat-rooms snapshot=${rooms}></chat-rooms>`, { nonce: 'abc', lang: 'de' });
    assert.equal(text.match(/<script|<\/template>/g)?.join(), '</template>');
    assert.equal(text.match(/<style/g)?.length, 1);
    assert.match(text, /<style nonce="abc">/);
    assert.match(text, /Noch keine Nachrichten|Unterhaltungen/);
  });
});
