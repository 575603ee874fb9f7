/** dist/loader.js on a foreign page: a button at first, the chat on demand. */
import { aTimeout, expect } from '@open-wc/testing';
import type { ChatConnectionElement, ChatLauncherElement } from '../../src/index.js';
import { ADDRESSES } from '../support/addresses.js';
import { startBackend, type Backend } from '../support/backend.js';
import { openHostPage, type HostPage } from '../support/host-page.js';

const CHAT = '/dist/chat.js';
/** Long enough for the unread check to finish. */
const QUIET_MS = 1_000;

describe('dist/loader.js', () => {
  let backend: Backend;
  let page: HostPage;
  let attributes: Record<string, string>;
  before(async () => {
    backend = await startBackend();
  });
  after(() => backend.end());
  beforeEach(async () => {
    page = await openHostPage();
    attributes = { src: '/dist/loader.js', async: '', 'data-url': backend.url, 'data-token-url': await tokenUrl(1) };
  });
  afterEach(() => {
    page.window.sessionStorage.clear();
    page.remove();
  });

  const tokenUrl = async (userId: number): Promise<string> =>
    URL.createObjectURL(new Blob([JSON.stringify({ token: await backend.token(userId) })]));
  const until = async (condition: () => unknown): Promise<void> => {
    while (!condition()) await aTimeout(20);
  };
  const connections = (): ChatConnectionElement[] => [...page.document.querySelectorAll('chat-connection')];
  const launcher = (at = 0): ChatLauncherElement => page.document.querySelectorAll('chat-launcher')[at]!;
  const button = (at = 0): HTMLButtonElement => launcher(at).shadowRoot!.querySelector('button')!;
  const isUp = (at = 0): boolean => launcher(at).shadowRoot!.querySelector('dialog') !== null;
  const readAll = async (userId: number): Promise<void> => {
    const headers = { Authorization: `Bearer ${await backend.token(userId)}` };
    const rooms = (await (await fetch(`${backend.url}/api/chat/rooms/`, { headers })).json()) as {
      id: number;
      unread_count: number;
    }[];
    for (const { id } of rooms.filter(({ unread_count }) => unread_count > 0)) {
      const { messages } = (await (
        await fetch(`${backend.url}/api/chat/rooms/${id}/messages/`, { headers })
      ).json()) as { messages: { id: number }[] };
      for (const message of messages)
        await fetch(`${backend.url}/api/chat/messages/${message.id}/mark_read/`, { method: 'POST', headers });
    }
  };

  it('is only a button, and loads nothing more, without unread messages and interaction', async () => {
    await readAll(1);
    await page.script(attributes);
    expect(button().ariaLabel).to.equal('Chat');
    expect(button().getBoundingClientRect().width).to.equal(56);
    await aTimeout(QUIET_MS);
    expect(page.loaded()).not.to.include(CHAT);
  });

  it('loads the chat on hover or focus, and keeps the focus', async () => {
    await readAll(1);
    await page.script(attributes);
    button().focus();
    await until(() => isUp());
    await until(() => connections()[0]!.connection.state === 'connected');
    expect(launcher().open).to.equal(false);
    expect(launcher().shadowRoot!.activeElement).to.equal(button());
    expect(page.document.querySelectorAll('chat-launcher').length).to.equal(1);
    expect(launcher().shadowRoot!.querySelectorAll('.button').length).to.equal(1);
  });

  it('opens on click, with the focus inside, and can send', async () => {
    await page.script({ ...attributes, 'data-room': '1' });
    button().click();
    expect(button().ariaBusy).to.equal('true');
    await until(() => isUp() && launcher().open);
    const thread = (): Element | null => launcher().shadowRoot!.querySelector('chat-thread');
    await until(() => thread()?.shadowRoot?.querySelector('li'));
    expect(launcher().shadowRoot!.activeElement?.id).to.equal('title');
    const { connection } = connections()[0]!;
    await until(() => connection.state === 'connected');
    expect((await connection.sendChatMessage(1, 'from the corner')).method).to.equal('websocket');
  });

  it('loads the chat if something is unread, and shows the count', async () => {
    await backend.post(2, 1, 'are you there?');
    await page.script(attributes);
    await until(() => isUp());
    await until(() => launcher().shadowRoot!.querySelector('[part=badge]'));
    expect(launcher().open).to.equal(false);
  });

  it('loads nothing for a visitor who is not signed in, until the button is clicked', async () => {
    await page.script({ ...attributes, 'data-token-url': '/there-is-no-such-address' });
    await aTimeout(QUIET_MS);
    expect(page.loaded()).not.to.include(CHAT);
    button().click();
    await until(() => isUp() && launcher().open);
  });

  it('is open at once if it was open on the previous page', async () => {
    await page.script(attributes);
    button().click();
    await until(() => isUp() && launcher().open);
    page.remove();
    page = await openHostPage();
    await page.script(attributes);
    await until(() => isUp() && launcher().open);
  });

  it('survives a replaced body, and a script that runs again', async () => {
    await page.script(attributes);
    button().click();
    await until(() => isUp() && launcher().open);
    const [before] = connections();
    await until(() => before!.connection.state === 'connected');
    // Like Turbo and Astro on a visit; htmx replaces the content of the body.
    const body = page.document.createElement('body');
    page.document.body.replaceWith(body);
    body.textContent = 'another page';
    await page.script({ ...attributes, 'data-heading': 'Ask us' });
    await aTimeout(100);
    expect(connections()).to.deep.equal([before]);
    expect(before!.connection.state).to.equal('connected');
    expect(launcher().open).to.equal(true);
    expect(launcher().heading).to.equal('Ask us');
  });

  it('supports several instances, distinguished by data-id', async () => {
    await page.script({ ...attributes, 'data-id': 'sales' });
    await page.script({ ...attributes, 'data-id': 'help', 'data-side': 'start', 'data-lang': 'de' });
    expect([launcher(0).id, launcher(1).id]).to.deep.equal(['sales', 'help']);
    button(1).click();
    await until(() => isUp(1) && launcher(1).open);
    expect(launcher(0).open).to.equal(false);
  });

  it('12.16: runs only the chat.js it was built with, and shows that it failed', async () => {
    await page.script({ ...attributes, src: '/changed/loader.js' });
    button().click();
    await until(() => button().ariaBusy === null);
    expect([button().textContent, button().title]).to.deep.equal(['!', 'Chat unavailable']);
    expect(page.loaded()).to.include('/changed/chat.js');
    expect(page.window.customElements.get('chat-connection')).to.equal(undefined);
    expect((page.window as unknown as { changed?: boolean }).changed).to.equal(undefined);
  });

  it('retries on click if the chat could not be loaded on hover', async () => {
    await readAll(1);
    await page.script(attributes);
    const { head } = page.document;
    let tried = 0;
    head.append = (script) => {
      tried++;
      Reflect.deleteProperty(head, 'append');
      (script as HTMLScriptElement).src = '/there-is-no-such-address.js';
      head.append(script);
    };
    button().dispatchEvent(new PointerEvent('pointerenter'));
    await until(() => tried === 1);
    await until(() => page.loaded().includes('/there-is-no-such-address.js'));
    await aTimeout(50); // until its failure is reported
    button().click();
    await until(() => isUp() && launcher().open);
  });

  /** A stand-in for Trusted Types in all engines, which records how the script uses them. */
  const trustedTypes = (): { names: string[]; rules: { createScriptURL(url: string): string }[] } => {
    const made = { names: [] as string[], rules: [] as { createScriptURL(url: string): string }[] };
    Object.defineProperty(page.window, 'trustedTypes', {
      value: {
        createPolicy(name: string, rules: { createScriptURL(url: string): string }) {
          if (made.names.includes(name)) throw new TypeError(`A policy of the name ${name} is there already.`);
          made.names.push(name);
          made.rules.push(rules);
          return rules;
        },
      },
    });
    return made;
  };

  it('creates its policy once for all instances, because a page may allow a name only once', async () => {
    const { names } = trustedTypes();
    await page.script({ ...attributes, 'data-id': 'sales' });
    await page.script({ ...attributes, 'data-id': 'help' });
    await page.script({ ...attributes, 'data-id': 'help' });
    expect([names.filter((name) => name === 'unified-chat').length, connections().length]).to.deep.equal([1, 2]);
  });

  it('10.27: its policy allows only its own chat.js, and several scripts share it', async () => {
    const { names, rules } = trustedTypes();
    await page.script({ ...attributes, 'data-id': 'sales' });
    await page.script({ ...attributes, 'data-id': 'help' });
    const policy = rules[names.indexOf('unified-chat')]!;
    for (const url of ['https://evil.example/x.js', '', 'data:text/javascript,0'])
      expect(policy.createScriptURL(url)).to.equal(new URL(CHAT, location.href).href);
    button(1).click();
    await until(() => isUp(1) && launcher(1).open && isUp(0));
    expect(page.loaded().filter((path) => path === CHAT)).to.have.length(1);
  });

  it('10.27: exposes no policy to other scripts', async () => {
    await page.script(attributes);
    const { window } = page;
    const seen = new Set<unknown>();
    const shared = Object.getOwnPropertySymbols(window).map(
      (symbol) => (window as unknown as Record<symbol, unknown>)[symbol],
    );
    const reachable = (value: unknown): boolean => {
      if (
        (typeof value !== 'object' && typeof value !== 'function') ||
        value === null ||
        seen.has(value) ||
        value instanceof window.Node
      )
        return false;
      seen.add(value);
      return (
        'createScriptURL' in value ||
        Reflect.ownKeys(value).some((key) => reachable((value as Record<PropertyKey, unknown>)[key])) ||
        (value instanceof window.Map && [...value.values()].some(reachable))
      );
    };
    expect(shared.length).to.be.above(0);
    expect(shared.some(reachable)).to.equal(false);
  });

  for (const { url, apiPath, api } of ADDRESSES) {
    it(`10.28: data-url="${url}"${apiPath === undefined ? '' : `, data-api-path="${apiPath}"`}: requests ${api}, without cookies or redirects`, async () => {
      const asked: [string, RequestInit | undefined][] = [];
      page.window.fetch = async (input, init) => {
        asked.push([String(input), init]);
        return new page.window.Response(asked.length === 1 ? '{"token":"secret"}' : '[]');
      };
      await page.script({ ...attributes, 'data-url': url, ...(apiPath !== undefined && { 'data-api-path': apiPath }) });
      await until(() => asked.length === 2);
      const [address, init] = asked[1]!;
      expect([address, init?.credentials, init?.redirect]).to.deep.equal([`${api}rooms/`, 'omit', 'manual']);
    });
  }

  it('waits for the network while offline', async () => {
    await readAll(1);
    await page.script(attributes);
    const { navigator } = page.window;
    Object.defineProperty(navigator, 'onLine', { value: false, configurable: true });
    button().click();
    await aTimeout(200);
    expect(page.loaded()).not.to.include(CHAT);
    expect([button().ariaBusy, button().title]).to.deep.equal(['true', 'Offline']);
    Reflect.deleteProperty(navigator, 'onLine');
    page.window.dispatchEvent(new Event('online'));
    await until(() => isUp() && launcher().open);
  });

  it('explains the correct markup if included as a module', async () => {
    const said: unknown[] = [];
    page.window.console.error = (...words: unknown[]) => said.push(...words);
    await page.script({ ...attributes, type: 'module' });
    expect(String(said[0])).to.match(/remove type=module/);
    expect(connections()).to.deep.equal([]);
  });

  it('10.38: a script that runs again without a user signs the previous one out', async () => {
    await page.script({
      src: '/dist/loader.js',
      'data-url': 'https://api.example',
      'data-user': '7',
      'data-token-url': '/none/',
      'data-room': '3',
    });
    const chat = page.document.querySelector('chat-connection')!;
    expect(chat.getAttribute('user')).to.equal('7');
    await page.script({ src: '/dist/loader.js', 'data-url': 'https://api.example', 'data-token-url': '/none/' });
    expect([chat.getAttribute('user') ?? '', chat.firstElementChild!.getAttribute('room')]).to.deep.equal(['', null]);
  });
});
