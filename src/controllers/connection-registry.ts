/**
 * The page's connections, for elements outside a `<chat-connection>`. Elements with the same `url` and the same user
 * share one connection, wherever they are on the page.
 */
import { readClaims } from '../internal/claims.js';
import type { ChatConnection } from '../client/index.js';

interface SharedConnection {
  readonly connection: ChatConnection;
  unregister: () => void;
  /** Number of elements that use it. */
  users: number;
}

/** Connections opened for elements with their own `token`, by url and user. */
const shared = new Map<string, SharedConnection>();
/** All registered connections, oldest first. */
const registered: ChatConnection[] = [];
const watchers = new Set<() => void>();

type ConnectionClass = new (config: { url: string | undefined; token: string }) => ChatConnection;
let Connection: ConnectionClass | undefined;
let loadConnection: (() => Promise<ConnectionClass>) | undefined;

/** Sets the class used for shared connections. Called by the module of `<chat-connection>`. */
export function setConnectionClass(given: ConnectionClass): void {
  Connection = given;
}

/** Sets how the class is loaded, for pages that import elements without `<chat-connection>`. */
export function setConnectionLoader(given: () => Promise<ConnectionClass>): void {
  loadConnection = given;
}

function notifyWatchers(): void {
  for (const watcher of [...watchers]) watcher();
}

/**
 * Makes a connection available to elements without a token and without a provider.
 * @returns a function that undoes it.
 */
export function registerConnection(connection: ChatConnection): () => void {
  registered.push(connection);
  notifyWatchers();
  return () => {
    registered.splice(registered.indexOf(connection), 1);
    notifyWatchers();
  };
}

/** The page's default connection: the oldest one. */
export const pageConnection = (): ChatConnection | undefined => registered[0];

/** The connection of a `<chat-connection>` with this `url` and `token`, anywhere on the page. */
export const pageConnectionFor = (url: string | undefined, token: string): ChatConnection | undefined =>
  registered.find(
    (connection) =>
      connection.serves(url, token) && ![...shared.values()].some((entry) => entry.connection === connection),
  );

/**
 * Calls `watcher` when a connection may have become available or unavailable.
 * @returns a function that unsubscribes it.
 */
export function watchConnections(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/**
 * Returns the shared connection for this `url` and the token's user, and opens it if necessary. A newer token of the
 * same user is applied to the existing connection: sibling elements whose tokens are updated one after the other stay
 * on one connection, and unsent messages are kept.
 * @returns the connection and a function that releases it; undefined while the connection's code is being loaded:
 *   watchers are notified once it is available.
 */
export function acquireShared(
  url: string | undefined,
  token: string,
): { connection: ChatConnection; release: () => void } | undefined {
  if (!Connection) {
    loadConnection?.().then(
      (loaded) => {
        setConnectionClass(loaded);
        notifyWatchers();
      },
      // The next call tries again.
      () => {},
    );
    return undefined;
  }
  const key = JSON.stringify([url ?? '', readClaims(token).userId ?? token]);
  let entry = shared.get(key);
  if (entry) {
    entry.connection.configure({ token });
  } else {
    // Add it to `shared` before registering it: watchers would take it for the connection of a `<chat-connection>`.
    shared.set(key, (entry = { connection: new Connection({ url, token }), unregister: () => {}, users: 0 }));
    entry.connection.connect();
    entry.unregister = registerConnection(entry.connection);
  }
  const acquired = entry;
  acquired.users++;
  const release = (): void => {
    acquired.users--;
    // Moving an element disconnects and connects it within one task, and must not close the socket.
    queueMicrotask(() => {
      if (acquired.users > 0 || shared.get(key) !== acquired) return;
      shared.delete(key);
      acquired.unregister();
      acquired.connection.disconnect();
    });
  };
  return { connection: acquired.connection, release };
}
