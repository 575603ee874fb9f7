import { ChatConnection } from '../../src/client/index.js';
import { FakeBackend, tokenOf } from './fake-backend.js';
import { FakeClock } from './fake-clock.js';
import { FakeBrowser } from './fake-tabs.js';
import { MemoryStorage } from './memory-storage.js';
import { partsLoaded } from './lazy-parts.js';

export interface TwoTabs {
  clock: FakeClock;
  backend: FakeBackend;
  /** The tab with the socket, and the other one. */
  one: ChatConnection;
  two: ChatConnection;
}

/** Two connected tabs of one user, with room 1 open, on one storage. @param prepare Configures the backend first. */
export const twoTabs = async (prepare: (backend: FakeBackend) => void = () => {}): Promise<TwoTabs> => {
  const clock = new FakeClock();
  const backend = new FakeBackend(clock);
  prepare(backend);
  const browser = new FakeBrowser();
  const storage = new MemoryStorage();
  const chats = [browser.tab(), browser.tab()].map(
    (tabs) =>
      new ChatConnection(
        { url: 'https://chat.example', token: tokenOf(1) },
        { clock, random: () => 0.5, WebSocket: backend.WebSocket, fetch: backend.fetch, storage, tabs },
      ),
  ) as [ChatConnection, ChatConnection];
  for (const chat of chats) {
    chat.openRoom(1);
    chat.connect();
    await partsLoaded();
    await clock.advance(1000);
  }
  await clock.advance(10_000);
  return { clock, backend, one: chats[0], two: chats[1] };
};
