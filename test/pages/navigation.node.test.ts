/** Navigation with Turbo, htmx and client-side routers: the conversation continues. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'puppeteer-core';
import type { ChatConnectionElement } from '../../src/index.js';
import { startSite, type Site } from './site.js';

const LOADER = '<script async src="/dist/loader.js" data-token-url="/token/1"></script>';
const ELEMENTS = '<chat-connection token-url="/token/1"><chat-launcher></chat-launcher></chat-connection>';
const SCRIPT = '<script type="module" src="/dist/chat.js"></script>';

/** Navigation methods, as documented by their projects. */
const WAYS: Record<string, { head: string; link: string }> = {
  turbo: { head: '<script type="module">import "/vendor/turbo/turbo.es2017-esm.js";</script>', link: '' },
  htmx: { head: '<script src="/vendor/htmx/htmx.min.js"></script>', link: 'hx-boost="true"' },
  // Like Astro's <ClientRouter /> and similar routers: the attributes of <html>, additions to <head>, a new <body>.
  router: {
    head: `<script>
      addEventListener('click', async (event) => {
        const link = event.target.closest('a');
        if (!link) return;
        event.preventDefault();
        const next = new DOMParser().parseFromString(await (await fetch(link.href)).text(), 'text/html');
        history.pushState({}, '', link.href);
        for (const { name } of [...document.documentElement.attributes]) document.documentElement.removeAttribute(name);
        for (const { name, value } of next.documentElement.attributes) document.documentElement.setAttribute(name, value);
        document.title = next.title;
        document.body.replaceWith(next.body);
        for (const old of document.body.querySelectorAll('script')) {
          const script = document.createElement('script');
          for (const { name, value } of old.attributes) script.setAttribute(name, value);
          old.replaceWith(script);
        }
      });
    </script>`,
    link: '',
  },
};

