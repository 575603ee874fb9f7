/** Elements on a real page, connected to a fake backend. */
import { aTimeout, fixture, fixtureCleanup, nextFrame } from '@open-wc/testing';
import type { TemplateResult } from 'lit';
import '../../src/define.js';
import type { ChatConnectionElement } from '../../src/elements/chat-connection/chat-connection.js';
import type { ChatRoomsElement } from '../../src/elements/chat-rooms/chat-rooms.js';
import type { ChatStatusElement } from '../../src/elements/chat-status/chat-status.js';
import type { ChatThreadElement } from '../../src/elements/chat-thread/chat-thread.js';
import { FakeBackend } from './fake-backend.js';
import { FakeClock } from './fake-clock.js';

/** Redirects the network access of the whole page to a fake backend, until `restore`. */
export function intercept(prepare: (backend: FakeBackend) => void = () => {}): {
  backend: FakeBackend;
  restore: () => void;
} {
  const backend = new FakeBackend(new FakeClock());
  prepare(backend);
  const { WebSocket, fetch } = window;
  const isOurs = (url: unknown): boolean => String(url instanceof Request ? url.url : url).includes('chat.example');
  window.WebSocket = new Proxy(WebSocket, {
    construct: (target, [url, protocols]: [string, string[]]) =>
      isOurs(url) ? new backend.WebSocket(url) : new target(url, protocols),
  });
  window.fetch = (input, init) => (isOurs(input) ? backend.fetch(input, init) : fetch(input, init));
  return {
    backend,
    restore: () => {
      window.WebSocket = WebSocket;
      window.fetch = fetch;
    },
  };
}

/**
 * Gives every test of a suite a fake backend, and removes its elements afterwards. Call it inside of `describe`.
 * @returns the backend of the current test.
 */
export function useFakeBackend(prepare?: (backend: FakeBackend) => void): () => FakeBackend {
  let intercepted: ReturnType<typeof intercept>;
  beforeEach(() => void (intercepted = intercept(prepare)));
  afterEach(async () => {
    fixtureCleanup();
    await aTimeout(0);
    intercepted.restore();
  });
  return () => intercepted.backend;
}

export const URL_OF_BACKEND = 'https://chat.example';

/** Waits for a condition, without a timeout of its own. */
export async function until(condition: () => unknown): Promise<void> {
  while (!condition()) await aTimeout(5);
  await nextFrame();
}

export interface Mounted {
  connection: ChatConnectionElement;
  rooms: ChatRoomsElement;
  thread: ChatThreadElement;
  status: ChatStatusElement;
}

/** Mounts a template and waits until it is connected. */
export async function mount(template: TemplateResult): Promise<Mounted> {
  const root = await fixture<HTMLElement>(template);
  const find = <T extends Element>(tag: string): T => (root.matches(tag) ? root : root.querySelector(tag)) as T;
  const mounted = {
    connection: find<ChatConnectionElement>('chat-connection'),
    rooms: find<ChatRoomsElement>('chat-rooms'),
    thread: find<ChatThreadElement>('chat-thread'),
    status: find<ChatStatusElement>('chat-status'),
  };
  if (mounted.connection) await until(() => mounted.connection.connection.state === 'connected');
  return mounted;
}

/** Waits until the rich parts of a thread are loaded, and rendered. */
export async function untilRichParts(thread: ChatThreadElement): Promise<void> {
  const { length } = (thread.constructor as typeof ChatThreadElement).elementStyles;
  await until(() => thread.shadowRoot!.adoptedStyleSheets.length > length);
  await thread.updateComplete;
}

/** All matches inside an element's shadow root. */
export const all = (element: Element, selector: string): HTMLElement[] => [
  ...element.shadowRoot!.querySelectorAll<HTMLElement>(selector),
];
export const one = (element: Element, selector: string): HTMLElement => all(element, selector)[0]!;
/** The visible text, with whitespace collapsed. */
export const text = (element: Element | undefined): string => (element?.textContent ?? '').replace(/\s+/g, ' ').trim();
