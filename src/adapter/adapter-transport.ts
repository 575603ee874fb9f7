/** A transport that uses an adapter. */
import { idKey } from '../protocol/index.js';
import {
  SemanticConnection,
  type Clock,
  type ConnectionOptions,
  type Transport,
  type TransportConnection,
} from '../transport/index.js';
import type { AdapterEvents, ChatAdapter } from './adapter.js';
import { AdapterBackend } from './adapter-backend.js';
import { AdapterRequests } from './adapter-requests.js';

/** @param name identifies the backend. */
export function adapterTransport(adapter: ChatAdapter, name: string, clock: Clock): Transport {
  const backend = new AdapterBackend(adapter, name, clock);
  const id = `adapter:${encodeURIComponent(name)}`;
  return {
    userId: adapter.user.id,
    addressOf: () => ({ base: id, api: id, socket: id }),
    createRequests: (options) => new AdapterRequests(backend, options),
    open: (options) => open(backend, options),
  };
}

function open(backend: AdapterBackend, options: ConnectionOptions): TransportConnection {
  const { adapter, history } = backend;
  const closed = new AbortController();
  /** Functions that leave the subscribed rooms; undefined while `adapter.subscribe` is pending. */
  const subscriptions = new Map<string, (() => void) | undefined>();
  let endConnection: (() => void) | void;
  const connection = new SemanticConnection(options, {
    listRooms: () => backend.listRooms(),
    sendMessage: (message) => backend.sendMessage(message),
    markRead: async (roomId) => adapter.read?.(backend.idOf('room', roomId)),
    setTyping: (roomId, isTyping) => adapter.typing?.(backend.idOf('room', roomId), isTyping),
    async subscribe(roomId) {
      const key = idKey(roomId);
      subscriptions.set(key, undefined);
      const leave = await adapter.subscribe?.(backend.idOf('room', roomId));
      if (!leave) return;
      // The room may have been left while `adapter.subscribe` was pending.
      if (subscriptions.has(key)) subscriptions.set(key, leave);
      else leave();
    },
    unsubscribe(roomId) {
      subscriptions.get(idKey(roomId))?.();
      subscriptions.delete(idKey(roomId));
    },
    close() {
      closed.abort();
      for (const leave of subscriptions.values()) leave?.();
      subscriptions.clear();
      endConnection?.();
    },
  });
  const { events } = connection;
  const adapterEvents: AdapterEvents = {
    message: (roomId, message) => {
      history.record(roomId, message);
      events.message(backend.messageOf(roomId, message));
    },
    typing: events.typing,
    read: events.read,
    roomsChanged: events.roomsChanged,
    disconnected: events.closed,
  };
  // `temp_id`: own messages are matched by their local id, though sending one twice may store it twice.
  const capabilities = ['ack', 'user_channel', 'temp_id', ...(adapter.isIdempotent ? ['idempotent_send'] : [])];
  const connect = async (): Promise<void> => {
    const end = await adapter.connect?.(adapterEvents, closed.signal);
    if (closed.signal.aborted) return end?.();
    endConnection = end;
    events.connected(adapter.user, capabilities);
  };
  // Not before this function has returned: an adapter may fail at once.
  backend.connected = Promise.resolve().then(connect);
  backend.connected.catch((thrown: unknown) => events.closed(String(thrown)));
  return connection;
}
