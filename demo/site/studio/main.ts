/** Theme studio: the real elements in every state, every token as a control, the contrast of what is drawn. Static files. */
import manifest from '../../../custom-elements.json';
import { PageBackend, STATES, URL_OF_BACKEND, type Content, type State } from '../playground/backend.js';
import { addLauncher, answerWith, connectTo, LAUNCHERS, setOnline, type Launcher } from '../playground/scene.js';
import { measure } from './contrast.js';
import { PRESETS } from './presets.js';

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- as querySelector has it
const find = <T extends HTMLElement>(selector: string): T => document.querySelector<T>(selector)!;
const controls = find<HTMLFormElement>('#controls');

// ————— The elements, each with a backend that is in one state

interface Scene {
  id: string;
  state: State;
  content: Content;
  place: string;
  shows: 'chat' | 'status' | Launcher;
}
const SCENES: Scene[] = [
  { id: 'chat', state: 'connected', content: 'everything', place: '#chat', shows: 'chat' },
  ...(Object.keys(STATES) as State[]).map((state): Scene => ({
    id: state,
    state,
    content: 'talk',
    place: '#states',
    shows: 'status',
  })),
  ...(Object.keys(LAUNCHERS) as Launcher[]).map((shows): Scene => ({
    id: `launcher-${shows}`,
    state: 'connected',
    content: 'talk',
    place: '#launchers',
    shows,
  })),
  { id: 'nothing', state: 'connected', content: 'nothing', place: '#corner-cases', shows: 'chat' },
  { id: 'refused', state: 'connected', content: 'refused', place: '#corner-cases', shows: 'chat' },
];
const backends = SCENES.map(({ id, state, content, shows }) => {
  const backend = new PageBackend(`${URL_OF_BACKEND}/${id}`);
  backend.state = state;
  backend.fill(content);
  if (shows === 'closed') backend.readAll();
  return backend;
});
await answerWith(backends);
// Only where no answer comes does anybody ask whether there is a network: that is the scene 'offline' alone.
setOnline(false);

for (const { id, state, content, place, shows } of SCENES) {
  const connection = connectTo(`${URL_OF_BACKEND}/${id}`, state);
  find(place).append(connection);
  if (shows === 'chat') {
    const chat = Object.assign(document.createElement('div'), { className: 'chat' });
    const rooms = document.createElement('chat-rooms');
    if (content !== 'nothing') rooms.selected = 1;
    chat.append(rooms, document.createElement('chat-thread'));
    connection.append(chat);
  } else if (shows === 'status') {
    connection.append(Object.assign(document.createElement('chat-status'), { always: true }));
  } else {
    showLauncher(connection, shows);
  }
  if (content === 'refused') void connection.connection.sendChatMessage(1, 'Does this arrive?').catch(() => {});
}

/** In a box that is to it what the window is to a real one. */
function showLauncher(connection: Element, look: Launcher): void {
  const figure = document.createElement('figure');
  const corner = Object.assign(document.createElement('div'), { className: 'window' });
  const caption = document.createElement('figcaption');
  caption.dir = 'auto';
  caption.textContent = LAUNCHERS[look];
  figure.append(corner, caption);
  connection.append(figure);
  const launcher = addLauncher(corner, look === 'open');
  // On a small screen an open one takes all of it, and the studio would be behind it.
  const small = matchMedia('(max-width: 30rem), (max-height: 26rem)');
  const closeIfSmall = (): void => {
    if (!small.matches) return;
    launcher.open = false;
    if (look === 'open') caption.textContent = 'On a small screen it takes all of it: press the button.';
  };
  closeIfSmall();
  small.addEventListener('change', closeIfSmall);
}

// ————— The controls: every token there is

interface Token {
  name: string;
  preset: string;
  description: string;
}
const tokens = new Map<string, Token>();
for (const { declarations } of manifest.modules) {
  for (const declaration of declarations) {
    for (const { name, default: preset = '', description } of ('cssProperties' in declaration
      ? (declaration.cssProperties ?? [])
      : []) as { name: string; default?: string; description: string }[]) {
      if (!tokens.has(name)) tokens.set(name, { name, preset, description });
    }
  }
}
const isColour = ({ name, preset }: Token): boolean =>
  /^#|%.*%|^var\(--chat-(text|accent|on-accent)\)$/.test(preset) && !/radius/.test(name);

// What a theme begins with comes first, what only the launcher has last.
const FIRST = ['--chat-surface', '--chat-text', '--chat-accent', '--chat-on-accent'];
const rank = ({ name }: Token): number =>
  FIRST.includes(name) ? FIRST.indexOf(name) : /launcher|panel/.test(name) ? 99 : FIRST.length;
