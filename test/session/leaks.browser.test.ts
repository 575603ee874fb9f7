/** Resources that a connection leaves in a real browser after it has ended: none. */
import { expect } from '@open-wc/testing';
import { ChatConnection } from '../../src/client/index.js';
import { FakeBackend, tokenOf } from '../support/fake-backend.js';
import { FakeClock } from '../support/fake-clock.js';
import { until } from '../support/mounted.js';

describe('after the end of a connection', () => {
  const { open } = IDBFactory.prototype;
  const { close } = IDBDatabase.prototype;
  const { BroadcastChannel } = window;
  afterEach(() => {
    IDBFactory.prototype.open = open;
    IDBDatabase.prototype.close = close;
    window.BroadcastChannel = BroadcastChannel;
  });

  /** Own locks that are held or requested. */
  async function locks(): Promise<string[]> {
    const { held = [], pending = [] } = await navigator.locks.query();
    return [...held, ...pending].flatMap(({ name }) => (name?.startsWith('unified-chat/') ? [name] : []));
  }

  it('10.21: no database, channel, lock, lock request or socket is left', async () => {
    const databases = new Set<IDBDatabase>();
    const channels = new Set<BroadcastChannel>();
    const most = { databases: 0, channels: 0, locks: 0 };
    IDBFactory.prototype.open = function (this: IDBFactory, ...parameters) {
      const request = open.apply(this, parameters);
      request.addEventListener('success', () => {
        databases.add(request.result);
        most.databases = Math.max(most.databases, databases.size);
      });
      return request;
    };
    IDBDatabase.prototype.close = function (this: IDBDatabase) {
      databases.delete(this);
      close.call(this);
    };
    window.BroadcastChannel = class extends BroadcastChannel {
      constructor(name: string) {
        super(name);
        channels.add(this);
        most.channels = Math.max(most.channels, channels.size);
      }
      override close(): void {
        channels.delete(this);
        super.close();
      }
    };
    const backend = new FakeBackend(new FakeClock());
    const [ana, ben] = [tokenOf(1), tokenOf(2)];
    backend.userOf = (token) => (token === ben ? 2 : 1);
    const connection = (): ChatConnection =>
      new ChatConnection(
        { url: 'https://chat.example', token: ana },
        { WebSocket: backend.WebSocket, fetch: backend.fetch },
      );
    // For the browser these are two tabs: the second follows the first, and waits for its locks.
    const [first, second] = [connection(), connection()];
    for (const chat of [first, second]) chat.openRoom(1);
    for (let n = 0; n < 20; n++) {
      first.configure({ token: n % 3 === 2 ? ben : ana });
      first.connect();
      await until(() => first.state === 'connected');
      second.connect();
      if (n % 2 === 0) {
        await until(() => second.state === 'connected');
        await first.sendChatMessage(1, `number ${n}`);
        second.saveDraft(1, `half a thought ${n}`);
        most.locks = Math.max(most.locks, (await locks()).length);
      }
      // In either order, and during startup.
      for (const chat of n % 4 < 2 ? [first, second] : [second, first]) chat.disconnect();
    }
    expect(most.databases, 'databases were open').to.be.above(0);
    expect(most.channels, 'channels were open').to.be.above(0);
    expect(most.locks, 'locks were held and requested').to.be.above(2);
    while ((await locks()).length > 0) await until(() => true);
    await until(() => databases.size === 0);
    expect([databases.size, channels.size, await locks(), backend.open.length]).to.deep.equal([0, 0, [], 0]);
  });
});
