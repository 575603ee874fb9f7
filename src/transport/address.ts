import { ChatError } from './errors.js';

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
  /** Origin and optional base path. Default: the page's origin. */
  url?: string | undefined;
  /** Default `/ws/chat/`. */
  wsPath?: string | undefined;
  /** Default `/api/chat/`. */
  apiPath?: string | undefined;
}

const slashed = (path: string): string => `/${path.replace(/^\/+|\/+$/g, '')}/`;

/**
 * Makes the addresses of a backend.
 * @throws {ChatError} `bad_url`, saying what is expected instead.
 */
export function makeAddress({ url, wsPath = '/ws/chat/', apiPath = '/api/chat/' }: AddressParts): Address {
  const base = parseHttp(url || '/', globalThis.location?.href);
  if (!base) throw new ChatError('bad_url', `url="${url}" is not an address: it must begin with https:// or http://.`);
  const root = base.origin + base.pathname.replace(/\/+$/, '');
  return { base: root, api: root + slashed(apiPath), socket: root.replace(/^http/, 'ws') + slashed(wsPath) };
}

/**
 * A file's URL, made absolute; nothing for what is not fetched over HTTP (`javascript:`, `data:` and the like must
 * never reach a link).
 */
export function attachmentUrl(base: string, attachment: string | null): string | null {
  return (attachment && parseHttp(attachment, base)?.href) || null;
}

function parseHttp(text: string, base?: string): URL | null {
  const url = parseUrl(text, base);
  return url && /^https?:$/.test(url.protocol) ? url : null;
}

/** An address, or nothing where it is none. */
export function parseUrl(url: string, base?: string): URL | null {
  try {
    return new URL(url, base);
  } catch {
    return null;
  }
}
