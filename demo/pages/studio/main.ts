/** Theme studio: the real elements in every state, every token as a control, the contrast of what is drawn. Static files. */
import { setupWorker } from 'msw/browser';
import 'unified-chat';
import manifest from '../../../custom-elements.json';
import { PageBackend, STATES, type Content, type State } from '../playground/backend.js';
import { measure } from './contrast.js';
import { PRESETS } from './presets.js';

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- as querySelector has it
const find = <T extends HTMLElement>(selector: string): T => document.querySelector<T>(selector)!;
const controls = find<HTMLFormElement>('#controls');

// ————— The elements, each with a backend that is in one state

/** An unsigned token that says whose it is: these backends look at nothing else. */
const TOKEN = ['{"alg":"none"}', '{"user_id":1}', 'x'].map((part) => btoa(part)).join('.');

interface Scene {
  id: string;
  state: State;
  content: Content;
  place: string;
  whole: boolean;
}
const SCENES: Scene[] = [
  { id: 'chat', state: 'connected', content: 'everything', place: '#chat', whole: true },
  // The device's network is not ours to take away: that state is in the playground.
  ...(Object.keys(STATES) as State[]).filter((state) => state !== 'offline').map((state): Scene => ({ id: state, state, content: 'talk', place: '#states', whole: false })),
  { id: 'nothing', state: 'connected', content: 'nothing', place: '#corner-cases', whole: true },
  { id: 'refused', state: 'connected', content: 'refused', place: '#corner-cases', whole: true },
];
const backends = SCENES.map(({ id, state, content }) => {
  const backend = new PageBackend(`https://${id}.chat.example`);
  backend.state = state;
  backend.fill(content);
  return backend;
});
await setupWorker(...backends.flatMap(({ handlers }) => handlers)).start({ quiet: true, onUnhandledRequest: 'bypass', serviceWorker: { url: new URL('../mockServiceWorker.js', location.href).href } });

for (const { id, state, content, place, whole } of SCENES) {
  const connection = document.createElement('chat-connection');
  connection.url = `https://${id}.chat.example`;
  connection.share = 'off';
  if (state !== 'idle') connection.token = TOKEN;
  if (whole) {
    const chat = Object.assign(document.createElement('div'), { className: 'chat' });
    const rooms = document.createElement('chat-rooms');
    if (content !== 'nothing') rooms.selected = 1;
    chat.append(rooms, document.createElement('chat-thread'));
    connection.append(chat);
  } else {
    connection.append(Object.assign(document.createElement('chat-status'), { always: true }));
  }
  find(place).append(connection);
  // A room whose history cannot be read.
  if (state === 'reconnecting') connection.connection.openRoom(1);
  if (content === 'refused') void connection.connection.sendChatMessage(1, 'Does this arrive?').catch(() => {});
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
    for (const { name, default: preset = '', description } of ('cssProperties' in declaration ? (declaration.cssProperties ?? []) : []) as { name: string; default?: string; description: string }[]) {
      if (!tokens.has(name)) tokens.set(name, { name, preset, description });
    }
  }
}
const isColour = ({ name, preset }: Token): boolean => /^#|%.*%|^var\(--chat-(text|accent|on-accent)\)$/.test(preset) && !/radius/.test(name);

// What a theme begins with comes first, what only the launcher has last.
const FIRST = ['--chat-surface', '--chat-text', '--chat-accent', '--chat-on-accent'];
const rank = ({ name }: Token): number => (FIRST.includes(name) ? FIRST.indexOf(name) : /launcher|panel/.test(name) ? 99 : FIRST.length);
for (const token of [...tokens.values()].sort((a, b) => rank(a) - rank(b))) {
  const label = document.createElement('label');
  const field = Object.assign(document.createElement('input'), { type: 'text', name: token.name, placeholder: token.preset, autocomplete: 'off', spellcheck: false });
  label.append(Object.assign(document.createElement('code'), { textContent: token.name }), field);
  if (isColour(token)) {
    const picker = Object.assign(document.createElement('input'), { type: 'color', ariaLabel: `${token.name}: choose` });
    if (/^#/.test(token.preset)) picker.value = token.preset.length === 4 ? `#${[...token.preset.slice(1)].map((digit) => digit + digit).join('')}` : token.preset;
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

const chosen = (): [name: string, value: string][] => [...tokens.keys()].map((name): [string, string] => [name, fieldOf(name).value.trim()]).filter(([, value]) => value);

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
  for (const place of ['#chat', '#states', '#corner-cases']) find(place).dir = select('dir').value;
  const address = new URLSearchParams({ preset: select('preset').value, scheme: select('scheme').value, dir: select('dir').value });
  for (const [name, value] of chosen()) if (value !== PRESETS[select('preset').value]?.tokens[name]) address.set(name.replace('--chat-', ''), value);
  history.replaceState(null, '', `#${address.toString()}`);
  requestAnimationFrame(showContrast);
}

function showContrast(): void {
  const rows = measure();
  const fails = rows.filter(({ ratio, needs }) => ratio !== undefined && ratio < needs).length;
  find('#verdict').textContent = fails === 0 ? '– all readable' : `– ${fails} too faint`;
  find('#verdict').className = fails === 0 ? '' : 'fails';
  find('#contrast').replaceChildren(
    ...rows.map(({ what, ratio, needs }) => {
      const row = document.createElement('tr');
      const isEnough = ratio === undefined || ratio >= needs;
      row.className = isEnough ? '' : 'fails';
      row.append(...[what, ratio === undefined ? '–' : ratio.toFixed(1), String(needs), ratio === undefined ? 'not drawn' : isEnough ? 'enough' : 'too faint'].map((textContent) => Object.assign(document.createElement('td'), { textContent })));
      return row;
    }),
  );
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
    if (value !== null && [...select(name).options].some((option) => option.value === value)) select(name).value = value;
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
// What is measured comes when it comes: each state takes its time.
new MutationObserver(() => requestAnimationFrame(showContrast)).observe(find('main'), { subtree: true, attributeFilter: ['state'] });
setTimeout(showContrast, 2_000);
