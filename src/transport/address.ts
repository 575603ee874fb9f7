import { parseHttp } from '../internal/url.js';
import { joinAddress, type Address, type AddressParts } from './endpoints.js';
import { ChatError } from './errors.js';

export { parseUrl } from '../internal/url.js';
export { type Address, type AddressParts } from './endpoints.js';

/**
 * Joins the addresses of a backend, and checks that the page allows them.
 * @throws {ChatError} `bad_url` if `url` is invalid; the message describes the expected form. `backend_not_allowed` if
 *   the page restricts its backends and this is none of them.
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
 * The absolute URL of a file. Null for a URL of another scheme than HTTP (`javascript:`, `data:` and the like must
 * never reach a link), and for one with a user name or password, which looks like another host.
 */
export function attachmentUrl(base: string, attachment: string | null): string | null {
  const url = attachment && parseHttp(attachment, base);
  return url && !url.username && !url.password ? url.href : null;
}
