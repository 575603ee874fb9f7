import {
  ChatConnection,
  type ConnectionConfig,
  type ConnectionDependencies,
  type ConnectionEvents,
} from '../../src/client/index.js';
import { FakeBackend, tokenOf } from './fake-backend.js';
import { FakeClock } from './fake-clock.js';
import { MemoryStorage } from './memory-storage.js';
import { partsLoaded } from './lazy-parts.js';

export interface Scene {
  chat: ChatConnection;
  backend: FakeBackend;
  clock: FakeClock;
  states: string[];
  reasons: string[];
  problems: string[];
}

/** Everything that a connection uses of the browser: fake, and without other tabs. */
export const fakeDependencies = (backend: FakeBackend, clock: FakeClock): ConnectionDependencies => ({
  clock,
  random: () => 0.999,
  WebSocket: backend.WebSocket,
  fetch: backend.fetch,
  storage: new MemoryStorage(),
  tabs: {},
});

/** A connection with a fake clock and a fake backend. */
export function scene(config: ConnectionConfig = {}, prepare: (backend: FakeBackend) => void = () => {}): Scene {
  const clock = new FakeClock();
  const backend = new FakeBackend(clock);
  prepare(backend);
  const chat = new ChatConnection(
    { url: 'https://chat.example', token: tokenOf(1), ...config },
    fakeDependencies(backend, clock),
  );
  const scene: Scene = { chat, backend, clock, states: [], reasons: [], problems: [] };
  chat.on('chat-state-change', ({ state, reason }: ConnectionEvents['chat-state-change']) => {
    if (scene.states.at(-1) !== state) scene.states.push(state);
    scene.reasons.push(reason.code);
  });
  chat.on('chat-error', ({ code, message }) => scene.problems.push(`${code}: ${message}`));
  return scene;
}

/** The same, connected. */
export async function connected(
  config: ConnectionConfig = {},
  prepare?: (backend: FakeBackend) => void,
): Promise<Scene> {
  const made = scene(config, prepare);
  made.chat.connect();
  await partsLoaded();
  await made.clock.advance(0);
  return made;
}