const page = (way: string, name: string, other: string, chat: string, where: 'head' | 'body'): string => {
  const { head, link } = WAYS[way]!;
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${name}</title><link rel="icon" href="data:,">${head}${where === 'head' ? chat : ''}</head>
    <body><h1>${name}</h1><a ${link} href="/${other}">Go on</a>${where === 'body' ? chat : ''}</body></html>`;
};

describe('navigation between pages', () => {
  let site: Site;
  before(async () => {
    const html: Record<string, string> = {};
    for (const way of Object.keys(WAYS)) {
      for (const [kind, chat, where] of [
        ['loader', LOADER, 'head'],
        ['loader-in-body', LOADER, 'body'],
        ['elements', ELEMENTS, 'body'],
      ] as const) {
        for (const [name, other] of [
          ['one', 'two'],
          ['two', 'one'],
        ] as const) {
          html[`/${way}-${kind}-${name}`] = page(way, name, `${way}-${kind}-${other}`, chat, where).replace(
            '</head>',
            kind === 'elements' ? `${SCRIPT}</head>` : '</head>',
          );
        }
      }
    }
    site = await startSite({
      html,
      folders: { '/vendor/turbo': 'node_modules/@hotwired/turbo/dist', '/vendor/htmx': 'node_modules/htmx.org/dist' },
    });
  });
  after(() => site.close());

  const launcherOpens = (tab: Page): Promise<unknown> =>
    tab.waitForFunction(() => document.querySelector('chat-launcher')?.shadowRoot?.querySelector('dialog')?.open);
  const connected = (tab: Page): Promise<unknown> =>
    tab.waitForFunction(
      () => document.querySelector<ChatConnectionElement>('chat-connection')?.connection?.state === 'connected',
    );
  const press = (tab: Page): Promise<void> =>
    tab.evaluate(() =>
      document.querySelector('chat-launcher')!.shadowRoot!.querySelector<HTMLElement>('button')!.click(),
    );

  /** Opens the chat on the first page, and navigates to the second without a page load. */
  async function visit(way: string, kind: string): Promise<{ tab: Page; output: string[] }> {
    const { page: tab, output } = await site.open(`/${way}-${kind}-one`);
    await tab.waitForFunction(() => document.querySelector('chat-launcher')?.shadowRoot?.querySelector('button'));
    await press(tab);
    await launcherOpens(tab);
    await connected(tab);
    await tab.evaluate(() => Object.assign(globalThis, { first: document.querySelector('chat-connection') }));
    await tab.click('a');
    await tab.waitForFunction(() => document.querySelector('h1')?.textContent === 'two');
    return { tab, output };
  }

  for (const way of Object.keys(WAYS)) {
    for (const kind of ['loader', 'loader-in-body']) {
      it(`${way}, ${kind}: socket and open panel persist`, async () => {
        const { tab, output } = await visit(way, kind);
        await new Promise((resolve) => setTimeout(resolve, 300)); // work that pages do after a visit
        const now = await tab.evaluate(() => {
          const all = document.querySelectorAll<ChatConnectionElement>('chat-connection');
          const { first } = globalThis as unknown as { first: Element };
          return [
            all.length,
            all[0] === first,
            all[0]!.connection.state,
            document.querySelector('chat-launcher')!.shadowRoot!.querySelector('dialog')!.open,
          ];
        });
        assert.deepEqual(now, [1, true, 'connected', true]);
        assert.deepEqual(output, []);
        await tab.close();
      });
    }

    it(`${way}, elements in the body: the panel is open again on the next page, and the old socket is closed`, async () => {
      const { tab, output } = await visit(way, 'elements');
      await launcherOpens(tab);
      await connected(tab);
      const now = await tab.evaluate(() => {
        const { first } = globalThis as unknown as { first: ChatConnectionElement };
        const [here, ...more] = document.querySelectorAll<ChatConnectionElement>('chat-connection');
        return [more.length, here === first || first.connection.state === 'idle'];
      });
      assert.deepEqual(now, [0, true]);
      assert.deepEqual(output, []);
      await tab.close();
    });
  }

  it('back and forward: the page is eligible for the bfcache, and continues when restored', async () => {
    const { page: tab, output } = await site.open('/router-loader-one');
    await tab.waitForFunction(() => document.querySelector('chat-launcher')?.shadowRoot?.querySelector('button'));
    await press(tab);
    await connected(tab);
    let isRestored = false;
    // A browser may reload the page instead, if it lacks memory or time.
    for (let attempt = 1; attempt <= 5 && !isRestored; attempt++) {
      await connected(tab);
      // The code that closes the socket when the page is hidden is loaded after the connection is up, and takes a slow
      // machine a moment to run.
      await tab.waitForFunction(() =>
        performance
          .getEntriesByType('resource')
          .some(
            ({ name, startTime, duration }) =>
              name.includes('/chunks/deferred-') && performance.now() - startTime - duration > 1_000,
          ),
      );
      await tab.evaluate(() => Object.assign(globalThis, { wasHere: true }));
      await tab.goto(`${site.url}/turbo-loader-two`);
      // The result of this call is lost with the page; `waitForFunction` survives the navigation.
      await tab.evaluate(() =>
        setTimeout(() => {
          history.back();
        }),
      );
      const page = await tab.waitForFunction(
        () =>
          location.pathname === '/router-loader-one' &&
          document.readyState === 'complete' &&
          ('wasHere' in globalThis ? 'restored' : 'loaded'),
      );
      isRestored = (await page.jsonValue()) === 'restored';
    }
    // A page restored from the bfcache keeps its variables.
    assert.equal(isRestored, true);
    await connected(tab);
    await launcherOpens(tab);
    const method = await tab.evaluate(
      async () =>
        (
          await document
            .querySelector<ChatConnectionElement>('chat-connection')!
            .connection.sendChatMessage(1, 'back again')
        ).method,
    );
    assert.equal(method, 'websocket');
    assert.deepEqual(output, []);
    await tab.close();
  });
});
