/** Theme studio: the real elements in every state, a control for every token, and contrast checks. Static files. */
import manifest from '../../../custom-elements.json';
import { PageBackend, STATES, URL_OF_BACKEND, type Content, type State } from '../playground/backend.js';
import { addLauncher, answerWith, connectTo, LAUNCHERS, setOnline, type Launcher } from '../playground/scene.js';
import { measure } from './contrast.js';
import { PRESETS } from './presets.js';

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- as in querySelector
const find = <T extends HTMLElement>(selector: string): T => document.querySelector<T>(selector)!;
const controls = find<HTMLFormElement>('#controls');

// ————— The elements, each with a backend that simulates one state

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
// A connection checks `navigator.onLine` only if it gets no answer, so this affects only the scene 'offline'.
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

/** Shows a launcher in a box that replaces the window. */
function showLauncher(connection: Element, look: Launcher): void {
  const figure = document.createElement('figure');
  const corner = Object.assign(document.createElement('div'), { className: 'window' });
  const caption = document.createElement('figcaption');
  caption.dir = 'auto';
  caption.textContent = LAUNCHERS[look];
  figure.append(corner, caption);
  connection.append(figure);
  const launcher = addLauncher(corner, look === 'open');
  // On a small screen an open launcher fills the window and would cover the studio.
  const small = matchMedia('(max-width: 30rem), (max-height: 26rem)');
  const closeIfSmall = (): void => {
    if (!small.matches) return;
    launcher.open = false;
    if (look === 'open')
      caption.textContent = 'On a small screen the panel fills the window. Press the button to open it.';
  };
  closeIfSmall();
  small.addEventListener('change', closeIfSmall);
}

// ————— The controls, one per token

interface Token {
  name: string;
  preset: string;
  /** The elements by description: elements use a shared token for different purposes. */
  uses: Map<string, string[]>;
}
interface Declaration {
  tagName: string;
  cssProperties?: { name: string; default?: string; description: string }[];
}
const tokens = new Map<string, Token>();
const elements = manifest.modules.flatMap(({ declarations }) =>
  (declarations as object[]).filter((declaration): declaration is Declaration => 'tagName' in declaration),
);
for (const { tagName, cssProperties = [] } of elements) {
  for (const { name, default: preset = '', description } of cssProperties) {
    const token = tokens.get(name) ?? { name, preset, uses: new Map<string, string[]>() };
    tokens.set(name, token);
    token.uses.set(description, [...(token.uses.get(description) ?? []), tagName]);
  }
}

/** The description of a token, or one per use. */
function describe({ uses }: Token): HTMLElement {
  const box = document.createElement('small');
  for (const [description, tagNames] of uses) {
    const line = document.createElement('span');
    if (uses.size > 1) line.append(`${tagNames.join(', ')}: `);
    line.append(description);
    box.append(line);
  }
  return box;
}
const isColour = ({ name, preset }: Token): boolean =>
  /^#|%.*%|^var\(--chat-(text|accent|on-accent)\)$/.test(preset) && !/radius/.test(name);

// The base colours come first, the tokens of the launcher last.
const FIRST = ['--chat-surface', '--chat-text', '--chat-accent', '--chat-on-accent'];
const rank = ({ name }: Token): number =>
  FIRST.includes(name) ? FIRST.indexOf(name) : /launcher|panel/.test(name) ? 99 : FIRST.length;
for (const token of [...tokens.values()].sort((a, b) => rank(a) - rank(b))) {
  const label = document.createElement('label');
  const field = Object.assign(document.createElement('input'), {
    type: 'text',
    name: token.name,
    ariaLabel: token.name,
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
  const description = describe(token);
  description.id = `about${token.name}`;
  field.setAttribute('aria-describedby', description.id);
  label.append(description);
  find('#tokens').append(label);
}

const select = (name: string): HTMLSelectElement => controls.elements.namedItem(name) as HTMLSelectElement;
const fieldOf = (name: string): HTMLInputElement => controls.elements.namedItem(name) as HTMLInputElement;
select('preset').append(...Object.keys(PRESETS).map((name) => new Option(name)));

// ————— Apply, measure and export the selected values

const sheet = new CSSStyleSheet();
document.adoptedStyleSheets = [sheet];

const chosen = (): [name: string, value: string][] =>
  [...tokens.keys()].map((name): [string, string] => [name, fieldOf(name).value.trim()]).filter(([, value]) => value);

/**
 * Applies the selected values. `setProperty` accepts values only, so a value from the URL cannot inject a rule.
 * @returns the CSS to export.
 */
function apply(): string {
  const extra = PRESETS[select('preset').value]?.css ?? '';
  sheet.replaceSync(`chat-connection {}\n${extra}`);
  const { style } = sheet.cssRules[0] as CSSStyleRule;
  for (const [name, value] of chosen()) style.setProperty(name, value);
  const rules = [...style].map((name) => `  ${name}: ${style.getPropertyValue(name)};\n`);
  return `${rules.length > 0 ? `chat-connection {\n${rules.join('')}}\n` : ''}${extra}`;
}

function show(): void {
  find<HTMLTextAreaElement>('#css').value = apply() || '/* The default theme. */\n';
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
    says: ratio === undefined ? 'not measured' : ratio < needs ? 'too low' : 'sufficient',
  }));
  const found = ['too low', 'not measured']
    .map((verdict) => [rows.filter(({ says }) => says === verdict).length, verdict] as const)
    .filter(([count]) => count > 0);
  find('#verdict').textContent = `– ${found.map((words) => words.join(' ')).join(', ') || 'all sufficient'}`;
  find('#verdict').className = found.length > 0 ? 'fails' : '';
  find('#contrast').replaceChildren(
    ...rows.map(({ what, ratio, needs, says }) => {
      const row = document.createElement('tr');
      row.className = says === 'sufficient' ? '' : 'fails';
      row.append(
        ...[what, ratio?.toFixed(1) ?? '–', String(needs), says].map((textContent) =>
          Object.assign(document.createElement('td'), { textContent }),
        ),
      );
      return row;
    }),
  );
  // Some states appear only after a delay, so missing elements are measured again.
  clearTimeout(lookAgain);
  if (rows.some(({ ratio }) => ratio === undefined)) lookAgain = setTimeout(showContrast, 1_000);
}

/** Replaces all values with those of the selected preset. */
function usePreset(): void {
  const preset = PRESETS[select('preset').value];
  for (const name of tokens.keys()) fieldOf(name).value = preset?.tokens[name] ?? '';
}

/** Reads the values from the URL, for example from a shared link. */
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
    find('#said').textContent = 'Copying failed. Copy the text from the field below.';
  }
}

controls.addEventListener('input', (event) => {
  if (event.target === select('preset')) usePreset();
  show();
});
controls.addEventListener('submit', (event) => event.preventDefault());
find('#copy').addEventListener('click', () => copy(find<HTMLTextAreaElement>('#css').value, 'Copied.'));
find('#share').addEventListener('click', () => copy(location.href, 'Link copied.'));
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
// Measures again when a state changes, or when a launcher is opened or closed.
new MutationObserver(() => requestAnimationFrame(showContrast)).observe(find('main'), {
  subtree: true,
  attributeFilter: ['state', 'open'],
});
