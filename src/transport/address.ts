import { parseHttp } from '../internal/url.js';
import { joinAddress, type Address, type AddressParts } from './endpoints.js';
import { ChatError } from './errors.js';

export { parseUrl } from '../internal/url.js';
export { type Address, type AddressParts } from './endpoints.js';

/**
 * Makes the addresses of a backend.
 * @throws {ChatError} `bad_url`, saying what is expected instead; `backend_not_allowed`, where the page names its backends and this is none of them.
 */
export function makeAddress(parts: AddressParts): Address {
  const address = joinAddress(parts);
  if (!address)
    throw new ChatError('bad_url', `url="${parts.url}" is not an address: it must begin with https:// or http://.`);
  if (!address.isAllowed)
    throw new ChatError(
      'backend_not_allowed',
      `url="${parts.url}", or token-url, is not in the page's <meta name="unified-chat-backends">.`,
    );
  return address;
}

/**
 * A file's URL, made absolute; nothing for what is not fetched over HTTP (`javascript:`, `data:` and the like must
 * never reach a link), and for an address with a user name, which looks like another host.
 */
export function attachmentUrl(base: string, attachment: string | null): string | null {
  const url = attachment && parseHttp(attachment, base);
  return url && !url.username && !url.password ? url.href : null;
}
