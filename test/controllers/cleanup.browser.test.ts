/** After the chat is removed, no page listener and no socket remain. */
import { aTimeout, expect, fixtureCleanup, html } from '@open-wc/testing';
import { tokenOf } from '../support/fake-backend.js';
import { all, intercept, mount, until, URL_OF_BACKEND as url } from '../support/mounted.js';
import { partsLoaded } from '../support/lazy-parts.js';

describe('after removal', () => {
  const { addEventListener: add, removeEventListener: remove } = EventTarget.prototype;
  /** Listeners on long-lived targets: window, document, media queries. */
  const listening = new Map<EventTarget, [string, unknown][]>();
  const outlives = (target: unknown): target is EventTarget =>
    target === window || target === document || target instanceof MediaQueryList;
  const forget = (target: EventTarget, type: string, listener: unknown): void => {
    const known = listening.get(target) ?? [];
    listening.set(
      target,
      known.filter(([name, other]) => name !== type || other !== listener),
    );
  };

  beforeEach(() => {
    listening.clear();
    EventTarget.prototype.addEventListener = function (
      this: unknown,
      ...[type, listener, options]: Parameters<typeof add>
    ) {
      const target = this ?? window;
      if (outlives(target)) {
        listening.set(target, [...(listening.get(target) ?? []), [type, listener]]);
        if (typeof options === 'object')
          options.signal?.addEventListener('abort', () => forget(target, type, listener));
      }
      add.call(target as EventTarget, type, listener, options);
    };
    EventTarget.prototype.removeEventListener = function (
      this: unknown,
      ...[type, listener, options]: Parameters<typeof remove>
    ) {
      const target = this ?? window;
      if (outlives(target)) forget(target, type, listener);
      remove.call(target as EventTarget, type, listener, options);
    };
  });
  afterEach(() => {
    EventTarget.prototype.addEventListener = add;
    EventTarget.prototype.removeEventListener = remove;
  });

  it('no listener and no socket remain, after any use', async () => {
    const { backend, restore } = intercept((made) => made.store(1, 2, 'hello'));
    const { connection, rooms, thread } = await mount(
      html`<chat-connection url=${url} token=${tokenOf(1)}><chat-status always></chat-status><chat-rooms></chat-rooms><chat-thread></chat-thread><chat-launcher open></chat-launcher></chat-connection>`,
    );
    await partsLoaded();
    await until(() => all(rooms, '[role=option]').length > 0);
    all(rooms, '[role=option]')[0]!.click();
    await until(() => all(thread, 'li').length > 0);
    expect([...listening.values()].flat().length, 'something listens meanwhile').to.be.above(2);
    await connection.connection.sendChatMessage(1, 'and goodbye');
    fixtureCleanup();
    await until(() => backend.open.length === 0);
    await aTimeout(0);
    expect([...listening.values()].flat().map(([type]) => type)).to.deep.equal([]);
    restore();
  });
});
