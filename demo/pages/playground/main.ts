import { setupWorker } from 'msw/browser';
import 'unified-chat';
import { CONTENTS, isContent, isState, PageBackend, STATES, URL_OF_BACKEND } from './backend.js';

const controls = document.querySelector<HTMLFormElement>('#controls')!;
const field = (name: string): HTMLSelectElement => controls.elements.namedItem(name) as HTMLSelectElement;
for (const [name, values] of Object.entries({ state: STATES, content: CONTENTS })) field(name).append(...Object.keys(values).map((value) => new Option(value)));

const backend = new PageBackend();
const worker = setupWorker(...backend.handlers);
await worker.start({ quiet: true, onUnhandledRequest: 'bypass', serviceWorker: { url: new URL('../mockServiceWorker.js', location.href).href } });

/** An unsigned token that says whose it is: this backend looks at nothing else. */
const TOKEN = ['{"alg":"none"}', '{"user_id":1}', 'x'].map((part) => btoa(part)).join('.');

/** A page cannot take the network away; it can say that it is gone, as the browser would. */
function setOnline(isOnline: boolean): void {
  if (navigator.onLine === isOnline) return;
  Object.defineProperty(navigator, 'onLine', { value: isOnline, configurable: true });
  dispatchEvent(new Event(isOnline ? 'online' : 'offline'));
}

/** From the address: `#state=polling&content=many`. */
function read(): void {
  const wanted = new URLSearchParams(location.hash.slice(1));
  for (const [name, value] of wanted) {
    const select = controls.elements.namedItem(name);
    if (select instanceof HTMLSelectElement && [...select.options].some((option) => option.value === value)) select.value = value;
  }
}

function show(): void {
  const chosen = new URLSearchParams([...new FormData(controls)].map(([name, value]) => [name, String(value)]));
  history.replaceState(null, '', `#${chosen.toString()}`);
  const root = document.documentElement;
  root.dataset.scheme = chosen.get('scheme')!;
  root.dataset.width = chosen.get('width')!;
  root.lang = chosen.get('lang')!;
  root.dir = chosen.get('dir')!;
  const [state, content] = [chosen.get('state'), chosen.get('content')];
  if (!isState(state) || !isContent(content)) return;
  document.querySelector('#says')!.textContent = `${STATES[state]} ${CONTENTS[content]}`;
  const hasChanged = backend.state !== state || backend.content !== content || !document.querySelector('chat-connection');
  if (!hasChanged) return;
  backend.state = state;
  backend.fill(content);
  backend.cut();
  setOnline(state !== 'offline');
  const connection = document.createElement('chat-connection');
  connection.url = URL_OF_BACKEND;
  connection.share = 'off';
  if (state !== 'idle') connection.token = TOKEN;
  const chat = Object.assign(document.createElement('div'), { className: 'chat' });
  const status = document.createElement('chat-status');
  status.always = true;
  const rooms = document.createElement('chat-rooms');
  if (content !== 'nothing') rooms.selected = 1;
  chat.append(status, rooms, document.createElement('chat-thread'));
  connection.append(chat);
  document.querySelector('#stage')!.replaceChildren(connection);
}

read();
show();
controls.addEventListener('change', show);
addEventListener('hashchange', () => {
  read();
  show();
});
