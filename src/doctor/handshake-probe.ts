/**
 * Knocks at the door as somebody who must not come in: with a forged token, or without any.
 * `createAuthenticatedWebSocket` exists so that no socket is ever without a token; here that is the question.
 */
import type { AuthMode } from '../transport/index.js';
import { base64url } from './base64.js';

/** The close code by which a refusal is recognised. */
export const AGREED_CODE = 4001;

/** What became of a knock. */
export type Knocked =
  /** Before anything was opened; `status` where a program is told. */
  | { is: 'refused' }
  /** Opened, and closed again by the server. */
  | { is: 'closed'; code: number }
  /** Opened, and left open; `greeted` where the server even said who one is. */
  | { is: 'let-in'; greeted: boolean }
  | { is: 'silent' };

/** The class of `ws` takes the origin as a third argument; a browser's ignores it. */
type SocketClass = new (url: string, protocols: string[], options: { origin: string | undefined }) => WebSocket;

export interface Knock {
  address: string;
  auth: AuthMode;
  /** None: the token is left out. */
  token: string | undefined;
  WebSocket: SocketClass;
  /** Where the socket's class takes it as a third argument. */
  origin: string | undefined;
  greetingMs: number;
  watchMs: number;
}

/** Where the token goes, in each way for it to travel. */
export function placeToken(address: string, auth: AuthMode, token: string | undefined): { url: string; protocols: string[] } {
  if (auth === 'subprotocol') return { url: address, protocols: ['unified-chat', ...(token === undefined ? [] : [`bearer.${base64url(token)}`])] };
  return { url: token === undefined ? address : `${address}?${auth === 'ticket' ? 'ticket' : 'token'}=${encodeURIComponent(token)}`, protocols: [] };
}

export function knock({ address, auth, token, WebSocket, origin, greetingMs, watchMs }: Knock): Promise<Knocked> {
  const { url, protocols } = placeToken(address, auth, token);
  const socket = new WebSocket(url, protocols, { origin });
  return new Promise((resolve) => {
    let isOpen = false;
    let timer = setTimeout(() => done({ is: 'silent' }), greetingMs);
    const done = (knocked: Knocked): void => {
      clearTimeout(timer);
      resolve(knocked);
      socket.close();
    };
    socket.addEventListener('open', () => {
      isOpen = true;
      clearTimeout(timer);
      timer = setTimeout(() => done({ is: 'let-in', greeted: false }), watchMs);
    });
    socket.addEventListener('message', ({ data }) => {
      if (String(data).includes('connection_established')) done({ is: 'let-in', greeted: true });
    });
    // In Node, an error that nobody listens to ends the process; 'close' always follows.
    socket.addEventListener('error', () => {});
    socket.addEventListener('close', ({ code }) => done(isOpen ? { is: 'closed', code } : { is: 'refused' }));
  });
}

/** A token that looks like the real one and is not: the same person, signed by nobody. */
export function forged(token: string): string {
  const parts = token.split('.');
  return parts.length === 3 ? `${parts[0]}.${parts[1]}.${'A'.repeat(parts[2]!.length)}` : 'unified-chat-doctor-forged-token';
}
