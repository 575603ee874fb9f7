/**
 * The one line for a page that wants a chat in its corner (`dist/loader.js`, a classic script):
 *
 *     <script async src="https://your.host/loader.js" data-url="https://api.example.com" data-token-url="/chat-token/"></script>
 *
 * It draws the launcher's button, and loads chat.js at the first sign of interest: the button is hovered, focused or pressed; there is
 * something unread; or the chat was open on the page before. docs/EMBEDDING.md names its attributes.
 *
 * The elements stand beside `<body>`, not in it: Turbo, htmx and Astro change the body on every visit, and the connection goes on.
 */
import { wasOpen } from './elements/chat-launcher/open-state.js';
import { LAUNCHER_BUTTON, LAUNCHER_ICON } from './theme/launcher-button.js';
import { joinAddress, ofDocument } from './transport/endpoints.js';

/** Of the chat.js that was built with this script; empty in the demo. */
declare const CHAT_INTEGRITY: string;

const CONNECTION = ['url', 'token-url', 'ws-path', 'api-path', 'auth', 'share', 'notifications', 'media-hosts', 'user'];
const LAUNCHER = ['id', 'lang', 'side', 'room', 'heading'];
/** Milliseconds between two looks at what is unread, while the page is in front of somebody. */
const LOOK_MS = 60_000;

/** What the scripts of one page share: a page that comes without a reload runs them again, and some have several. */
interface Shared {
  /** By `data-id`. */
  chats: Map<string, HTMLElement>;
  /** Loads chat.js. Resolves to whether it was loaded; if not, the next call tries again. */
  load(): Promise<boolean>;
}
const KEY = Symbol.for('unified-chat.loader');
const page = globalThis as unknown as Record<symbol, Shared | undefined> & {
  trustedTypes?: { createPolicy(name: string, rules: object): { createScriptURL(url: string): unknown } };
};

const script = ofDocument('currentScript') as HTMLScriptElement | undefined;
if (script?.src) start(script);
// eslint-disable-next-line no-console -- there is no chat yet that could say it
else console.error('unified-chat: load loader.js without type="module".');

/** Loads the one chat.js that stands beside this script. */
function loaderOf(script: string): Shared['load'] {
  const { href } = new URL('chat.js', script);
  // A page may demand that addresses of scripts come from a policy (Trusted Types), and allow its name once. This one knows a single
  // address, for any argument, and is not stored anywhere.
  // Where the browser has none, an element with that id has the name, and is not the window's own property.
  const src = (Object.hasOwn(page, 'trustedTypes') && page.trustedTypes!.createPolicy('unified-chat', { createScriptURL: () => href }).createScriptURL('')) || href;
  let loading: Promise<boolean> | undefined;
  return () =>
    (loading ??= new Promise((onload, onerror) => {
      const begin = (): void => {
        // Checked against its hash before any of it runs.
        const given = { type: 'module', integrity: CHAT_INTEGRITY, crossOrigin: 'anonymous', src, onload, onerror };
        ofDocument('head').append(Object.assign(document.createElement('script'), given));
      };
      // A browser may remember for as long as the page lives that a module could not be had: it is not asked for in vain.
      if (navigator.onLine) begin();
      else addEventListener('online', begin, { once: true });
    })
      .then(() => customElements.whenDefined('chat-launcher'))
      .then(
        () => true,
        () => !!(loading = undefined),
      ));
}

function start(script: HTMLScriptElement): void {
  const { src, dataset } = script;
  const id = dataset.id ?? '';
  const root = ofDocument('documentElement');
  const { chats, load } = (page[KEY] ??= { chats: new Map<string, HTMLElement>(), load: loaderOf(src) });
  const known = chats.get(id);
  const connection = known ?? document.createElement('chat-connection');
  const launcher = (known?.firstChild ?? document.createElement('chat-launcher')) as HTMLElement & { open?: boolean; updateComplete?: Promise<unknown> };
  const take = (element: HTMLElement, names: string[]): void => {
    for (const name of names) {
      const value = script.getAttribute(`data-${name}`);
      // A page whose user has signed out names none any more.
      if (value === null) element.removeAttribute(name);
      else element.setAttribute(name, value);
    }
  };
  take(connection, CONNECTION);
  take(launcher, LAUNCHER);
  if (!connection.isConnected) root.append(connection);
  if (known) return;
  chats.set(id, connection);

  const button = document.createElement('button');
  button.className = 'button';
  button.dataset.loader = '';
  button.ariaLabel = dataset.label ?? (/^de/i.test(dataset.lang ?? root.lang) ? 'Chat öffnen' : 'Open chat');
  const [svg, path] = ['svg', 'path'].map((tag) => document.createElementNS('http://www.w3.org/2000/svg', tag)) as Element[] as [Element, Element];
  svg.setAttribute('viewBox', '0 0 24 24');
  path.setAttribute('d', LAUNCHER_ICON);
  svg.append(path);
  button.append(svg);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(LAUNCHER_BUTTON);
  const shadow = launcher.attachShadow({ mode: 'open' });
  shadow.adoptedStyleSheets = [sheet];
  shadow.append(button);
  connection.append(launcher);

  button.onpointerenter = button.onfocus = load;
  button.onclick = async () => {
    button.ariaBusy = 'true';
    if (await load()) {
      await launcher.updateComplete;
      launcher.open = true;
    } else button.ariaBusy = null;
  };
  if (wasOpen(`unified-chat launcher ${id}`)) return void load();

  const { tokenUrl } = dataset;
  const address = joinAddress(dataset);
  // The chat itself says what is wrong, once it is opened.
  if (!tokenUrl || !address?.isAllowed) return;
  let token: string | undefined;
  const look = async (): Promise<void> => {
    setTimeout(look, LOOK_MS);
    if (customElements.get('chat-launcher') || document.hidden) return;
    try {
      if (!token) {
        // Relative to the page, not to a `<base>` element.
        const answer = await fetch(new URL(tokenUrl, location.href), { credentials: 'include', cache: 'no-store', headers: { Accept: 'application/json' } });
        const text = answer.ok ? await answer.text() : '';
        const body = /^[{"]/.test(text) ? (JSON.parse(text) as Record<string, string> | string) : text.trim();
        token = typeof body === 'string' ? body : (body.token ?? body.access ?? body.access_token);
      }
      if (!token) return;
      // Neither cookies nor, by a redirect, the token to anybody else.
      const answer = await fetch(`${address.api}rooms/`, { headers: { Authorization: `Bearer ${token}` }, credentials: 'omit', redirect: 'manual' });
      // The next look asks for another.
      if (answer.status === 401) token = undefined;
      const rooms = (await answer.json()) as { unread_count?: number }[] & { results?: { unread_count?: number }[] };
      if ((rooms.results ?? rooms).some(({ unread_count = 0 }) => unread_count > 0)) void load();
    } catch {
      // Nothing to show; whoever opens the chat reads why.
    }
  };
  // Nobody waits for it: what the page itself loads comes first.
  if (document.readyState === 'complete') void look();
  else addEventListener('load', look);
}
