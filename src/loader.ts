/**
 * `dist/loader.js`: a classic script that puts a chat button in the corner of a page with one line of markup.
 *
 *     <script async src="https://your.host/loader.js" data-url="https://api.example.com" data-token-url="/chat-token/"></script>
 *
 * It renders the launcher's button and loads chat.js once the chat is likely to be used: the button is hovered, focused
 * or clicked, there are unread messages, or the chat was open on the previous page. docs/EMBEDDING.md lists the
 * attributes.
 *
 * The elements are appended next to `<body>`, not inside it: Turbo, htmx and Astro replace the body on every visit, and
 * the connection has to survive that.
 */
import { wasOpen } from './elements/chat-launcher/open-state.js';
import { LAUNCHER_BUTTON, LAUNCHER_ICON } from './theme/launcher-button.js';
import { joinAddress, ofDocument } from './transport/endpoints.js';

/** Integrity hash of the chat.js from the same build. Empty in the demo. */
declare const CHAT_INTEGRITY: string;

/** Split at run time, because a list of strings takes more bytes. */
const CONNECTION_ATTRIBUTES = 'url token-url ws-path api-path auth share notifications media-hosts user'.split(' ');
const LAUNCHER_ATTRIBUTES = 'id lang side room heading'.split(' ');
/** Interval between checks for unread messages while the page is visible, in milliseconds. */
const UNREAD_POLL_MS = 60_000;

/**
 * State shared by all runs of this script on a page: a soft navigation runs it again, and a page may include it twice.
 */
interface Shared {
  /** The `<chat-connection>` of each chat, by `data-id`. */
  chats: Map<string, HTMLElement>;
  /** Loads chat.js. Resolves to whether it is available; after a failure, the next call tries again. */
  load(): Promise<boolean>;
}
const KEY = Symbol.for('unified-chat.loader');
const page = globalThis as unknown as Record<symbol, Shared | undefined> & {
  trustedTypes?: { createPolicy(name: string, rules: object): { createScriptURL(url: string): unknown } };
};

const script = ofDocument('currentScript') as HTMLScriptElement | undefined;
if (script?.src) start(script);
// eslint-disable-next-line no-console -- no element exists yet that could report this
else console.error('unified-chat: remove type=module');

/** Loads the chat.js next to this script. */
function loaderOf(script: string): Shared['load'] {
  const { href } = new URL('chat.js', script);
  // Pages with Trusted Types only accept script addresses from a policy, and may allow each policy name only once. This
  // policy is safe to allow: it returns one fixed address for any input, and no reference to it is kept.
  // `hasOwn`: in a browser without Trusted Types, an element with the id `trustedTypes` would be found under that name.
  const src =
    (Object.hasOwn(page, 'trustedTypes') &&
      page.trustedTypes!.createPolicy('unified-chat', { createScriptURL: () => href }).createScriptURL('')) ||
    href;
  let loading: Promise<boolean> | undefined;
  return () =>
    (loading ??= new Promise((onload, onerror) => {
      const insert = (): void => {
        const attributes = {
          type: 'module',
          integrity: CHAT_INTEGRITY,
          crossOrigin: '',
          src,
          onload,
          onerror,
        };
        ofDocument('head').append(Object.assign(document.createElement('script'), attributes));
      };
      // Browsers may cache a failed module load for the lifetime of the page, so do not request it while offline.
      if (navigator.onLine) insert();
      else addEventListener('online', insert, { once: true });
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
  const existing = chats.get(id);
  const connection = existing ?? document.createElement('chat-connection');
  const launcher = (existing?.firstChild ?? document.createElement('chat-launcher')) as HTMLElement & {
    open?: boolean;
    updateComplete?: Promise<unknown>;
  };
  const copyAttributes = (element: HTMLElement, names: string[]): void => {
    for (const name of names) {
      const value = script.getAttribute(`data-${name}`);
      // A soft navigation may drop an attribute, such as `data-user` after a sign-out.
      if (value === null) element.removeAttribute(name);
      else element.setAttribute(name, value);
    }
  };
  copyAttributes(connection, CONNECTION_ATTRIBUTES);
  copyAttributes(launcher, LAUNCHER_ATTRIBUTES);
  if (!connection.isConnected) root.append(connection);
  if (existing) return;
  chats.set(id, connection);

  const button = createButton(dataset.label ?? 'Chat');
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(LAUNCHER_BUTTON);
  const shadow = launcher.attachShadow({ mode: 'open' });
  shadow.adoptedStyleSheets = [sheet];
  shadow.append(button);
  connection.append(launcher);

  button.onpointerenter = button.onfocus = load;
  /** `title` is also the button's accessible description. There is no room for texts in other languages. */
  const showFailure = (title: string): void => {
    button.title = title;
    button.textContent = '!';
  };
  button.onclick = async () => {
    button.ariaBusy = 'true';
    // The chat is loaded once there is a network.
    if (!navigator.onLine) showFailure('Offline');
    if (await load()) {
      await launcher.updateComplete;
      launcher.open = true;
    } else {
      button.ariaBusy = null;
      showFailure('Chat unavailable');
    }
  };
  if (wasOpen(`unified-chat launcher ${id}`)) void load();
  else watchUnread(dataset, load);
}

function createButton(label: string): HTMLButtonElement {
  const button = document.createElement('button');
  button.className = 'button';
  button.dataset.loader = '';
  button.ariaLabel = label;
  const [svg, path] = ['svg', 'path'].map((tag) =>
    document.createElementNS('http://www.w3.org/2000/svg', tag),
  ) as Element[] as [Element, Element];
  svg.setAttribute('viewBox', '0 0 24 24');
  path.setAttribute('d', LAUNCHER_ICON);
  svg.append(path);
  button.append(svg);
  return button;
}

/** Loads chat.js once there are unread messages. Needs `data-token-url`. */
function watchUnread(dataset: DOMStringMap, load: Shared['load']): void {
  const { tokenUrl } = dataset;
  const address = joinAddress(dataset);
  // A wrong address is reported by the chat itself, once it is opened.
  if (!tokenUrl || !address?.isAllowed) return;
  let token: string | undefined;
  const pollUnread = async (): Promise<void> => {
    setTimeout(pollUnread, UNREAD_POLL_MS);
    if (customElements.get('chat-launcher') || document.hidden) return;
    try {
      if (!token) {
        // Resolved against the page's address: a `<base>` element must not redirect it.
        const answer = await fetch(new URL(tokenUrl, location.href), {
          credentials: 'include',
          cache: 'no-store',
          headers: { Accept: 'application/json' },
        });
        const text = answer.ok ? await answer.text() : '';
        const body = /^[{"]/.test(text) ? (JSON.parse(text) as Record<string, string> | string) : text.trim();
        token = typeof body === 'string' ? body : (body.token ?? body.access ?? body.access_token);
      }
      if (!token) return;
      // No cookies, and no redirect that could pass the token on to another host.
      const answer = await fetch(`${address.api}rooms/`, {
        headers: { Authorization: `Bearer ${token}` },
        credentials: 'omit',
        redirect: 'manual',
      });
      // The next poll requests another token.
      if (answer.status === 401) token = undefined;
      const rooms = (await answer.json()) as { unread_count?: number }[] & { results?: { unread_count?: number }[] };
      if ((rooms.results ?? rooms).some(({ unread_count }) => unread_count! > 0)) void load();
    } catch {
      // Best effort: the chat itself reports errors once it is opened.
    }
  };
  // Starts after the page has loaded, so as not to compete with the page's own requests.
  if (document.readyState === 'complete') void pollUnread();
  else addEventListener('load', pollUnread);
}
