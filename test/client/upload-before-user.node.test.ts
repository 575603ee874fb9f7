/** A token that does not name its user: the file is added before the user is known. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket as NodeWebSocket } from 'ws';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { ChatConnection } from '../../src/client/index.js';
import { ANA, ROOM } from '../server/support.js';
import { MemoryStorage } from '../support/memory-storage.js';

let server: RunningServer;
before(async () => (server = await startServer()));
after(() => server.close());

it('a file that is added before the user is known is sent', async () => {
  const real = await server.signToken(ANA);
  const OPAQUE = 'opaque-token-of-ana';
  let isOnline = false;
  const storage = new MemoryStorage();
  const chat = new ChatConnection(
    { url: server.url, token: OPAQUE },
    {
      storage: storage.handle(),
      tabs: {},
      WebSocket: new Proxy(NodeWebSocket, {
        construct(target, [url, protocols]: [string, string[]]) {
          const socket = new target(isOnline ? url.replace(OPAQUE, real) : 'ws://127.0.0.1:9', protocols);
          return socket.on('error', () => {});
        },
      }) as unknown as typeof WebSocket,
      fetch: async (input, init) => {
        if (!isOnline) throw new TypeError('offline');
        const headers = new Headers(init?.headers);
        if (headers.has('Authorization')) headers.set('Authorization', `Bearer ${real}`);
        return fetch(input, { ...init, headers });
      },
    },
  );
  chat.connect();
  await sleep(200);
  const upload = await chat.uploads.add(ROOM, new File(['x'], 'a.txt', { type: 'text/plain' }));
  console.log('added', upload.state, upload.isStored, 'stored rows', storage.files.rows.size);
  const sent = chat.sendChatMessage(ROOM, 'with a file', { attachments: [upload.uploadId] });
  let result: unknown = 'pending';
  sent.then(
    () => (result = 'sent'),
    (error: unknown) => (result = error),
  );
  const text = chat.sendChatMessage(ROOM, 'plain');
  text.catch(() => {});
  isOnline = true;
  for (let i = 0; i < 40 && result === 'pending'; i++) await sleep(500);
  console.log(chat.data.phase.is, result, [...chat.data.uploads.values()]);
  chat.disconnect();
  assert.equal(result, 'sent');
});
