/**
 * The connections of a page, for elements that stand alone: one per `url` and `token`, however many ask, so that
 * elements dropped anywhere share one socket.
 */
import { readClaims } from '../internal/claims.js';
import type { ChatConnection } from '../client/index.js';

interface Shared {
  readonly connection: ChatConnection;
  withdraw: () => void;
  users: number;
}

/** Opened by elements with a `token` of their own. */
const shared = new Map<string, Shared>();
/** Every live connection of the page, oldest first. */
const offered: ChatConnection[] = [];
const watchers = new Set<() => void>();

type Connection = new (config: { url: string | undefined; token: string }) => ChatConnection;
let Connection: Connection | undefined;
let load: (() => Promise<Connection>) | undefined;

/** Sets the class of connections. `<chat-connection>` does so. */
export function connectWith(given: Connection): void {
  Connection = given;
}

/** Says how that is loaded, where elements come without it. */
export function loadConnectionWith(given: () => Promise<Connection>): void {
  load = given;
}

function tellWatchers(): void {
  for (const watcher of [...watchers]) watcher();
}

/** Makes a connection usable by elements that have neither a token nor a provider. @returns how to take it back. */
export function registerConnection(connection: ChatConnection): () => void {
  offered.push(connection);
  tellWatchers();
  return () => {
    offered.splice(offered.indexOf(connection), 1);
    tellWatchers();
  };
}

/** The page's connection: the oldest one. */
export const pageConnection = (): ChatConnection | undefined => offered[0];

/** The connection of a `<chat-connection>` with this `url` and `token`, anywhere in the page. */
export const pageConnectionFor = (url: string | undefined, token: string): ChatConnection | undefined =>
  offered.find((connection) => connection.serves(url, token) && ![...shared.values()].some((entry) => entry.connection === connection));

/** Calls back whenever the page's connection may have changed. @returns how to stop. */
export function watchConnections(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/**
 * The connection for this `url` and `token`, opened if there is none. A newer token of the same person joins the same
 * connection, which goes over to it: siblings whose tokens are changed one after the other stay together, and what
 * waits to be sent is not lost.
 * @returns the connection, and how to leave it; nothing where its code has to be loaded first: everybody asks again when it is there.
 */
export function acquireShared(url: string | undefined, token: string): { connection: ChatConnection; leave: () => void } | undefined {
  if (!Connection) {
    load?.().then(
      (loaded) => {
        connectWith(loaded);
        tellWatchers();
      },
      // It could not be loaded: the next call tries again.
      () => {},
    );
    return undefined;
  }
  const key = JSON.stringify([url ?? '', readClaims(token).userId ?? token]);
  let entry = shared.get(key);
  if (entry) {
    entry.connection.configure({ token });
  } else {
    // Shared before it is registered: otherwise it would be taken for that of a `<chat-connection>`.
    shared.set(key, (entry = { connection: new Connection({ url, token }), withdraw: () => {}, users: 0 }));
    entry.connection.connect();
    entry.withdraw = registerConnection(entry.connection);
  }
  const joined = entry;
  joined.users++;
  const leave = (): void => {
    joined.users--;
    // Moving an element leaves and joins within one task: the socket outlives that.
    queueMicrotask(() => {
      if (joined.users > 0 || shared.get(key) !== joined) return;
      shared.delete(key);
      joined.withdraw();
      joined.connection.disconnect();
    });
  };
  return { connection: joined.connection, leave };
}
