/**
 * The details of `<chat-status>` if their chunk cannot be loaded. A separate file, because a loaded chunk stays loaded.
 */
import { aTimeout, expect, fixture, fixtureCleanup, html } from '@open-wc/testing';
import { http, HttpResponse } from 'msw';
import { setupWorker } from 'msw/browser';
import type { ChatStatusElement } from '../../src/elements/chat-status/chat-status.js';
import { tokenOf } from '../support/fake-backend.js';
import { intercept, one, text, until, URL_OF_BACKEND as url } from '../support/mounted.js';

describe('<chat-status> without its details chunk', () => {
  const worker = setupWorker();
  let element: ChatStatusElement;
  let restore: () => void;

  before(() =>
    worker.start({ quiet: true, onUnhandledRequest: 'bypass', serviceWorker: { url: '/mockServiceWorker.js' } }),
  );
  after(() => worker.stop());
  beforeEach(async () => {
    const made = intercept((backend) => (backend.onSocket = 'refuse'));
    restore = made.restore;
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
    for (const known of [
      'Could not load the details.',
      'polling',
      // 'unavailable', or on a slow machine 'blocked'
      'websocket_',
      '"attempt":',
      url,
      '"onLine":true',
      new Date().getFullYear(),
    ])
      expect(said).to.contain(known);
    expect(one(element, '[part=details]').getAttribute('aria-expanded')).to.equal('true');
    await expect(element).to.be.accessible();
    one(element, '[part=details]').click();
    await until(() => !one(element, '[part=panel]'));
  });
});
