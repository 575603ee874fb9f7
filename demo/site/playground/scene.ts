/** What the playground and the studio make alike: a backend in the page, a connection that stays in one state, a launcher, and a network that is gone. */
import { setupWorker } from 'msw/browser';
import 'unified-chat';
import type { PageBackend, State } from './backend.js';

/** What a launcher can be seen as. */
export const LAUNCHERS = {
  closed: 'Closed, and everything is read.',
  unread: 'Closed, with the number of what is unread.',
  open: 'Open.',
} as const;
export type Launcher = keyof typeof LAUNCHERS;
export const isLauncher = (name: string | null): name is Launcher => name !== null && Object.hasOwn(LAUNCHERS, name);

/** Has these answer what the page asks. */
export async function answerWith(backends: PageBackend[]): Promise<void> {
  const url = new URL('../mockServiceWorker.js', location.href).href;
  // A page with a strict policy starts no worker from a mere string, which is what msw has: this one it may.
  const { trustedTypes } = globalThis as { trustedTypes?: { createPolicy(name: 'default', rules: object): void } };
  trustedTypes?.createPolicy('default', { createScriptURL: (wanted: string) => (wanted === url ? wanted : null) });
  await setupWorker(...backends.flatMap(({ handlers }) => handlers)).start({
    quiet: true,
    onUnhandledRequest: 'bypass',
    serviceWorker: { url },
  });
}

/** An unsigned token that says whose it is: these backends look at nothing else. */
const TOKEN = ['{"alg":"none"}', '{"user_id":1}', 'x'].map((part) => btoa(part)).join('.');

/** An element whose backend is in this state. */
export function connectTo(url: string, state: State): HTMLElementTagNameMap['chat-connection'] {
  const element = document.createElement('chat-connection');
  const { connection } = element;
  element.url = url;
  element.share = 'off';
  if (state !== 'idle') element.token = TOKEN;
  // Connected is who has read the rooms that are open: this one cannot be read.
  if (state === 'reconnecting') connection.openRoom(1);
  // A session waits ten seconds for a greeting, and then goes on without one. Here it begins again.
  if (state === 'connecting') {
    connection.on('chat-state-change', () =>
      queueMicrotask(() => {
        if (!element.isConnected || connection.state === 'connecting') return;
        connection.disconnect();
        connection.connect();
      }),
    );
  }
  return element;
}

/** A launcher as it is wanted. By its name a tab remembers whether it was open, so each has a new one. */
export function addLauncher(place: Element, isOpen: boolean): HTMLElementTagNameMap['chat-launcher'] {
  const launcher = Object.assign(document.createElement('chat-launcher'), { id: crypto.randomUUID(), open: isOpen });
  place.append(launcher);
  return launcher;
}

/** A page cannot take the network away; it can say that it is gone, as the browser would. */
export function setOnline(isOnline: boolean): void {
  if (navigator.onLine === isOnline) return;
  Object.defineProperty(navigator, 'onLine', { value: isOnline, configurable: true });
  dispatchEvent(new Event(isOnline ? 'online' : 'offline'));
}
