/** Every feature under a strict Content-Security-Policy with Trusted Types, without any violation. */
import { aTimeout, expect } from '@open-wc/testing';
import type { ChatConnectionElement, ChatLauncherElement } from '../../src/index.js';
import { startBackend, type Backend } from '../support/backend.js';
import { openHostPage, type HostPage } from '../support/host-page.js';
import { all, one } from '../support/mounted.js';

describe('a strict Content-Security-Policy', () => {
  let backend: Backend;
  let page: HostPage;
  before(async () => {
    backend = await startBackend({ limits: { content: 500 } });
  });
  after(() => backend.end());
  afterEach(() => {
    page.window.sessionStorage.clear();
    page.remove();
  });

  const until = async (condition: () => unknown): Promise<void> => {
    while (!condition()) await aTimeout(20);
  };
  const open = async (more = ''): Promise<void> => {
    page = await openHostPage(`/strict-page?backend=${backend.url}&token=${await backend.token(1)}${more}`);
  };
  const violations = (): string[] => (page.window as unknown as { violations: string[] }).violations;
  const find = <T extends Element>(selector: string): T => page.document.querySelector<T>(selector)!;
  const type = (thread: Element, words: string): void => {
    const field = one(thread, 'textarea') as HTMLTextAreaElement;
    field.value = words;
    field.dispatchEvent(new page.window.Event('input'));
    field.dispatchEvent(new page.window.KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
  };

  it('is enforced here: violations are reported', async () => {
    await open();
    page.document.body.append(
      Object.assign(page.document.createElement('img'), { src: 'https://elsewhere.example/a.png' }),
    );
    await until(() => violations().length === 1);
    expect(violations()[0]).to.match(/^img-src https:\/\/elsewhere/);
  });

  it('is not violated by any feature of the elements', async () => {
    await open();
    const root = find<ChatConnectionElement>('chat-connection');
    const [status, rooms, thread] = [find('chat-status'), find('chat-rooms'), find('chat-thread')];
    await until(() => root.connection?.state === 'connected');
    await until(() => all(rooms, '[role=option]').length > 0);
    // The list with a filter.
    const filter = one(rooms, 'input') as HTMLInputElement;
    filter.value = 'zzz';
    filter.dispatchEvent(new page.window.Event('input'));
    await until(() => all(rooms, '[role=option]').length === 0);
    filter.value = '';
    filter.dispatchEvent(new page.window.Event('input'));
    await until(() => all(rooms, '[role=option]').length > 0);
    // Every room of the seed: groups, images, files, quotes, reactions, system messages.
    one(rooms, '[role=option]').click();
    for (const { id } of root.connection.rooms) {
      root.connection.selectRoom(id);
      await until(() => root.connection.data.threads.get(String(id))?.loaded);
    }
    root.connection.selectRoom(1);
    await until(() => all(thread, 'li').length > 0);
    await root.connection.loadOlder(1);
    // A normal and an overlong message.
    type(thread, 'under a strict policy, see https://example.com');
    await until(() => all(thread, '[part=link]').length > 0 && all(thread, '.delivery.check').length > 0);
    type(thread, 'x'.repeat(600));
    await until(() => one(thread, '[part=hint]'));
    (one(thread, 'textarea') as HTMLTextAreaElement).value = '';
    // Another language, which loads a chunk.
    page.document.documentElement.lang = 'de';
    await until(() => (one(thread, 'textarea') as HTMLTextAreaElement).placeholder === 'Nachricht schreiben');
    page.document.documentElement.lang = 'en';
    // The socket is lost while REST works; then both fail and the doctor explains; then everything recovers.
    await backend.faults({ socket: 'strip' });
    await backend.cut();
    await until(() => root.connection.state === 'polling');
    type(thread, 'over REST');
    await until(() => all(thread, '.delivery.clock').length === 0);
    await backend.stop();
    await until(() => root.connection.state === 'error');
    one(status, '[part=details]').click();
    await until(() => all(status, 'li').length > 0);
    await backend.faults({ socket: 'pass' });
    await backend.restart();
    await until(() => {
      root.connection.retryNow();
      return root.connection.state === 'connected';
    });
    expect(violations()).to.deep.equal([]);
  });

  it('is not violated by the loader: button, loading and opening', async () => {
    await open('&loader');
    await until(() => find('chat-launcher')?.shadowRoot);
    const launcher = find<ChatLauncherElement>('chat-launcher');
    one(launcher, 'button').click();
    await until(() => launcher.open);
    await until(() => one(launcher, 'chat-rooms')?.shadowRoot?.querySelector('[role=option]'));
    one(one(launcher, 'chat-rooms'), '[role=option]').click();
    await until(() => one(launcher, 'chat-thread').shadowRoot!.querySelector('li'));
    type(one(launcher, 'chat-thread'), 'from the corner');
    await until(() => all(one(launcher, 'chat-thread'), '.delivery.check, .delivery.checks').length > 0);
    launcher.open = false;
    await launcher.updateComplete;
    expect(violations()).to.deep.equal([]);
  });
});
