/** Connections of the client to a real reference backend, in Node. */
import { WebSocket as NodeWebSocket } from 'ws';
import {
  ChatConnection,
  type ChatData,
  type ChatMessage,
  type ConnectionDependencies,
} from '../../src/client/index.js';
import type { RunningServer } from '../../demo/server/server.js';
import type { Id } from '../../src/protocol/index.js';
import { threadOf } from '../../src/store/selectors.js';
import { MemoryStorage } from '../support/memory-storage.js';
import { within } from '../server/support.js';

export interface TestConnection {
  chat: ChatConnection;
  /** The requests: method and path. */
  requests: string[];
  /** Called before each request; it may wait, or throw to make it fail. */
  beforeRequest: (method: string, path: string) => Promise<void> | void;
  /** Answers a request instead of the server, unless it returns undefined. */
  answer: (method: string, path: string) => Promise<Response | undefined> | Response | undefined;
  /** Called when the server has answered; throws to lose the answer. */
  afterRequest: (method: string, path: string) => void;
  /** Whether sockets can be opened. */
  isOnline: boolean;
  until(condition: (data: ChatData) => boolean, what: string): Promise<ChatData>;
  /** The stored messages that are shown. */
  shown(roomId: Id): readonly ChatMessage[];
  end(): void;
}

/** A promise, and the function that resolves it. */
export function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

/** Connects, and opens rooms. Resolves when they are loaded. @param device shared by the tabs of one browser. */
export async function connectAs(
  server: RunningServer,
  userId: number,
  roomIds: readonly Id[] = [],
  device: Pick<ConnectionDependencies, 'storage' | 'tabs' | 'random'> = { storage: new MemoryStorage(), tabs: {} },
): Promise<TestConnection> {
  const token = await server.signToken(userId);
  const requests: string[] = [];
  const connection = {
    requests,
    beforeRequest: () => {},
    answer: () => undefined,
    afterRequest: () => {},
    isOnline: true,
  } as unknown as TestConnection;
  const chat = new ChatConnection(
    { url: server.url, token },
    {
      ...device,
      // A socket that fails at once, while the device is offline.
      WebSocket: new Proxy(NodeWebSocket, {
        construct(target, [url, protocols]: [string, string[]]) {
          const socket = new target(connection.isOnline ? url : 'ws://127.0.0.1:9', protocols);
          // Without a listener, the error of a refused connection would end the process.
          return socket.on('error', () => {});
        },
      }) as unknown as typeof WebSocket,
      fetch: async (input, init) => {
        const method = init?.method ?? 'GET';
        const path = new URL(input instanceof Request ? input.url : input).pathname.replace('/api/chat/', '');
        requests.push(`${method} ${path}`);
        if (!connection.isOnline) throw new TypeError('offline');
        await connection.beforeRequest(method, path);
        const answer = (await connection.answer(method, path)) ?? (await fetch(input, init));
        connection.afterRequest(method, path);
        return answer;
      },
    },
  );
  const until = (condition: (data: ChatData) => boolean, what: string): Promise<ChatData> =>
    within(
      new Promise<ChatData>((resolve) => {
        const look = (): void => {
          if (!condition(chat.data)) return;
          stop();
          resolve(chat.data);
        };
        const stop = chat.subscribe(look);
        look();
      }),
      what,
    );
  Object.assign(connection, {
    chat,
    until,
    shown: (roomId: Id) => threadOf(chat.data, roomId).timeline.filter(({ delivery }) => delivery === 'sent'),
    end: () => chat.disconnect(),
  });
  chat.connect();
  roomIds.forEach((roomId) => chat.openRoom(roomId));
  await until(
    (data) => data.phase.is === 'connected' && roomIds.every((roomId) => threadOf(data, roomId).loaded),
    'the connection and its rooms',
  );
  return connection;
}
