/** The playground: static files that show every state of every element without a backend. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { TargetType, type ElementHandle, type Page, type Target } from 'puppeteer-core';
import { startStaticSite, type StaticSite } from './static-site.js';

const STATES = ['connected', 'idle', 'connecting', 'reconnecting', 'polling', 'offline', 'unauthorized', 'error'];

/** Where states that are not connection states are shown. */
const WHERE: Record<string, string> = {
  'chat-connection:unread': 'content=talk',
  'chat-launcher:open': 'show=launcher&launcher=open',
  'chat-launcher:unread': 'show=launcher&launcher=unread',
  'chat-rooms:empty': 'content=nothing',
  'chat-rooms:unread': 'content=talk',
  'chat-thread:empty': 'content=nothing',
  'chat-thread:scrolled': 'content=many',
};

/** All documented custom states, by the address that shows them. */
function addresses(): Map<string, [tag: string, state: string][]> {
  const { modules } = JSON.parse(readFileSync('custom-elements.json', 'utf8')) as {
    modules: { declarations: { tagName?: string; cssStates?: { name: string }[] }[] }[];
  };
  const all = new Map<string, [string, string][]>();
  for (const { tagName, cssStates = [] } of modules.flatMap(({ declarations }) => declarations)) {
    for (const { name } of cssStates) {
      const hash = WHERE[`${tagName}:${name}`] ?? `state=${name}`;
      all.set(hash, [...(all.get(hash) ?? []), [tagName!, name]]);
    }
  }
  return all;
}

/** Records the hosts contacted by a page, its service worker and WebSockets, including failed requests. */
async function watch(page: Page): Promise<Set<string>> {
  const asked = new Set<string>();
  const ask = (address: string): unknown => /^(http|ws)s?:/.test(address) && asked.add(new URL(address).host);
  page.on('request', (request) => ask(request.url()));
  const sockets = await page.createCDPSession();
  sockets.on('Network.webSocketCreated', ({ url }) => ask(url));
  await sockets.send('Network.enable');
  const follow = async (target: Target): Promise<void> => {
    if (target.type() !== TargetType.SERVICE_WORKER) return;
    const worker = await target.createCDPSession();
    worker.on('Network.requestWillBeSent', ({ request }) => ask(request.url));
    await worker.send('Network.enable');
  };
  // A target that cannot be attached to has already been closed.
  page.browser().on('targetcreated', (target) => void follow(target).catch(() => {}));
  return asked;
}

