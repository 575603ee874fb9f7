/** The address of a client, as a key for limits. */
import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';

const GROUPS = 8;
/** A network provider assigns at least the first four groups (/64) to one customer. */
const GROUPS_OF_CUSTOMER = 4;
const MAX_LENGTH = 64;

/**
 * @param trustProxy Whether a proxy in front of this server appends the address of its client to `X-Forwarded-For`.
 * Earlier entries of the header are what the client itself claims.
 */
export function clientAddress({ headers, socket }: IncomingMessage, trustProxy: boolean): string {
  const forwarded = trustProxy ? String(headers['x-forwarded-for'] ?? '') : '';
  const address = forwarded.split(',').at(-1)!.trim() || (socket.remoteAddress ?? '');
  return isIPv6(address) ? networkOf(address) : address.slice(0, MAX_LENGTH);
}

/** The /64 network of an IPv6 address, whose owner has 2^64 addresses. */
function networkOf(address: string): string {
  const mapped = /^::ffff:([\d.]+)$/i.exec(address);
  if (mapped) return mapped[1]!;
  // Without the zone of a link-local address.
  const [head, tail] = address.split('%', 1)[0]!.split('::') as [string, string?];
  const before = head === '' ? [] : head.split(':');
  const after = tail ? tail.split(':') : [];
  const zeros = tail === undefined ? 0 : GROUPS - before.length - after.length;
  const groups = [...before, ...Array<string>(Math.max(0, zeros)).fill('0'), ...after];
  const network = groups.slice(0, GROUPS_OF_CUSTOMER).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}
