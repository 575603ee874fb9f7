/** Whether a request was made on this machine: for routes that give tokens without a sign-in. */
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/** 127.0.0.0/8 and ::1, also as IPv4 in IPv6. */
export function isLoopbackAddress(address: string | undefined): boolean {
  if (address === undefined) return false;
  const plain = address.replace(/^::ffff:/i, '');
  return isIP(plain) === 4 ? plain.startsWith('127.') : plain === '::1';
}

/**
 * Whether the header `Host` names this machine. Without this check, a page at an address of its own that is made to lead to
 * 127.0.0.1 (DNS rebinding) could ask as if it were ours.
 */
export function isLoopbackHost(host: string | undefined): boolean {
  if (!host || !URL.canParse(`http://${host}`)) return false;
  const { hostname } = new URL(`http://${host}`);
  return hostname === 'localhost' || hostname.endsWith('.localhost') || isLoopbackAddress(hostname.replace(/^\[|\]$/g, ''));
}

export const isLoopback = ({ headers, socket }: IncomingMessage): boolean => isLoopbackAddress(socket.remoteAddress) && isLoopbackHost(headers.host);
