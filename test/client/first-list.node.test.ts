/** The first list of rooms is requested before the capabilities of the backend are known. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { WebSocket as NodeWebSocket } from 'ws';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { ChatConnection, type ChatData } from '../../src/client/index.js';
import { MemoryStorage } from '../support/memory-storage.js';
import { ANA, within } from '../server/support.js';

const ROOMS = 120;

describe('13.6: the first list of rooms', () => {
  let full: RunningServer;
  let baseline: RunningServer;
  before(async () => {
    full = await startServer();
    baseline = await startServer({ baseline: true });
    for (const { database } of [full, baseline]) {
      await database.query(`insert into rooms (id, name, room_type)
        select n, 'Room ' || n, 'general' from generate_series(1001, ${1_000 + ROOMS}) n`);
      await database.query(`insert into members (room_id, user_id)
        select n, ${ANA} from generate_series(1001, ${1_000 + ROOMS}) n`);
    }
  });
  after(async () => {
    await full.close();
    await baseline.close();
  });

  /** Connects. @returns the query of each list, the number of rooms in its answer, and the data at the end. */
  async function connect(server: RunningServer): Promise<{ lists: [query: string, rooms: number][]; data: ChatData }> {
    const lists: [string, number][] = [];
    const chat = new ChatConnection(
      { url: server.url, token: await server.signToken(ANA) },
      {
        storage: new MemoryStorage(),
        tabs: {},
        WebSocket: NodeWebSocket as unknown as typeof WebSocket,
        fetch: async (input, init) => {
          const response = await fetch(input, init);
          const { pathname, search } = new URL(input as string | URL);
          if (pathname === '/api/chat/rooms/') {
            const body = (await response.clone().json()) as unknown[] | { items: unknown[] };
            lists.push([search, (Array.isArray(body) ? body : body.items).length]);
          }
          return response;
        },
      },
    );
    chat.connect();
    await within(
      new Promise<void>((resolve) => {
        const stop = chat.subscribe(({ phase, roomsLoaded, capabilities }) => {
          if (phase.is !== 'connected' || !roomsLoaded || (server === full && capabilities.length === 0)) return;
          stop();
          resolve();
        });
      }),
      'connected',
    );
    const { data } = chat;
    chat.disconnect();
    return { lists, data };
  }

  it('is one page of a backend that has pages', async () => {
    const { lists, data } = await connect(full);
    assert.deepEqual(lists[0], ['?limit=50', 50]);
    assert.ok(
      lists.every(([, rooms]) => rooms <= 50),
      JSON.stringify(lists),
    );
    assert.deepEqual([data.rooms.length, data.roomsComplete], [50, false]);
  });

  it('is the whole list of one that ignores the limit', async () => {
    const { lists, data } = await connect(baseline);
    assert.equal(lists[0]![0], '?limit=50');
    assert.equal(data.rooms.length, lists[0]![1]);
    assert.ok(data.rooms.length >= ROOMS && data.roomsComplete);
  });
});