for (const token of [...tokens.values()].sort((a, b) => rank(a) - rank(b))) {
  const label = document.createElement('label');
  const field = Object.assign(document.createElement('input'), {
    type: 'text',
    name: token.name,
    placeholder: token.preset,
    autocomplete: 'off',
    spellcheck: false,
  });
  label.append(Object.assign(document.createElement('code'), { textContent: token.name }), field);
  if (isColour(token)) {
    const picker = Object.assign(document.createElement('input'), {
      type: 'color',
      ariaLabel: `${token.name}: choose`,
    });
    if (/^#/.test(token.preset))
      picker.value =
        token.preset.length === 4
          ? `#${[...token.preset.slice(1)].map((digit) => digit + digit).join('')}`
          : token.preset;
    picker.addEventListener('input', () => {
      field.value = picker.value;
      show();
    });
    label.append(picker);
  }
  label.append(Object.assign(document.createElement('small'), { textContent: token.description }));
  find('#tokens').append(label);
}

const select = (name: string): HTMLSelectElement => controls.elements.namedItem(name) as HTMLSelectElement;
const fieldOf = (name: string): HTMLInputElement => controls.elements.namedItem(name) as HTMLInputElement;
select('preset').append(...Object.keys(PRESETS).map((name) => new Option(name)));

// ————— What is chosen: shown, measured, written down

const sheet = new CSSStyleSheet();
document.adoptedStyleSheets = [sheet];

const chosen = (): [name: string, value: string][] =>
  [...tokens.keys()].map((name): [string, string] => [name, fieldOf(name).value.trim()]).filter(([, value]) => value);

/** Puts it into the page's sheet. One property at a time: a value that came by an address can be no rule. @returns it, as a page may have it. */
function apply(): string {
  const extra = PRESETS[select('preset').value]?.css ?? '';
  sheet.replaceSync(`chat-connection {}\n${extra}`);
  const { style } = sheet.cssRules[0] as CSSStyleRule;
  for (const [name, value] of chosen()) style.setProperty(name, value);
  const rules = [...style].map((name) => `  ${name}: ${style.getPropertyValue(name)};\n`);
  return `${rules.length > 0 ? `chat-connection {\n${rules.join('')}}\n` : ''}${extra}`;
}

function show(): void {
  find<HTMLTextAreaElement>('#css').value = apply() || '/* As it comes. */\n';
  const root = document.documentElement;
  root.dataset.scheme = select('scheme').value;
  for (const place of ['#chat', '#states', '#launchers', '#corner-cases']) find(place).dir = select('dir').value;
  const address = new URLSearchParams({
    preset: select('preset').value,
    scheme: select('scheme').value,
    dir: select('dir').value,
  });
  for (const [name, value] of chosen())
    if (value !== PRESETS[select('preset').value]?.tokens[name]) address.set(name.replace('--chat-', ''), value);
  history.replaceState(null, '', `#${address.toString()}`);
  requestAnimationFrame(showContrast);
}

let lookAgain: ReturnType<typeof setTimeout> | undefined;

function showContrast(): void {
  const rows = measure().map(({ what, ratio, needs }) => ({
    what,
    ratio,
    needs,
    says: ratio === undefined ? 'not measured' : ratio < needs ? 'too faint' : 'enough',
  }));
  const found = ['too faint', 'not measured']
    .map((verdict) => [rows.filter(({ says }) => says === verdict).length, verdict] as const)
    .filter(([count]) => count > 0);
  find('#verdict').textContent = `– ${found.map((words) => words.join(' ')).join(', ') || 'all readable'}`;
  find('#verdict').className = found.length > 0 ? 'fails' : '';
  find('#contrast').replaceChildren(
    ...rows.map(({ what, ratio, needs, says }) => {
      const row = document.createElement('tr');
      row.className = says === 'enough' ? '' : 'fails';
      row.append(
        ...[what, ratio?.toFixed(1) ?? '–', String(needs), says].map((textContent) =>
          Object.assign(document.createElement('td'), { textContent }),
        ),
      );
      return row;
    }),
  );
  // What is not there yet may come: each state takes its time.
  clearTimeout(lookAgain);
  if (rows.some(({ ratio }) => ratio === undefined)) lookAgain = setTimeout(showContrast, 1_000);
}

/** A preset fills the fields; what was there goes. */
function usePreset(): void {
  const preset = PRESETS[select('preset').value];
  for (const name of tokens.keys()) fieldOf(name).value = preset?.tokens[name] ?? '';
}

/** From the address, as somebody has shared it. */
function read(): void {
  const wanted = new URLSearchParams(location.hash.slice(1));
  for (const name of ['preset', 'scheme', 'dir']) {
    const value = wanted.get(name);
    if (value !== null && [...select(name).options].some((option) => option.value === value))
      select(name).value = value;
  }
  usePreset();
  for (const [name, value] of wanted) if (tokens.has(`--chat-${name}`)) fieldOf(`--chat-${name}`).value = value;
}

async function copy(text: string, said: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    find('#said').textContent = said;
  } catch {
    const field = find<HTMLTextAreaElement>('#css');
    field.value = text;
    field.select();
    find('#said').textContent = 'Copy it from the field below.';
  }
}

controls.addEventListener('input', (event) => {
  if (event.target === select('preset')) usePreset();
  show();
});
controls.addEventListener('submit', (event) => event.preventDefault());
find('#copy').addEventListener('click', () => copy(find<HTMLTextAreaElement>('#css').value, 'Copied.'));
find('#share').addEventListener('click', () => copy(location.href, 'The address is copied.'));
find('#reset').addEventListener('click', () => {
  controls.reset();
  usePreset();
  show();
});
addEventListener('hashchange', () => {
  read();
  show();
});
read();
show();
// A state that comes or goes, a launcher that is opened or closed.
new MutationObserver(() => requestAnimationFrame(showContrast)).observe(find('main'), {
  subtree: true,
  attributeFilter: ['state', 'open'],
});
