/** `<meta name="unified-chat-backends">`: injected markup without scripts cannot obtain the visitor's token. */
import { aTimeout, expect } from '@open-wc/testing';
import type { ChatConnectionElement } from '../../src/index.js';
import { openHostPage, type HostPage } from '../support/host-page.js';

const TOKEN_URL = '/chat-token/';
const GOOD = 'https://api.example';
const EVIL = 'https://evil.example';

describe('the allowed backends of a page', () => {
  let page: HostPage;
  /** All requests and sockets of the page. */
  let asked: string[];
  beforeEach(async () => {
    page = await openHostPage();
    asked = [];
    const { window } = page;
    window.fetch = async (input) => {
      const { href } = new URL(String(input), window.location.href);
      asked.push(href);
      return new window.Response(href.includes(TOKEN_URL) ? '{"token":"secret"}' : '[]', {
        headers: { 'Content-Type': 'application/json' },
      });
    };
    window.WebSocket = class extends EventTarget {
      constructor(url: string) {
        super();
        asked.push(url);
      }
      close(): void {}
    } as never;
  });
  afterEach(() => page.remove());

  const until = async (condition: () => unknown): Promise<void> => {
    while (!condition()) await aTimeout(20);
  };
  const allow = (content: string, where: Element = page.document.head): void =>
    where.append(Object.assign(page.document.createElement('meta'), { name: 'unified-chat-backends', content }));
  const inject = (markup: string): void => page.document.body.insertAdjacentHTML('afterbegin', markup);
  const element = (attributes: string): string => `<chat-connection ${attributes}></chat-connection>`;
  /** The outcome of a connection with these attributes. */
  const outcome = async (attributes: string): Promise<string> => {
    inject(element(attributes));
    await page.script({ type: 'module', src: '/dist/chat.js' });
    await page.window.customElements.whenDefined('chat-connection');
    const { connection } = page.document.querySelector<ChatConnectionElement>('chat-connection')!;
    await until(() => asked.length > 0 || connection.state === 'error');
    return asked.length > 0 ? 'asks' : connection.reason.code;
  };

  for (const [metas, attributes, expected] of [
    [[], `url="${EVIL}" token-url="${TOKEN_URL}"`, 'asks'],
    [[GOOD], `url="${GOOD}" token-url="${TOKEN_URL}"`, 'asks'],
    [[`${EVIL}\n  ${GOOD}/`], `url="${GOOD}/" token="secret"`, 'asks'],
    [[`${GOOD}/v2`], `url="${GOOD}/v2" token="secret"`, 'asks'],
    [[GOOD], `url="${EVIL}" token-url="${TOKEN_URL}"`, 'bad_configuration'],
    [[GOOD], `url="${EVIL}" token="secret"`, 'bad_configuration'],
    [[GOOD], `url="${GOOD}.evil.example" token="secret"`, 'bad_configuration'],
    [[GOOD], `url="//evil.example" token="secret"`, 'bad_configuration'],
    [[GOOD], `url="http://api.example" token="secret"`, 'bad_configuration'],
    [[GOOD], `token="secret"`, 'bad_configuration'],
    [[GOOD], `url="${GOOD}" token-url="${EVIL}/token"`, 'bad_configuration'],
    [[`${GOOD}/v2`], `url="${GOOD}/v1" token="secret"`, 'bad_configuration'],
    [[`${GOOD}/v2`], `url="${GOOD}/v22" token="secret"`, 'bad_configuration'],
    [[`${GOOD}/v2`], `url="${GOOD}/v2" api-path="../v1/" token="secret"`, 'bad_configuration'],
    [[`${GOOD}/v2`], `url="${GOOD}/v2" ws-path="%2e%2e/v1/" token="secret"`, 'bad_configuration'],
    [[GOOD, EVIL], `url="${GOOD}" token="secret"`, 'bad_configuration'],
    [[GOOD, `${GOOD} ${EVIL}`], `url="${GOOD}" token="secret"`, 'asks'],
    [[''], `url="${GOOD}" token="secret"`, 'bad_configuration'],
    [['api.example'], `url="${GOOD}" token="secret"`, 'bad_configuration'],
  ] as const) {
    it(`10.26: <meta> ${JSON.stringify(metas)}, ${attributes}: ${expected}`, async () => {
      for (const content of metas) allow(content);
      expect(await outcome(attributes)).to.equal(expected);
      if (expected !== 'asks') {
        await aTimeout(50);
        expect(asked).to.deep.equal([]);
      }
    });
  }

  it('10.26: `chat-error` explains the remedy, without other parts of the addresses', async () => {
    allow(GOOD);
    const errors: string[] = [];
    page.window.addEventListener('chat-error', ({ message }) => errors.push(message));
    await outcome(`url="${EVIL}" token-url="${EVIL}/?key=hidden"`);
    await until(() => errors.length > 0);
    expect(errors[0]).to.contain('unified-chat-backends').and.not.contain('hidden');
  });

  it('10.26: a <meta> in the body, or one added later, is ignored', async () => {
    allow(GOOD);
    allow(EVIL, page.document.body);
    await page.script({ type: 'module', src: '/dist/chat.js' });
    await page.window.customElements.whenDefined('chat-connection');
    page.document.head.querySelector('meta[name=unified-chat-backends]')!.setAttribute('content', EVIL);
    allow(EVIL);
    expect(await outcome(`url="${EVIL}" token-url="${TOKEN_URL}"`)).to.equal('bad_configuration');
    expect(asked).to.deep.equal([]);
  });

  it('10.26: loader.js identifies its own script despite an <img name=currentScript>', async () => {
    inject(
      `<img name="currentScript" src="/none.png" data-url="${EVIL}" data-token-url="${TOKEN_URL}"><img name="head"><img name="documentElement">`,
    );
    await page.script({ src: '/dist/loader.js', async: '', 'data-url': GOOD, 'data-token-url': TOKEN_URL });
    await until(() => asked.length >= 2);
    expect(asked).to.deep.equal([new URL(TOKEN_URL, location.href).href, `${GOOD}/api/chat/rooms/`]);
    expect(page.document.querySelector('chat-connection')!.getAttribute('url')).to.equal(GOOD);
  });

  it('10.26: an <img name=head> does not hide the <meta> from chat.js', async () => {
    allow(GOOD);
    inject('<img name="head">');
    expect(await outcome(`url="${EVIL}" token-url="${TOKEN_URL}"`)).to.equal('bad_configuration');
  });

  for (const [what, attributes] of [
    ['the backend', { 'data-url': EVIL, 'data-token-url': TOKEN_URL }],
    ['the token', { 'data-url': GOOD, 'data-token-url': `${EVIL}/token` }],
  ] as const) {
    it(`10.26: loader.js requests no token if the page does not allow ${what}`, async () => {
      allow(GOOD);
      await page.script({ src: '/dist/loader.js', async: '', ...attributes });
      await until(() => page.document.querySelector('chat-launcher')?.shadowRoot);
      await aTimeout(100);
      expect(asked).to.deep.equal([]);
    });
  }

  it('10.26: loader.js requests it if the page allows it, and from the page itself, despite a <base>', async () => {
    allow(GOOD);
    page.document.head.append(Object.assign(page.document.createElement('base'), { href: `${EVIL}/` }));
    await page.script({
      src: `${location.origin}/dist/loader.js`,
      async: '',
      'data-url': GOOD,
      'data-token-url': TOKEN_URL,
    });
    await until(() => asked.length >= 2);
    expect(asked).to.deep.equal([new URL(TOKEN_URL, location.href).href, `${GOOD}/api/chat/rooms/`]);
  });
});
