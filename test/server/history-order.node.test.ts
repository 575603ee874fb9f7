/** Imported messages, whose ids do not follow time: histories are ordered by (timestamp, id). */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { ANA, BEN, join, rest, ROOM } from './support.js';

const DAY_MS = 86_400_000;
let server: RunningServer;
before(async () => {
  server = await startServer({ seed: 'transcript' });
});
after(() => server.close());

interface Shown {
  id: number;
  timestamp: string;
  content: string;
}
const page = async (query: string): Promise<{ messages: Shown[]; has_more: boolean }> =>
  (await rest(server, ANA, `rooms/${ROOM}/messages/?${query}`)).body;

it('10.25: pages through imported messages without gaps or jumps, with any ids, in both directions', async () => {
  // Live messages first, then imported ones: higher ids, earlier times, some with equal timestamps.
  const insert = (content: string, at: number): Promise<object[]> =>
    server.database.query('insert into messages (room_id, sender_id, content, created_at) values ($1, $2, $3, $4)', [
      ROOM,
      BEN,
      content,
      new Date(at),
    ]);
  const start = Date.parse('2026-01-10T12:00:00Z');
  for (let n = 0; n < 20; n++) await insert(`live ${n}`, start + n * 1_000);
  for (let n = 0; n < 40; n++) await insert(`imported ${n}`, start - 30 * DAY_MS + ((n * 7) % 40) * 60_000);
  await insert('imported into the middle', start + 5_500);
  for (let n = 0; n < 5; n++) await insert(`at once ${n}`, start - DAY_MS);
  const truth = (
    await server.database.query<{ id: number }>('select id from messages where room_id = $1 order by created_at, id', [
      ROOM,
    ])
  ).map(({ id }) => id);

  for (const limit of [1, 7, 50]) {
    let back: Shown[] = [];
    for (let more = true; more;) {
      const { messages, has_more } = await page(`limit=${limit}${back.length > 0 ? `&before=${back[0]!.id}` : ''}`);
      back = [...messages, ...back];
      more = has_more;
    }
    assert.deepEqual(
      back.map(({ id }) => id),
      truth,
      `backwards, ${limit} at a time`,
    );
    const times = back.map(({ timestamp }) => Date.parse(timestamp));
    assert.deepEqual(
      times,
      [...times].sort((a, b) => a - b),
      'no day appears twice',
    );
    const forward: number[] = [truth[0]!];
    for (let more = true; more;) {
      const { messages, has_more } = await page(`limit=${limit}&after=${forward.at(-1)}`);
      forward.push(...messages.map(({ id }) => id));
      more = has_more;
    }
    assert.deepEqual(forward, truth, `forwards, ${limit} at a time`);
  }
});

it('10.25: previews the latest message of a room, not the one with the highest id', async () => {
  assert.equal((await rest(server, ANA, `rooms/${ROOM}/`)).body.last_message.content, 'live 19');
});

it('10.25: counts older imported messages as read when the latest one is read', async () => {
  const latest = (await page('limit=1')).messages[0]!.id;
  const ana = await join(server, ANA);
  assert.equal((await rest(server, ANA, `rooms/${ROOM}/`)).body.unread_count, 66);
  await ana.ask({ type: 'mark_read', room_id: ROOM, up_to: latest }, 'messages_marked_read');
  assert.equal((await rest(server, ANA, `rooms/${ROOM}/`)).body.unread_count, 0);
  assert.ok(
    (await page('limit=100')).messages.every((message) => (message as unknown as { is_read: boolean }).is_read),
  );
  ana.close();
});

it('10.25: compares ids for a cursor that is not in the room', async () => {
  assert.deepEqual((await page('after=999999')).messages, []);
  assert.equal((await page('before=999999&limit=100')).messages.length, 66);
});
