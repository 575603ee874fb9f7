/** Something to talk about: people, rooms and a history, once, when the database is new. */
import type { Database, Queryable } from './database.js';
import { ANA_AND_BEN, GENERAL, JOB, SUPPORT } from './seed-texts.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Ids are given in order: Ana is 1, Ben is 2, Cleo is 3. */
const PEOPLE: [username: string, first: string, last: string, role: string][] = [
  ['ana', 'Ana', 'Lindqvist', 'client'],
  ['ben', 'Ben', 'Okafor', 'cleaner'],
  ['cleo', 'Cleo', 'Marchetti', 'cleaner'],
  ['dana', 'Dana', 'Whitfield', 'support'],
  ['emil', 'Emil', 'Sørensen', 'client'],
];

interface SeedRoom {
  name: string;
  type: 'job' | 'direct' | 'support' | 'general';
  members: number[];
  talk?: string;
  job?: number;
  /** How many of the last messages a member has not read. */
  unread?: Record<number, number>;
}

const DEMO: SeedRoom[] = [
  { name: 'DM: ana & ben', type: 'direct', members: [1, 2], talk: ANA_AND_BEN, unread: { 2: 1 } },
  { name: 'Stairwell Lindenstraße 14', type: 'job', job: 4107, members: [1, 2, 3], talk: JOB, unread: { 1: 2 } },
  { name: 'Support', type: 'support', members: [1, 4], talk: SUPPORT },
  { name: 'General', type: 'general', members: [1, 2, 3, 4, 5], talk: GENERAL, unread: { 1: 3, 2: 3 } },
  { name: 'DM: ana & emil', type: 'direct', members: [1, 5] },
];

/** What the recorded sessions in test/contract/transcripts began with. */
const TRANSCRIPT: SeedRoom[] = [
  { name: 'DM: ana & ben', type: 'direct', members: [1, 2] },
  { name: 'General', type: 'general', members: [1, 2, 3] },
];

/** Fills a new database; leaves any other alone. */
export async function seed(database: Database, which: 'demo' | 'transcript', now = Date.now()): Promise<void> {
  await database.transaction(async (inside) => {
    // Two servers that start together must not both do it.
    await inside.query('lock table users in share row exclusive mode');
    if ((await inside.query('select 1 from users limit 1')).length > 0) return;
    for (const [username, first, last, role] of PEOPLE) {
      await inside.query('insert into users (email, username, role, first_name, last_name) values ($1, $2, $3, $4, $5)', [`${username}@example.com`, username, role, first, last]);
    }
    for (const room of which === 'demo' ? DEMO : TRANSCRIPT) await seedRoom(inside, room, now);
  });
}

async function seedRoom(inside: Queryable, { name, type, members, talk = '', job, unread = {} }: SeedRoom, now: number): Promise<void> {
  const said = parseTalk(talk, now);
  const born = new Date((said[0]?.at ?? now) - DAY);
  const [room] = await inside.query<{ id: number }>(
    'insert into rooms (name, room_type, job, dm_key, created_at, updated_at) values ($1, $2, $3, $4, $5, $6) returning id',
    [name, type, job ?? null, type === 'direct' ? members.join(':') : null, born, new Date(said.at(-1)?.at ?? born)],
  );
  await inside.query('insert into members (room_id, user_id) select $1, unnest($2::int[])', [room!.id, members]);
  const ids = await insertMany(inside, room!.id, said);
  for (const member of members) {
    const upTo = ids.at(-1 - (unread[member] ?? 0)) ?? 0;
    await inside.query('select mark_read_up_to($1, $2, $3)', [room!.id, member, upTo]);
  }
}

interface Said {
  senderId: number;
  content: string;
  at: number;
}

async function insertMany(inside: Queryable, roomId: number, said: Said[]): Promise<number[]> {
  const rows = await inside.query<{ id: number }>(
    `insert into messages (room_id, sender_id, content, created_at)
     select $1, sender, content, at
     from unnest($2::int[], $3::text[], $4::timestamptz[]) with ordinality as said (sender, content, at, n) order by n returning id`,
    [roomId, said.map(({ senderId }) => senderId), said.map(({ content }) => content), said.map(({ at }) => new Date(at).toISOString())],
  );
  return rows.map(({ id }) => id);
}

/** Reads the format of seed-texts.ts. */
function parseTalk(talk: string, now: number): Said[] {
  const today = now - (now % DAY);
  let at = now;
  const said: Said[] = [];
  for (const line of talk.trim().split('\n').filter(Boolean)) {
    const [who, ...words] = line.split(' ');
    const content = words.join(' ');
    if (who === '#') {
      const [days, hours, minutes] = content.split(/[ :]/).map(Number) as [number, number?, number?];
      at = hours === undefined ? now + days * MINUTE : today - days * DAY + (hours * 60 + (minutes ?? 0)) * MINUTE;
      continue;
    }
    said.push({ senderId: PEOPLE.findIndex(([name]) => name.startsWith(who!)) + 1, content, at });
    // A long text takes longer to write.
    at += (20 + Math.min(content.length, 120)) * 1000;
  }
  return said;
}

const TOPICS = ['Is Thursday fine?', 'Yes, Thursday is fine.', 'Great, see you then 🙂', 'I am on my way.', 'The key is with the neighbour, third floor left.', 'Done for today. The windows took a bit longer than I thought, but they are clear again.', 'Thank you!', '👍'];

/** Adds `count` messages of a room's members, a minute apart and all read, in one go: for benches. @returns their ids. */
export async function seedMany(database: Database, roomId: number, count: number, now = Date.now()): Promise<number[]> {
  return database.transaction(async (inside) => {
    const members = await inside.query<{ id: number }>('select user_id as id from members where room_id = $1 order by user_id', [roomId]);
    const said = Array.from({ length: count }, (_, n) => ({
      senderId: members[Math.floor(n / 3) % members.length]!.id,
      content: `${n + 1}. ${TOPICS[n % TOPICS.length]}`,
      at: now - (count - n) * MINUTE,
    }));
    const ids = await insertMany(inside, roomId, said);
    for (const member of members) await inside.query('select mark_read_up_to($1, $2, null)', [roomId, member.id]);
    await inside.query('update rooms set updated_at = $2 where id = $1', [roomId, new Date(now)]);
    return ids;
  });
}
