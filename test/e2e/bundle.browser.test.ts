/** The compressed bundle as delivered to pages. */
import { expect, fixture, fixtureCleanup, html } from '@open-wc/testing';
import type { ChatConnection } from '../../src/headless.js';
import { startBackend, type Backend } from '../support/backend.js';

describe('dist/chat.js', () => {
  let backend: Backend;
  before(async () => {
    backend = await startBackend();
    await import(new URL('/dist/chat.js', location.href).href);
  });
  after(async () => {
    fixtureCleanup();
    await backend.end();
  });

  it('registers the elements, and two users can talk', async () => {
    for (const name of ['connection', 'rooms', 'thread', 'status', 'launcher'])
      await customElements.whenDefined(`chat-${name}`);
    const root = await fixture<HTMLElement & { connection: ChatConnection }>(
      html`<chat-connection url=${backend.url} token=${await backend.token(1)}><chat-status always></chat-status><chat-rooms selected="1"></chat-rooms><chat-thread></chat-thread></chat-connection>`,
    );
    const until = async (condition: () => unknown): Promise<void> => {
      while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
    };
    await until(() => root.connection.state === 'connected');
    const thread = root.querySelector('chat-thread')!;
    await until(() => thread.shadowRoot!.querySelectorAll('li').length > 5);
    const { method } = await root.connection.sendChatMessage(1, 'from the bundle');
    expect(method).to.equal('websocket');
    await until(() => thread.shadowRoot!.textContent.includes('from the bundle'));
    await expect(root).to.be.accessible();
  });

  it('imports no other file before it runs: each would cost a page a round trip', async () => {
    const code = await (await fetch('/dist/chat.js')).text();
    expect(code.match(/\b(from|import)\s*["'`][^"'`]*["'`]/g) ?? []).to.deep.equal([]);
    expect(code, 'chunks are imported on demand').to.match(/import\(/);
  });

  it('loads German from a separate chunk', async () => {
    const status = await fixture<HTMLElement>(html`<chat-status always lang="de"></chat-status>`);
    while (!status.shadowRoot!.textContent.includes('Zum Chatten anmelden'))
      await new Promise((resolve) => setTimeout(resolve, 20));
  });

  it('contacts only its own host and the backend', () => {
    const hosts = new Set(performance.getEntriesByType('resource').map(({ name }) => new URL(name).host));
    hosts.delete(location.host);
    hosts.delete(new URL(backend.url).host);
    expect([...hosts]).to.deep.equal([]);
  });
});
