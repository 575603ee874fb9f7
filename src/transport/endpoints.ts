/**
 * The addresses of a backend, and whether the page allows them. `loader.js` and the chat share this file, so it imports
 * only what both need.
 */
import { parseHttp, parseUrl } from '../internal/url.js';

/** The addresses of a backend. */
export interface Address {
  /** Origin and optional base path, without a trailing slash: `https://api.example.com/v2`. */
  readonly base: string;
  /** Base of all REST routes, with a trailing slash. */
  readonly api: string;
  /** The chat socket, without its token. */
  readonly socket: string;
}

export interface AddressParts {
  /** Origin and optional base path. Default: the page's origin. A query is dropped. */
  url?: string | null | undefined;
  /** Default: `/ws/chat/`. */
  wsPath?: string | null | undefined;
  /** Default: `/api/chat/`. */
  apiPath?: string | null | undefined;
  /** The site's token endpoint. */
  tokenUrl?: string | null | undefined;
}

/** A property of the document, which an `<img name=…>` of the page cannot replace. */
export const ofDocument = <Name extends keyof Document>(name: Name): NonNullable<Document[Name]> =>
  Reflect.get(Document.prototype, name, document) as NonNullable<Document[Name]>;

const here = (): string | undefined => globalThis.location?.href;

/** Origin and path, with a trailing slash. Without a URL: a text with which no address begins. */
const folder = (url: URL | null): string => (url ? url.origin + url.pathname.replace(/\/*$/, '/') : '-');

/**
 * The addresses that each `<meta name="unified-chat-backends" content="https://a.example
 * https://b.example/path">` in `<head>` allows. Read once, when the script runs, so that markup that is added later, or
 * in `<body>`, has no effect.
 */
const allowed = globalThis.document
  ? [...ofDocument('head').querySelectorAll<HTMLMetaElement>('meta[name=unified-chat-backends]')].map(({ content }) =>
      content.split(/\s+/).map((entry) => folder(parseHttp(entry))),
    )
  : [];

/**
 * Joins the addresses of a backend. Missing and duplicate slashes between the parts are tolerated.
 * @returns undefined if `url` is invalid. `isAllowed`: false if the page does not allow one of the addresses, or
 *   `tokenUrl`. Then nothing may be sent.
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
  // A token endpoint on the page's own origin is always allowed.
  const all = [root, api, socket, token?.origin === globalThis.location?.origin ? root : `${token?.href}`];
  const isAllowed = allowed.every((entries) =>
    all.every((address) => entries.some((entry) => address.startsWith(entry))),
  );
  return { base: root.slice(0, -1), api, socket: socket.replace('http', 'ws'), isAllowed };
}
