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

/** Of the chat.js that was built with this script; empty in the demo. */
declare const CHAT_INTEGRITY: string;

const CONNECTION = ['url', 'token-url', 'ws-path', 'api-path', 'auth', 'share', 'notifications', 'user'];
const LAUNCHER = ['id', 'lang', 'side', 'room', 'heading'];
/** Milliseconds between two looks at what is unread, while the page is in front of somebody. */
const LOOK_MS = 60_000;

/** What the scripts of one page share: a page that comes without a reload runs them again, and some have several. */
interface Shared {
  /** By `data-id`. */
  chats: Map<string, HTMLElement>;
  /** A page may demand that addresses of scripts come from a policy with a name (Trusted Types), and allow the name once. */
  policy?: { createScriptURL(url: string): unknown } | undefined;
}
const KEY = Symbol.for('unified-chat');
const page = globalThis as unknown as Record<symbol, Shared | undefined> & { trustedTypes?: { createPolicy(name: string, rules: object): Shared['policy'] } };

const script = document.currentScript as HTMLScriptElement | null;
if (script?.src) start(script);
// eslint-disable-next-line no-console -- there is no chat yet that could say it
else console.error('unified-chat: loader.js is a classic script: <script async src="…">, without type="module".');

function start({ src, dataset }: HTMLScriptElement): void {
  const id = dataset.id ?? '';
  const { chats, policy } = (page[KEY] ??= { chats: new Map<string, HTMLElement>(), policy: page.trustedTypes?.createPolicy('unified-chat', { createScriptURL: (url: string) => url }) });
  const known = chats.get(id);
  const connection = known ?? document.createElement('chat-connection');
  const launcher = (known?.firstChild ?? document.createElement('chat-launcher')) as HTMLElement & { open?: boolean; updateComplete?: Promise<unknown> };
  const take = (element: HTMLElement, names: string[]): void => {
    for (const name of names) {
      const value = dataset[name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())];
      if (value !== undefined && value !== element.getAttribute(name)) element.setAttribute(name, value);
    }
  };
  take(connection, CONNECTION);
  take(launcher, LAUNCHER);
  if (!connection.isConnected) document.documentElement.append(connection);
  if (known) return;
  chats.set(id, connection);

  const button = document.createElement('button');
  button.className = 'button';
  button.dataset.loader = '';
  button.ariaLabel = dataset.label ?? (/^de/i.test(dataset.lang ?? document.documentElement.lang) ? 'Chat öffnen' : 'Open chat');
  const [svg, path] = ['svg', 'path'].map((tag) => document.createElementNS('http://www.w3.org/2000/svg', tag)) as Element[] as [Element, Element];
  svg.setAttribute('viewBox', '0 0 24 24');
  path.setAttribute('d', LAUNCHER_ICON);
  svg.append(path);
  button.append(svg);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(LAUNCHER_BUTTON);
  const root = launcher.attachShadow({ mode: 'open' });
  root.adoptedStyleSheets = [sheet];
  root.append(button);
  connection.append(launcher);

  let loading: Promise<boolean> | undefined;
  /** @returns whether the chat is there; where it is not, whoever asks next tries again. */
  const load = (): Promise<boolean> =>
    (loading ??= new Promise((onload, onerror) => {
      const { href } = new URL('chat.js', src);
      const begin = (): void => {
        // Checked against its hash before any of it runs.
        const given = { type: 'module', integrity: CHAT_INTEGRITY, crossOrigin: 'anonymous', src: policy ? policy.createScriptURL(href) : href, onload, onerror };
        document.head.append(Object.assign(document.createElement('script'), given));
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

  button.onpointerenter = button.onfocus = load;
  button.onclick = async () => {
    button.ariaBusy = 'true';
    if (await load()) {
      await launcher.updateComplete;
      launcher.open = true;
    } else button.ariaBusy = null;
  };
  if (wasOpen(`unified-chat launcher ${id}`)) return void load();

  let token: string | undefined;
  const look = async (): Promise<void> => {
    const { url = '', apiPath = '/api/chat/', tokenUrl } = dataset;
    if (!tokenUrl) return;
    setTimeout(look, LOOK_MS);
    if (loading || document.hidden) return;
    try {
      if (!token) {
        const answer = await fetch(tokenUrl, { credentials: 'include', cache: 'no-store', headers: { Accept: 'application/json' } });
        const text = answer.ok ? await answer.text() : '';
        const body = /^[{"]/.test(text) ? (JSON.parse(text) as Record<string, string> | string) : text.trim();
        token = typeof body === 'string' ? body : (body.token ?? body.access ?? body.access_token);
      }
      if (!token) return;
      const answer = await fetch(url.replace(/\/$/, '') + apiPath + 'rooms/', { headers: { Authorization: `Bearer ${token}` } });
      // The next look asks for another.
      if (answer.status === 401) token = undefined;
      const rooms = (await answer.json()) as { unread_count?: number }[] | { results: { unread_count?: number }[] };
      if ((Array.isArray(rooms) ? rooms : rooms.results).some(({ unread_count = 0 }) => unread_count > 0)) void load();
    } catch {
      // Nothing to show; whoever opens the chat reads why.
    }
  };
  // Nobody waits for it: what the page itself loads comes first.
  if (document.readyState === 'complete') void look();
  else addEventListener('load', look);
}