describe('the playground', () => {
  let site: StaticSite;
  let page: Page;
  let asked: Set<string>;
  /** Requests blocked by the page's policy. */
  const forbidden: string[] = [];
  before(async () => {
    site = await startStaticSite();
    ({ page } = site);
    page.setDefaultTimeout(8_000);
    asked = await watch(page);
    page.on(
      'console',
      (message) => /Content.Security.Policy|Trusted/.test(message.text()) && forbidden.push(message.text()),
    );
  });
  after(() => site.close());

  const open = async (hash: string): Promise<void> => {
    await page.goto('about:blank');
    await page.goto(`${site.url}/playground/#${hash}`);
    await page.waitForSelector('chat-connection');
  };
  const isState = (state: string): Promise<unknown> =>
    page.waitForFunction(
      (wanted) => document.querySelector('chat-status')?.getAttribute('state') === wanted,
      {},
      state,
    );

  for (const [hash, wanted] of addresses()) {
    it(`shows ${wanted.map((names) => names.join(':')).join(', ')} at '#${hash}'`, async () => {
      await open(hash);
      for (const [tag, state] of wanted) {
        if (state === 'scrolled') {
          const list = (await page.waitForFunction(() =>
            document.querySelector('chat-thread')?.shadowRoot?.querySelector('li')?.closest('[part=messages]'),
          )) as ElementHandle;
          await list.evaluate((element) => element.scrollTo(0, 0));
        }
        await page.waitForFunction(
          (name, selector) => document.querySelector(name)?.matches(selector),
          {},
          tag,
          `:state(${state})`,
        );
      }
    });
  }

  it('stays in each connection state', async () => {
    // Accelerates time by a factor of ten.
    const { identifier } = await page.evaluateOnNewDocument(() => {
      const wait = window.setTimeout.bind(window);
      window.setTimeout = ((run: () => void, ms = 0) => wait(run, ms / 10)) as typeof setTimeout;
    });
    for (const state of STATES) {
      await open(`state=${state}`);
      await isState(state);
      const seen = await page.evaluate(async () => {
        const status = document.querySelector('chat-status')!;
        const states = new Set<string>();
        for (const until = performance.now() + 1_500; performance.now() < until;) {
          await new Promise(requestAnimationFrame);
          states.add(status.state);
        }
        return [...states];
      });
      assert.deepEqual(seen, [state]);
    }
    await page.removeScriptToEvaluateOnNewDocument(identifier);
  });

  it('switches from any state to any other', async () => {
    await open('state=connected');
    for (const state of ['error', 'polling', 'unauthorized', 'connected', 'offline', 'connected']) {
      await page.select('[name=state]', state);
      await isState(state);
    }
    assert.match(page.url(), /state=connected/);
  });

  /** The visible state of the launcher. */
  const launcher = (): Promise<object> =>
    page.evaluate(() => {
      const root = document.querySelector('chat-launcher')!.shadowRoot!;
      const [button, panel, rooms] = ['[part=button]', '[part=panel]', 'chat-rooms'].map(
        (selector) => root.querySelector(selector)?.checkVisibility() ?? false,
      );
      return { button, panel, rooms, number: root.querySelector('[part=badge]')?.textContent ?? null };
    });
  const isConnected = (): Promise<unknown> =>
    page.waitForFunction(() => document.querySelector('chat-connection')?.connection.state === 'connected');

  for (const [look, seen] of Object.entries({
    closed: { button: true, panel: false, rooms: false, number: null },
    unread: { button: true, panel: false, rooms: false, number: '2' },
    open: { button: true, panel: true, rooms: true, number: null },
  })) {
    it(`shows the launcher ${look}`, async () => {
      await open(`show=launcher&launcher=${look}`);
      await isConnected();
      assert.deepEqual(await launcher(), seen);
    });
  }

  it('shows the launcher in each connection state', async () => {
    for (const state of STATES) {
      await open(`show=launcher&launcher=open&state=${state}`);
      await page.waitForFunction(
        (wanted) =>
          document.querySelector('chat-launcher')?.shadowRoot?.querySelector('chat-status')?.getAttribute('state') ===
          wanted,
        {},
        state,
      );
    }
  });

  it('reflects manual use of the launcher in its address', async () => {
    await open('show=launcher&launcher=unread');
    await isConnected();
    const press = (part: string): Promise<void> =>
      page.evaluate(
        (wanted) =>
          document.querySelector('chat-launcher')!.shadowRoot!.querySelector<HTMLElement>(`[part=${wanted}]`)!.click(),
        part,
      );
    const says = (look: string): Promise<unknown> =>
      page.waitForFunction(
        (wanted) => new URLSearchParams(location.hash.slice(1)).get('launcher') === wanted,
        {},
        look,
      );
    await press('button');
    await says('open');
    await press('close');
    await says('unread');
    await page.select('[name=launcher]', 'closed');
    await isConnected();
    await press('button');
    await says('open');
    await press('close');
    await says('closed');
    // The address takes precedence over the state remembered by the tab.
    await press('button');
    await says('open');
    await open('show=launcher&launcher=closed');
    await isConnected();
    assert.deepEqual(await launcher(), { button: true, panel: false, rooms: false, number: null });
    await page.select('[name=show]', 'chat');
    await isState('connected');
    assert.equal(await page.$('chat-launcher'), null);
  });

  it('Ben replies', async () => {
    await open('state=connected&content=everything');
    await page.waitForFunction(
      () => (document.querySelector('chat-thread')?.shadowRoot?.querySelectorAll('li').length ?? 0) > 8,
    );
    const count = (): Promise<number> =>
      page.evaluate(() => document.querySelector('chat-thread')!.shadowRoot!.querySelectorAll('.other').length);
    const before = await count();
    const field = (await page.evaluateHandle(() =>
      document.querySelector('chat-thread')!.shadowRoot!.querySelector('textarea')!,
    )) as ElementHandle<HTMLTextAreaElement>;
    await field.type('Are you there?\n');
    await page.waitForFunction(
      (known) => document.querySelector('chat-thread')!.shadowRoot!.querySelectorAll('.other').length > known,
      {},
      before,
    );
  });

  it('shows rejections, ten thousand messages, and an empty room', async () => {
    await open('state=connected&content=refused');
    await page.waitForFunction(() => document.querySelector('chat-thread')?.shadowRoot?.querySelector('li'));
    const field = (await page.evaluateHandle(() =>
      document.querySelector('chat-thread')!.shadowRoot!.querySelector('textarea')!,
    )) as ElementHandle<HTMLTextAreaElement>;
    await field.type('No\n');
    await page.waitForFunction(() =>
      document
        .querySelector('chat-thread')!
        .shadowRoot!.querySelector('[part=failure]')
        ?.textContent.includes('This room is closed.'),
    );
    await page.select('[name=content]', 'many');
    await page.waitForFunction(() =>
      document.querySelector('chat-thread')?.shadowRoot?.textContent.includes('Then I will come by at nine.'),
    );
    await page.select('[name=content]', 'nothing');
    await page.waitForFunction(() =>
      document
        .querySelector('chat-rooms')
        ?.shadowRoot?.querySelector('[part=note]')
        ?.textContent.includes('No conversations yet'),
    );
  });

  it('contacts only its own origin, without policy violations', async () => {
    assert.match(
      await page.$eval('meta[http-equiv=Content-Security-Policy]', (meta) => meta.getAttribute('content')!),
      /default-src 'none'.*require-trusted-types-for 'script'/,
    );
    assert.deepEqual(forbidden, []);
    assert.deepEqual([...asked], [new URL(site.url).host]);
  });
});
