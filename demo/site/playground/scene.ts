/** Shared by playground and studio: simulated backends and networks, connections that stay in one state, launchers. */
import { setupWorker } from 'msw/browser';
import 'unified-chat';
import type { PageBackend, State } from './backend.js';

/** The appearances of a launcher, with their descriptions. */
export const LAUNCHERS = {
  closed: 'Closed, with everything read.',
  unread: 'Closed, with the number of unread messages.',
  open: 'Open.',
} as const;
export type Launcher = keyof typeof LAUNCHERS;
export const isLauncher = (name: string | null): name is Launcher => name !== null && Object.hasOwn(LAUNCHERS, name);

/** Lets these backends answer the requests of the page. */
export async function answerWith(backends: PageBackend[]): Promise<void> {
  const url = new URL('../mockServiceWorker.js', location.href).href;
  // msw passes the worker's URL as a string, which Trusted Types block. This policy allows only that URL.
  const { trustedTypes } = globalThis as { trustedTypes?: { createPolicy(name: 'default', rules: object): void } };
  trustedTypes?.createPolicy('default', { createScriptURL: (wanted: string) => (wanted === url ? wanted : null) });
  await setupWorker(...backends.flatMap(({ handlers }) => handlers)).start({
    quiet: true,
    onUnhandledRequest: 'bypass',
    serviceWorker: { url },
  });
}

/** An unsigned token with a user id: these backends do not verify signatures. */
const TOKEN = ['{"alg":"none"}', '{"user_id":1}', 'x'].map((part) => btoa(part)).join('.');

/** Creates a connection whose backend simulates this state. */
export function connectTo(url: string, state: State): HTMLElementTagNameMap['chat-connection'] {
  const element = document.createElement('chat-connection');
  const { connection } = element;
  element.url = url;
  element.share = 'off';
  if (state !== 'idle') element.token = TOKEN;
  // A connection becomes `connected` only when its open rooms are read, and this room cannot be read.
  if (state === 'reconnecting') connection.openRoom(1);
  // After ten seconds without a greeting, a session leaves the state `connecting`, so the connection is restarted.
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

/** Adds a launcher. The tab remembers by id whether a launcher was open, so each launcher gets a new id. */
export function addLauncher(place: Element, isOpen: boolean): HTMLElementTagNameMap['chat-launcher'] {
  const launcher = Object.assign(document.createElement('chat-launcher'), { id: crypto.randomUUID(), open: isOpen });
  place.append(launcher);
  return launcher;
}

/** Simulates the online state of the browser: `navigator.onLine` and its event. */
export function setOnline(isOnline: boolean): void {
  if (navigator.onLine === isOnline) return;
  Object.defineProperty(navigator, 'onLine', { value: isOnline, configurable: true });
  dispatchEvent(new Event(isOnline ? 'online' : 'offline'));
}
