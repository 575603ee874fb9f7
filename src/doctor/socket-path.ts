/**
 * Tells a wrong WebSocket path from other causes. Some servers answer handshakes at every path alike: a check of origin
 * or token in front of the router answers 403, and Django Channels answers 500 where no route matches. So a response
 * says something about a path only if a path without a route is answered differently.
 */
import type { CheckContext } from './check-context.js';
import { credentialOrToken } from './credential.js';
import { placeToken } from './handshake-probe.js';
import type { RequestUpgrade, UpgradeRequest, UpgradeResponse } from './upgrade-request.js';

/** The part of a path that no backend has a route for. */
const UNUSED = 'unified-chat-doctor';

export const correctPath =
  'Route this path to the chat consumer, or set the path: ws-path on <chat-connection>, --ws-path on the command ' +
  'line. It always ends with a slash; the widget adds a missing one.';

/**
 * Performs a handshake with the valid token.
 * @param address default: the chat's own.
 */
export async function handshake(
  context: CheckContext,
  requestUpgrade: RequestUpgrade,
  request: UpgradeRequest,
  address = context.options.address.socket,
): Promise<UpgradeResponse> {
  const { url, protocols } = placeToken(address, context.options.auth, await credentialOrToken(context));
  return requestUpgrade(url, { protocols, ...request });
}

/**
 * Paths without a route: below the given one and beside it, because a proxy may forward only one of them to the server
 * that answers at the given path.
 */
export function unusedAddresses(address: string): string[] {
  const bare = address.replace(/\/$/, '');
  const parent = bare.slice(0, bare.lastIndexOf('/'));
  return [`${bare}/${UNUSED}/`, `${parent}/${UNUSED}/`];
}

/**
 * The origins with which a handshake may pass a check of the origin: the accepted one, none, and the server's own. A
 * refusal says something about path or token only if it is the same for all of them.
 */
export const possibleOrigins = ({ acceptedOrigin, options }: CheckContext): (string | undefined)[] => [
  ...new Set([acceptedOrigin, undefined, new URL(options.address.api).origin]),
];

interface UnusedPathOptions {
  /** Default: that of the chat. */
  address?: string;
  /** With each of them, the status must be the same. Default: the accepted origin. */
  origins?: (string | undefined)[];
}

/** @returns a path without a route where a handshake with the token has the same status; undefined if there is none. */
export async function findUnusedPathWithStatus(
  context: CheckContext,
  requestUpgrade: RequestUpgrade,
  status: number,
  { address = context.options.address.socket, origins = [context.acceptedOrigin] }: UnusedPathOptions = {},
): Promise<string | undefined> {
  for (const unused of unusedAddresses(address)) {
    let isAlike = true;
    for (const origin of origins) {
      isAlike &&= (await handshake(context, requestUpgrade, { origin }, unused)).status === status;
    }
    if (isAlike) return new URL(unused).pathname;
  }
  return undefined;
}

/** @returns a sentence if a WebSocket opens at the default path, or ''. */
export async function findDefaultPath(context: CheckContext, requestUpgrade: RequestUpgrade): Promise<string> {
  const { base, socket } = context.options.address;
  const address = `${base.replace('http', 'ws')}/ws/chat/`;
  if (address === socket) return '';
  const { status } = await handshake(context, requestUpgrade, { origin: context.acceptedOrigin }, address);
  return status === 101 ? ` A WebSocket opens at ${new URL(address).pathname}.` : '';
}
