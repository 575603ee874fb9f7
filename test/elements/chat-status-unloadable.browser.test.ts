/**
 * The details of `<chat-status>` if their chunk cannot be loaded. A separate file, because a loaded chunk stays loaded.
 */
import { aTimeout, expect, fixture, fixtureCleanup, html } from '@open-wc/testing';
import { http, HttpResponse } from 'msw';
import { setupWorker } from 'msw/browser';
import type { ChatStatusElement } from '../../src/elements/chat-status/chat-status.js';
import { tokenOf, type FakeBackend } from '../support/fake-backend.js';
import { intercept, one, text, until, URL_OF_BACKEND as url } from '../support/mounted.js';

describe('<chat-status> without its details chunk', () => {
  const worker = setupWorker();
  let element: ChatStatusElement;
  let backend: FakeBackend;
  let restore: () => void;

  before(() =>
    worker.start({ quiet: true, onUnhandledRequest: 'bypass', serviceWorker: { url: '/mockServiceWorker.js' } }),
  );
  after(() => worker.stop());
  beforeEach(async () => {
    ({ backend, restore } = intercept((made) => (made.onSocket = 'refuse')));
    const connection = await fixture(
      html`<chat-connection url=${url} token=${tokenOf(1)}><chat-status></chat-status></chat-connection>`,
    );
    element = connection.querySelector('chat-status')!;
    await until(() => element.state === 'polling' && one(element, '[part=details]'));
  });
  afterEach(async () => {
    worker.resetHandlers();
    fixtureCleanup();
    await aTimeout(0);
    restore();
  });

  it('reports the failure, and shows the known facts', async () => {
    worker.use(http.get('*/chat-status/details*', () => HttpResponse.error()));
    one(element, '[part=details]').click();
    await until(() => one(element, '[part=panel]'));
    const said = text(one(element, '[part=panel]'));
    // 'unavailable', or on a slow machine 'blocked'
    for (const known of ['Could not load the details.', 'live connection', 'websocket_', url, new Date().getFullYear()])
      expect(said).to.contain(known);
    expect(said).not.to.contain('{');
    expect(one(element, '[part=details]').getAttribute('aria-expanded')).to.equal('true');
    await expect(element).to.be.accessible();
    // The focus moves to the facts, and Escape returns it.
    expect(element.shadowRoot!.activeElement?.getAttribute('part')).to.equal('panel');
    one(element, '[part=panel]').dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
    await until(() => !one(element, '[part=panel]'));
    expect(element.shadowRoot!.activeElement?.getAttribute('part')).to.equal('details');
    one(element, '[part=details]').click();
    await until(() => one(element, '[part=panel]'));
    // They close once connected, but do not take the focus with them.
    await until(() => element.shadowRoot!.activeElement?.getAttribute('part') === 'panel');
    backend.onSocket = 'greet';
    element.closest('chat-connection')!.connection.retryNow();
    await until(() => element.state === 'connected');
    await element.updateComplete;
    expect(element.shadowRoot!.activeElement?.getAttribute('part')).to.equal('panel');
    one(element, '[part=panel]').blur();
    await until(() => !one(element, '[part=panel]'));
  });
});
