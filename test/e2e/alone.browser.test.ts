/** One element, imported without the others: what it lacks is loaded when it has a token of its own. */
import { expect, fixture, fixtureCleanup, html } from '@open-wc/testing';
import '../../src/define/chat-status.js';
import { startBackend, type Backend } from '../support/backend.js';

describe('<chat-status> alone', () => {
  let backend: Backend;
  before(async () => {
    backend = await startBackend();
  });
  after(async () => {
    fixtureCleanup();
    await backend.end();
  });

  it('says that nobody is signed in, and connects with a token of its own', async () => {
    const status = await fixture<HTMLElementTagNameMap['chat-status']>(html`<chat-status always url=${backend.url}></chat-status>`);
    expect(customElements.get('chat-connection')).to.equal(undefined);
    expect(status.state).to.equal('idle');
    status.token = await backend.token(1);
    while (status.state !== 'connected') await new Promise((resolve) => setTimeout(resolve, 20));
    const other = await fixture<HTMLElementTagNameMap['chat-status']>(html`<chat-status always></chat-status>`);
    expect(other.state).to.equal('connected');
  });
});
