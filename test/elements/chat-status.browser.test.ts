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

  it('shows connecting, then connected, then nothing', async () => {
    const element = await status(tokenOf(1));
    await until(() => element.getAttribute('state') === 'connected');
    expect(text(one(element, '[role=status]'))).to.equal('Connected');
    await expect(element).to.be.accessible();
    await until(() => text(element.shadowRoot as unknown as Element) === '');
    expect(element.getBoundingClientRect().height).to.be.below(2);
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

  for (const [state, label, detail, prepare] of [
    [
      'polling',
      'Connected over REST',
      'The live connection is not available yet; messages are sent over REST.',
      () => (backend.onSocket = 'refuse'),
    ],
    ['unauthorized', 'Not signed in', 'Your sign-in was not accepted.', () => backend.rejectedTokens.add(tokenOf(1))],
    [
      'error',
      'No connection',
      'The server reported an error.',
      () => {
        backend.onSocket = 'refuse';
        backend.onRequest = () => json({}, 500);
      },
    ],
  ] as const) {
    it(`shows a text for: ${state}`, async () => {
      prepare();
      const element = await status(tokenOf(1));
      await until(() => element.state === state);
      expect(text(one(element, '[part=label]'))).to.equal(label);
      expect(text(one(element, '[role=status]'))).to.contain(detail);
      await expect(element).to.be.accessible();
    });
  }

  it('counts down to the next attempt, outside the live region, and retries on request', async () => {
    backend.onSocket = 'refuse';
    const element = await status(tokenOf(1));
    await until(() => element.state === 'polling' && all(element, '[part=retry]').length === 1);
    expect(text(one(element, '.base'))).to.match(/Attempt \d+, retrying (in \d+ s|now)/);
    expect(text(one(element, '[role=status]'))).not.to.contain('Attempt');
    await expect(element).to.be.accessible();
    backend.onSocket = 'greet';
    one(element, '[part=retry]').click();
    await until(() => element.state === 'connected');
  });

  it('has a read-only state', async () => {
    const element = await status('');
    element.setAttribute('state', 'connected');
    await element.updateComplete;
    expect(element.state).to.equal('idle');
  });
});
