/** The details panel of `<chat-status>`, which a user with a connection problem opens and can forward to support. */
import { aTimeout, expect, fixture, fixtureCleanup, html } from '@open-wc/testing';
import { sendKeys } from '@web/test-runner-commands';
import type { ChatConnectionElement } from '../../src/elements/chat-connection/chat-connection.js';
import type { ChatStatusElement } from '../../src/elements/chat-status/chat-status.js';
import { json, room, tokenOf, type FakeBackend } from '../support/fake-backend.js';
import { all, intercept, one, text, until, URL_OF_BACKEND as url } from '../support/mounted.js';

const TOKEN = tokenOf(1, { secret: 'nobody-may-see-this' });

describe('<chat-status> details panel', () => {
  let backend: FakeBackend;
  let restore: () => void;
  beforeEach(() => {
    ({ backend, restore } = intercept());
    // A request without a token is refused, and each room can be asked for.
    backend.rejectedTokens.add('');
    backend.onRequest = (method, path) =>
      method === 'GET' && path === 'rooms/1/' ? json(room(1, 'Ana & Ben')) : undefined;
  });
  afterEach(async () => {
    fixtureCleanup();
    await aTimeout(0);
    restore();
  });

  async function status(state: string, lang = 'en'): Promise<ChatStatusElement> {
    const connection = await fixture(
      html`<chat-connection url=${url} token=${TOKEN} lang=${lang}><chat-status></chat-status></chat-connection>`,
    );
    const element = connection.querySelector('chat-status')!;
    await until(() => element.state === state);
    // A problem that may end by itself is shown after a while.
    if (state !== 'connected') await until(() => button(element));
    return element;
  }

  const button = (element: Element): HTMLElement => one(element, '[part=details]');
  const panel = (element: Element): HTMLElement | undefined => one(element, '[part=panel]');

  /** Opens the details while the socket is refused. */
  async function opened(lang?: string): Promise<ChatStatusElement> {
    backend.onSocket = 'refuse';
    const element = await status('polling', lang);
    button(element).click();
    await until(() => panel(element));
    return element;
  }

  const diagnosed = (element: Element): Promise<void> =>
    until(() => /^(Check complete|Prüfung abgeschlossen)/.test(text(one(element, '[part=progress]'))));

  it('has no button while everything works', async () => {
    const element = await status('connected');
    expect(all(element, '[part=details]')).to.deep.equal([]);
  });

  for (const [state, prepare] of [
    ['polling', () => (backend.onSocket = 'refuse')],
    ['unauthorized', () => backend.rejectedTokens.add(TOKEN)],
    ['error', () => ((backend.onSocket = 'refuse'), (backend.onRequest = () => json({}, 500)))],
  ] as const) {
    it(`has a button with a problem: ${state}`, async () => {
      prepare();
      const element = await status(state);
      expect(text(button(element))).to.equal('Details');
      expect(button(element).getAttribute('aria-expanded')).to.equal('false');
      await expect(element).to.be.accessible();
    });
  }

  it('moves the focus into the panel, shows known facts at once, and then the findings of the doctor', async () => {
    const element = await opened();
    expect(button(element).getAttribute('aria-expanded')).to.equal('true');
    expect(element.shadowRoot!.activeElement).to.equal(one(element, '[part=panel-heading]'));
    const basics = text(one(element, '[part=basics]'));
    for (const known of ['polling', `Server ${url}/`, 'Browser reports online', 'Time 20'])
      expect(basics).to.contain(known);
    // Of the reasons for polling, on a slow machine a later one.
    expect(basics).to.match(/\(websocket_(unavailable|blocked)\)/);
    expect(basics).to.match(/Attempts [1-9]/);
    await diagnosed(element);
    expect(text(one(element, '[part=progress]'))).to.equal('Check complete: 1 problem found.');
    const [failed] = all(element, '[part=finding].fail');
    expect(text(failed)).to.match(
      /^failed socket\.upgrade REST works with this token, but the WebSocket handshake is refused.*npx unified-chat doctor/,
    );
    expect(text(one(element, '[part=all-checks]'))).to.match(/^All checks \(\d\d?\)$/);
    expect(text(panel(element))).to.contain('passed rest.reachable');
    await expect(element).to.be.accessible();
  });

  it('changes nothing on the server', async () => {
    const element = await opened();
    await diagnosed(element);
    for (const { method } of backend.requests) expect(method).to.equal('GET');
    expect(backend.requests.some(({ path }) => path.includes('messages'))).to.equal(false);
  });

  it('announces to a screen reader that the diagnosis runs, and its result', async () => {
    backend.onSocket = 'refuse';
    const element = await status('polling');
    const said: string[] = [];
    new MutationObserver(() => {
      const now = text(one(element, '[part=progress]'));
      if (now !== said.at(-1)) said.push(now);
    }).observe(element.shadowRoot!, { childList: true, characterData: true, subtree: true });
    button(element).click();
    await until(() => said.length > 1);
    await until(() => text(one(element, '[role=status]')).includes('Check complete: 1 problem found.'));
    expect(said).to.deep.equal([
      'Checking the server. This changes nothing on it.',
      'Check complete: 1 problem found.',
    ]);
  });

  it('closes with Escape, its close button and its toggle button; the focus returns', async () => {
    const element = await opened();
    let heard = 0;
    element.addEventListener('keydown', () => heard++);
    await sendKeys({ press: 'Escape' });
    await until(() => !panel(element));
    expect(heard, 'a dialog around it stays open').to.equal(0);
    expect(element.shadowRoot!.activeElement).to.equal(button(element));
    expect(button(element).getAttribute('aria-expanded')).to.equal('false');
    button(element).click();
    await until(() => panel(element));
    one(element, '[part=close]').click();
    await until(() => !panel(element));
    expect(element.shadowRoot!.activeElement).to.equal(button(element));
    button(element).click();
    await until(() => panel(element));
    button(element).click();
    await until(() => !panel(element));
  });

  it('aborts the diagnosis when it is closed', async () => {
    backend.onSocket = 'refuse';
    // Only the doctor asks for a single room.
    backend.onRequest = (_method, path) => (path === 'rooms/1/' ? 'hang' : undefined);
    const { fetch } = window;
    let underWay: AbortSignal | null | undefined;
    window.fetch = (input, init) => {
      if (String(input).endsWith('rooms/1/')) underWay = init!.signal;
      return fetch(input, init);
    };
    const element = await status('polling');
    button(element).click();
    await until(() => underWay);
    expect(underWay!.aborted).to.equal(false);
    button(element).click();
    await until(() => !panel(element));
    expect(underWay!.aborted).to.equal(true);
  });

  it('12.18: stays open when the connection recovers, and checks the server again', async () => {
    const element = await opened();
    await diagnosed(element);
    const progress: string[] = [];
    new MutationObserver(() => progress.push(text(one(element, '[part=progress]')))).observe(element.shadowRoot!, {
      childList: true,
      characterData: true,
      subtree: true,
    });
    backend.onSocket = 'greet';
    // Repeated: an attempt that has already begun is still refused.
    await until(() => {
      one(element, '[part=retry]')?.click();
      return element.state === 'connected';
    });
    await until(() => progress.some((words) => words.startsWith('Checking')));
    expect(text(one(element, '[part=basics]'))).to.match(/State\s*connected/);
    button(element).click();
    await until(() => !panel(element));
  });

  describe('is copied as text', () => {
    const clipboard = Object.getOwnPropertyDescriptor(navigator, 'clipboard');
    const give = (writeText: (words: string) => Promise<void>): void =>
      void Object.defineProperty(navigator, 'clipboard', { configurable: true, value: { writeText } });
    afterEach(() => {
      delete (navigator as { clipboard?: unknown }).clipboard;
      if (clipboard) Object.defineProperty(navigator, 'clipboard', clipboard);
    });

    it('completely, but never with the token', async () => {
      let copied = '';
      give(async (words) => void (copied = words));
      backend.onSocket = 'refuse';
      const element = await status('polling');
      backend.onRequest = () => json({ detail: `No: ${TOKEN}, really` }, 403);
      button(element).click();
      await until(() => panel(element));
      await diagnosed(element);
      one(element, '[part=copy]').click();
      await until(() => copied);
      expect(copied)
        .to.contain('Reason: ')
        .and.to.contain(`Server: ${url}/`)
        .and.to.contain(navigator.userAgent)
        .and.to.contain('failed: token.rest: ')
        .and.to.contain('[token]');
      for (const part of TOKEN.split('.').slice(0, 2)) expect(copied + text(panel(element))).not.to.contain(part);
      await until(() => text(panel(element)).includes('Copied.'));
    });

    it('by the user, from a selected text field, if the clipboard is not available', async () => {
      give(() => Promise.reject(new DOMException('no', 'NotAllowedError')));
      const element = await opened();
      await diagnosed(element);
      one(element, '[part=copy]').click();
      await until(() => all(element, '[part=text]').length === 1);
      const field = one(element, '[part=text]') as HTMLTextAreaElement;
      expect(field.value).to.contain('socket.upgrade');
      await until(() => field.selectionEnd - field.selectionStart === field.value.length);
      await expect(element).to.be.accessible();
    });
  });

  it('shows the known facts if the doctor cannot be loaded', async () => {
    backend.onSocket = 'refuse';
    const element = await status('polling');
    (element.closest('chat-connection') as ChatConnectionElement).connection.diagnose = () =>
      Promise.reject(new TypeError('Failed to fetch dynamically imported module'));
    button(element).click();
    await until(() => text(one(element, '[part=progress]')).startsWith('The server could not be checked'));
    expect(text(one(element, '[part=basics]'))).to.contain('State polling');
    await expect(element).to.be.accessible();
  });

  it('shows the error of an invalid url', async () => {
    const connection = await fixture(
      html`<chat-connection url="http://" token=${TOKEN}><chat-status></chat-status></chat-connection>`,
    );
    const element = connection.querySelector('chat-status')!;
    await until(() => element.state === 'error');
    button(element).click();
    await until(() => text(one(element, '[part=progress]')).includes('is not an address'));
    expect(text(one(element, '[part=basics]'))).to.contain('(bad_configuration)');
  });

  it('is in German, but marks the findings as English', async () => {
    const element = await opened('de');
    await until(() => text(one(element, '[part=retry]')) === 'Jetzt versuchen');
    await diagnosed(element);
    expect(text(one(element, '[part=panel-heading]'))).to.equal('Verbindungsdetails');
    expect(text(all(element, '[part=finding].fail')[0])).to.match(/^fehlgeschlagen socket\.upgrade/);
    expect(one(element, '[part=findings]').lang).to.equal('en');
    await expect(element).to.be.accessible();
  });
});
