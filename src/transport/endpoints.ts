/**
 * Where a backend lives, and whether the page allows it. `loader.js` and the chat share this file, so it imports only what both need.
 */
import { parseHttp, parseUrl } from '../internal/url.js';

/** Where a backend lives. */
export interface Address {
  /** Origin and optional base path, without a trailing slash: `https://api.example.com/v2`. */
  readonly base: string;
  /** Base of all REST routes, with a trailing slash. */
  readonly api: string;
  /** The chat socket, without its token. */
  readonly socket: string;
}

export interface AddressParts {
  /** Origin and optional base path. Default: the page's origin. A query is left out. */
  url?: string | null | undefined;
  /** Default `/ws/chat/`. */
  wsPath?: string | null | undefined;
  /** Default `/api/chat/`. */
  apiPath?: string | null | undefined;
  /** Where the site gives its visitor a token. */
  tokenUrl?: string | null | undefined;
}

/** A property of the document that no `<img name=…>` of the page can take the place of. */
export const ofDocument = <Name extends keyof Document>(name: Name): NonNullable<Document[Name]> =>
  Reflect.get(Document.prototype, name, document) as NonNullable<Document[Name]>;

const here = (): string | undefined => globalThis.location?.href;

/** Origin and path, with a slash at the end of the path; what no address begins with, where there is none. */
const folder = (url: URL | null): string => (url ? url.origin + url.pathname.replace(/\/*$/, '/') : '-');

/**
 * What each `<meta name="unified-chat-backends" content="https://a.example https://b.example/path">` in `<head>` allows. Read once, when the
 * script runs: markup that comes in later, or stands in `<body>`, changes nothing.
 */
const allowed = globalThis.document
  ? [...ofDocument('head').querySelectorAll<HTMLMetaElement>('meta[name=unified-chat-backends]')].map(({ content }) =>
      content.split(/\s+/).map((entry) => folder(parseHttp(entry))),
    )
  : [];

/**
 * Joins the addresses of a backend. Missing and doubled slashes between the parts do not matter.
 * @returns nothing where `url` is none. `isAllowed`: false where the page does not allow one of them, or `tokenUrl`: then nothing may be sent.
 */
export function joinAddress({
  url,
  wsPath,
  apiPath,
  tokenUrl,
}: AddressParts): (Address & { isAllowed: boolean }) | undefined {
  const parsed = parseHttp(url || '/', here());
  if (!parsed) return undefined;
  const root = folder(parsed);
  const join = (path: string): string => folder(new URL(root + path.replace(/^\/+/, '')));
  const [api, socket] = [join(apiPath ?? '/api/chat/'), join(wsPath ?? '/ws/chat/')];
  const token = parseUrl(tokenUrl || '', here());
  // The page's own origin may give tokens, too.
  const all = [root, api, socket, token?.origin === globalThis.location?.origin ? root : `${token?.href}`];
  const isAllowed = allowed.every((entries) =>
    all.every((address) => entries.some((entry) => address.startsWith(entry))),
  );
  return { base: root.slice(0, -1), api, socket: socket.replace('http', 'ws'), isAllowed };
}
