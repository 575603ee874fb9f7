import {
  CONTENTS,
  isContent,
  isState,
  PageBackend,
  STATES,
  URL_OF_BACKEND,
  type Content,
  type State,
} from './backend.js';
import { addLauncher, answerWith, connectTo, isLauncher, LAUNCHERS, setOnline, type Launcher } from './scene.js';

const controls = document.querySelector<HTMLFormElement>('#controls')!;
const field = (name: string): HTMLSelectElement => controls.elements.namedItem(name) as HTMLSelectElement;
for (const [name, values] of Object.entries({ launcher: LAUNCHERS, state: STATES, content: CONTENTS }))
  field(name).append(...Object.keys(values).map((value) => new Option(value)));

const backend = new PageBackend();
await answerWith([backend]);

/** Reads the options from the URL: `#state=polling&content=many`, `#show=launcher&launcher=unread`. */
function read(): void {
  const wanted = new URLSearchParams(location.hash.slice(1));
  for (const [name, value] of wanted) {
    const select = controls.elements.namedItem(name);
    if (select instanceof HTMLSelectElement && [...select.options].some((option) => option.value === value))
      select.value = value;
  }
}

/** The options currently rendered. The stage is rendered again only when they change. */
let onStage = '';

function show(): void {
  const isLauncherShown = field('show').value === 'launcher';
  field('launcher').disabled = !isLauncherShown;
  // The launcher determines the width of its panel.
  field('width').disabled = isLauncherShown;
  const chosen = new URLSearchParams([...new FormData(controls)].map(([name, value]) => [name, String(value)]));
  history.replaceState(null, '', `#${chosen.toString()}`);
  const root = document.documentElement;
  for (const name of ['show', 'scheme', 'width']) root.dataset[name] = chosen.get(name) ?? '';
  root.lang = chosen.get('lang')!;
  root.dir = chosen.get('dir')!;
  const [state, content, launcher] = [chosen.get('state'), chosen.get('content'), chosen.get('launcher')];
  if (!isState(state) || !isContent(content)) return;
  const look = isLauncher(launcher) ? launcher : null;
  document.querySelector('#says')!.textContent = [look && LAUNCHERS[look], STATES[state], CONTENTS[content]]
    .filter(Boolean)
    .join(' ');
  const wanted = [state, content, look].join();
  if (onStage === wanted) return;
  onStage = wanted;
  draw(state, content, look);
}

function draw(state: State, content: Content, look: Launcher | null): void {
  backend.state = state;
  backend.fill(content);
  if (look === 'closed') backend.readAll();
  backend.cut();
  setOnline(state !== 'offline');
  const connection = connectTo(URL_OF_BACKEND, state);
  document.querySelector('#stage')!.replaceChildren(connection);
  if (look) return drawLauncher(connection, look);
  const chat = Object.assign(document.createElement('div'), { className: 'chat' });
  const status = document.createElement('chat-status');
  status.always = true;
  const rooms = document.createElement('chat-rooms');
  if (content !== 'nothing') rooms.selected = 1;
  chat.append(status, rooms, document.createElement('chat-thread'));
  connection.append(chat);
}

function drawLauncher(place: HTMLElementTagNameMap['chat-connection'], look: Launcher): void {
  const launcher = addLauncher(place, look === 'open');
  // The user opened or closed the launcher: updates controls and URL without rendering the stage again.
  launcher.addEventListener('chat-launcher-toggle', () => {
    const isUnread = place.connection.rooms.some(({ unread_count }) => unread_count > 0);
    field('launcher').value = launcher.open ? 'open' : isUnread ? 'unread' : 'closed';
    onStage = ['state', 'content', 'launcher'].map((name) => field(name).value).join();
    show();
  });
}

read();
show();
controls.addEventListener('change', show);
addEventListener('hashchange', () => {
  read();
  show();
});
