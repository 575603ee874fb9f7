import { aTimeout, expect, fixture, fixtureCleanup, html } from '@open-wc/testing';
import type { ChatStatusElement } from '../../src/elements/chat-status/chat-status.js';
import { json, tokenOf, type FakeBackend } from '../support/fake-backend.js';
import { all, intercept, one, text, until, URL_OF_BACKEND as url } from '../support/mounted.js';

describe('<chat-status>', () => {
  let backend: FakeBackend;
  let restore: () => void;
  beforeEach(() => ({ backend, restore } = intercept()));
  afterEach(async () => {
    fixtureCleanup();
    await aTimeout(0);
    restore();
  });

  async function status(token: string, always = false): Promise<ChatStatusElement> {
    const connection = await fixture(
      html`<chat-connection url=${url} token=${token}><chat-status ?always=${always}></chat-status></chat-connection>`,
    );
    return connection.querySelector('chat-status')!;
  }

  it('12.17, 12.18: shows nothing while connecting quickly and when connected, also if it is added later', async () => {
    const element = await status(tokenOf(1));
    expect(text(element.shadowRoot as unknown as Element)).to.equal('');
    await until(() => element.getAttribute('state') === 'connected');
    const second = document.createElement('chat-status');
    element.after(second);
    const shown: string[] = [];
    const observer = new MutationObserver(() => shown.push(text(second.shadowRoot as unknown as Element)));
    observer.observe(second.shadowRoot!, { childList: true, subtree: true });
    await until(() => second.getAttribute('state') === 'connected');
    observer.disconnect();
    expect(shown.filter(Boolean)).to.deep.equal([]);
    expect([element, second].map((one) => one.getBoundingClientRect().height)).to.deep.equal([0, 0]);
  });

  it('12.17: `always` shows that it is connected', async () => {
    const element = await status(tokenOf(1), true);
    await until(() => text(one(element, '[part=base]')) === 'Connected');
    await expect(element).to.be.accessible();
  });

  it('12.17: lies over the page, so that nothing moves when it appears', async () => {
    const element = await status(tokenOf(1));
    await until(() => element.state === 'connected');
    const below = document.createElement('p');
    element.after(below);
    const { top } = below.getBoundingClientRect();
    backend.rejectedTokens.add(tokenOf(1));
    backend.socket.close(4001);
    await until(() => text(one(element, '[part=label]')) === 'You’re signed out.');
    expect(below.getBoundingClientRect().top).to.equal(top);
    expect(one(element, '[part=base]').getBoundingClientRect().bottom).to.be.above(top);
  });

  it('stays visible with `always`, and invites to sign in', async () => {
    const element = await status('', true);
    await until(() => text(one(element, '[part=label]')) === 'Sign in to chat');
    expect(element.getAttribute('state')).to.equal('idle');
    await expect(element).to.be.accessible();
  });

  it('shows nothing while signed out', async () => {
    const element = await status('');
    expect(text(element.shadowRoot as unknown as Element)).to.equal('');
  });

  for (const [state, label, prepare] of [
    ['polling', 'Messages may take a few seconds.', () => (backend.onSocket = 'refuse')],
    ['unauthorized', 'You’re signed out.', () => backend.rejectedTokens.add(tokenOf(1))],
    [
      'error',
      'No connection. Messages will be sent later.',
      () => {
        backend.onSocket = 'refuse';
        backend.onRequest = () => json({}, 500);
      },
    ],
  ] as const) {
    it(`12.17: says in the customer's words: ${state}`, async () => {
      prepare();
      const element = await status(tokenOf(1));
      await until(() => element.state === state);
      await until(() => text(one(element, '[part=label]')) === label);
      await expect(element).to.be.accessible();
    });
  }

  it('12.17: retries on request; reason and attempts are in the details', async () => {
    backend.onSocket = 'refuse';
    const element = await status(tokenOf(1));
    await until(() => element.state === 'polling' && all(element, '[part=retry]').length === 1);
    expect(text(one(element, '.base'))).to.equal('Messages may take a few seconds. Retry now Details Hide');
    one(element, '[part=details]').click();
    await until(() => one(element, '[part=basics]'));
    expect(text(one(element, '[part=basics]')))
      .to.match(/Attempts \d+(, next in \d+ s)?\s*Server/)
      .and.contain('messages are sent over REST. (websocket_');
    await expect(element).to.be.accessible();
    backend.onSocket = 'greet';
    one(element, '[part=retry]').click();
    await until(() => element.state === 'connected');
    await until(() => /State\s*connected/.test(text(one(element, '[part=basics]'))));
  });

  it('12: can be hidden until the state changes, and lets clicks through to what it covers', async () => {
    backend.rejectedTokens.add(tokenOf(1));
    const element = await status(tokenOf(1));
    const below = document.createElement('p');
    below.textContent = 'a control of the page';
    below.style.margin = '0';
    element.after(below);
    await until(() => text(one(element, '[part=label]')) === 'You’re signed out.');
    const { x, y, width, height } = one(element, '[part=label]').getBoundingClientRect();
    const covered = document.elementFromPoint(
      x + width / 2,
      Math.min(y + height / 2, below.getBoundingClientRect().bottom - 1),
    );
    expect(covered === below).to.equal(true);
    one(element, '[part=hide]').click();
    await until(() => all(element, '[part=base]').length === 0);
    backend.rejectedTokens.clear();
    element.closest('chat-connection')!.connection.retryNow();
    await until(() => element.state === 'connected');
    backend.rejectedTokens.add(tokenOf(1));
    backend.socket.close(4001);
    await until(() => text(one(element, '[part=label]')) === 'You’re signed out.');
  });

  for (const part of ['details', 'retry'])
    it(`12: the focused button '${part}' stays when the problem ends, until it loses the focus`, async () => {
      backend.onSocket = 'refuse';
      const element = await status(tokenOf(1));
      await until(() => element.state === 'polling' && one(element, `[part=${part}]`));
      one(element, `[part=${part}]`).focus();
      backend.onSocket = 'greet';
      element.closest('chat-connection')!.connection.retryNow();
      await until(() => element.state === 'connected');
      await element.updateComplete;
      expect(element.shadowRoot!.activeElement?.getAttribute('part')).to.equal(part);
      one(element, `[part=${part}]`).blur();
      await until(() => all(element, '[part=base]').length === 0);
    });

  it('has a read-only state', async () => {
    const element = await status('');
    element.setAttribute('state', 'connected');
    await element.updateComplete;
    expect(element.state).to.equal('idle');
  });
});
