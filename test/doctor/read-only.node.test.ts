/** Nothing is changed without `write`: neither in the database, nor by what the doctor sends. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WebSocket } from 'ws';
import type { Database } from '../../demo/server/database/database.js';
import { startServer } from '../../demo/server/server.js';
import { diagnose, withWs, type DiagnoseOptions } from '../../src/doctor/index.js';
import { ANA, BEN } from '../server/support.js';
import { injectFault } from '../support/backend-fault-proxy.js';
import { diagnoseServer, failedIds, SITE, WRITE } from './support.js';

/** Every row of every table with the transaction that wrote it, so that even an update without effect shows. */
async function dump({ query }: Database): Promise<Record<string, string>> {
  const tables = await query<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = 'public' order by tablename`,
  );
  const result: Record<string, string> = {};
  for (const { name } of tables) {
    const [table] = await query<{ rows: string }>(
      `select coalesce(string_agg(t.xmin::text || ' ' || t::text, ';' order by t::text), '') as rows from "${name}" t`,
    );
    result[name] = table!.rows;
  }
  const sequences = 'select sequencename as name, last_value::text as value from pg_sequences order by sequencename';
  for (const { name, value } of await query<{ name: string; value: string }>(sequences)) result[name] = value;
  return result;
}

const READING_FRAMES = ['ping', 'get_room_list', 'subscribe_room', 'unsubscribe_room', 'get_unread_count'];
/** Rooms of Ana without unread messages in the seed, so that reading their histories marks nothing as read. */
const READ_ROOMS = [1, 3, 5];
/** An unknown type, and malformed JSON. */
const UNUSABLE_FRAMES = ['unified_chat_doctor', '{"type": "pi'];

function kindOf(text: string): string {
  try {
    const { type, action } = JSON.parse(text) as { type?: string; action?: string };
    return type ?? action ?? text;
  } catch {
    return text;
  }
}

for (const [baseline, auth] of [
  [true, 'query'],
  [false, 'query'],
  [false, 'subprotocol'],
  [false, 'ticket'],
] as const) {
  describe(`12.22: without write, on a ${baseline ? 'baseline' : 'full'} backend with auth=${auth}`, () => {
    it('12.22: the database stays as it was, byte for byte, and the doctor sends only what reads', async () => {
      const differences = baseline ? (['history-marks-read'] as const) : [];
      const server = await startServer({ baseline, differences, allowedOrigins: [SITE] });
      const requests: string[] = [];
      const frames: string[] = [];
      const recorder = await injectFault(server.url, {
        request: ({ method, url }) => void requests.push(`${method} ${url.pathname}`),
        fromClient: (text) => (frames.push(kindOf(text)), text),
      });
      try {
        const before = await dump(server.database);
        const options: DiagnoseOptions = {
          url: recorder.url,
          token: await server.signToken(ANA),
          userToken2: await server.signToken(BEN),
          origin: SITE,
          auth,
        };
        const report = await diagnose({ ...options, ...withWs(WebSocket) });
        assert.deepEqual(failedIds(report), []);
        assert.deepEqual(await dump(server.database), before);
        assert.deepEqual([...new Set(frames)].sort(), [...READING_FRAMES, ...UNUSABLE_FRAMES].sort());
        const others = requests.filter((request) => !/^(GET|OPTIONS) /.test(request));
        const tickets = auth === 'ticket' ? ['POST /api/chat/ws_ticket/'] : [];
        assert.deepEqual([...new Set(others)], tickets);
        const histories = requests.flatMap((request) => /^GET .*\/(\d+)\/messages\//.exec(request)?.[1] ?? []);
        assert.equal(histories.length > 0, !baseline, 'histories are read for the capability around only');
        assert.ok(
          histories.every((room) => READ_ROOMS.includes(Number(room))),
          'no history with unread messages is read',
        );
      } finally {
        await recorder.close();
        await server.close();
      }
    });
  });
}

it('12.22: the comparison of the database notices what the option write changes', async () => {
  const server = await startServer();
  try {
    const before = await dump(server.database);
    await diagnoseServer(server, WRITE);
    const after = await dump(server.database);
    assert.ok(Object.keys(before).length > 5, 'there are tables to compare');
    assert.notEqual(after['messages'], before['messages']);
    assert.notEqual(after['rooms'], before['rooms']);
  } finally {
    await server.close();
  }
});
