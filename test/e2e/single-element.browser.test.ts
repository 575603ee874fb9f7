/** A single imported element loads the connection if it has its own token. */
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

  it('shows signed out, and connects with its own token', async () => {
    const status = await fixture<HTMLElementTagNameMap['chat-status']>(
      html`<chat-status always url=${backend.url}></chat-status>`,
    );
    expect(customElements.get('chat-connection')).to.equal(undefined);
    expect(status.state).to.equal('idle');
    status.token = await backend.token(1);
    while (status.state !== 'connected') await new Promise((resolve) => setTimeout(resolve, 20));
    const other = await fixture<HTMLElementTagNameMap['chat-status']>(html`<chat-status always></chat-status>`);
    expect(other.state).to.equal('connected');
  });
});
