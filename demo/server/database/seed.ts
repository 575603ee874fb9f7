/** Seeds a new database with users, rooms and messages. */
import type { Database, Queryable } from './database.js';
import { ANA_AND_BEN, GENERAL, JOB, SUPPORT } from './seed-texts.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Ids are assigned in order: Ana is 1, Ben is 2, Cleo is 3. */
const USERS: [username: string, first: string, last: string, role: string][] = [
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
  conversation?: string;
  job?: number;
  /** Number of unread messages by member. */
  unread?: Record<number, number>;
}

const DEMO: SeedRoom[] = [
  { name: 'DM: ana & ben', type: 'direct', members: [1, 2], conversation: ANA_AND_BEN, unread: { 2: 1 } },
  {
    name: 'Stairwell Lindenstraße 14',
    type: 'job',
    job: 4107,
    members: [1, 2, 3],
    conversation: JOB,
    unread: { 1: 2 },
  },
  { name: 'Support', type: 'support', members: [1, 4], conversation: SUPPORT },
  { name: 'General', type: 'general', members: [1, 2, 3, 4, 5], conversation: GENERAL, unread: { 1: 3, 2: 3 } },
  { name: 'DM: ana & emil', type: 'direct', members: [1, 5] },
];

/** The state at the start of the recordings in test/contract/transcripts. */
const TRANSCRIPT: SeedRoom[] = [
  { name: 'DM: ana & ben', type: 'direct', members: [1, 2] },
  { name: 'General', type: 'general', members: [1, 2, 3] },
];

/** Seeds an empty database; leaves any other unchanged. */
export async function seed(database: Database, which: 'demo' | 'transcript', now = Date.now()): Promise<void> {
  await database.transaction(async (inside) => {
    // Servers that start concurrently must not both seed.
    await inside.query('lock table users in share row exclusive mode');
    if ((await inside.query('select 1 from users limit 1')).length > 0) return;
    for (const [username, first, last, role] of USERS) {
      await inside.query(
        'insert into users (email, username, role, first_name, last_name) values ($1, $2, $3, $4, $5)',
        [`${username}@example.com`, username, role, first, last],
      );
    }
    for (const room of which === 'demo' ? DEMO : TRANSCRIPT) await seedRoom(inside, room, now);
  });
}

async function seedRoom(
  inside: Queryable,
  { name, type, members, conversation = '', job, unread = {} }: SeedRoom,
  now: number,
): Promise<void> {
  const messages = parseConversation(conversation, now);
  const createdAt = new Date((messages[0]?.at ?? now) - DAY);
  const [room] = await inside.query<{ id: number }>(
    'insert into rooms (name, room_type, job, dm_key, created_at, updated_at) values ($1, $2, $3, $4, $5, $6) returning id',
    [
      name,
      type,
      job ?? null,
      type === 'direct' ? members.join(':') : null,
      createdAt,
      new Date(messages.at(-1)?.at ?? createdAt),
    ],
  );
  // The first member of a group owns it.
  const [first] = members;
  await inside.query(
    `insert into members (room_id, user_id, role)
     select $1, u, case when u = $3 then 'owner' else 'member' end from unnest($2::int[]) u`,
    [room!.id, members, type === 'direct' ? null : first],
  );
  const ids = await insertMany(inside, room!.id, messages);
  for (const member of members) {
    const upTo = ids.at(-1 - (unread[member] ?? 0)) ?? 0;
    await inside.query('select mark_read_up_to($1, $2, $3)', [room!.id, member, upTo]);
  }
}

interface SeedMessage {
  senderId: number;
  content: string;
  at: number;
}

async function insertMany(inside: Queryable, roomId: number, messages: SeedMessage[]): Promise<number[]> {
  const rows = await inside.query<{ id: number }>(
    `insert into messages (room_id, sender_id, content, created_at)
     select $1, sender, content, at
     from unnest($2::int[], $3::text[], $4::timestamptz[]) with ordinality as seeded (sender, content, at, n) order by n returning id`,
    [
      roomId,
      messages.map(({ senderId }) => senderId),
      messages.map(({ content }) => content),
      messages.map(({ at }) => new Date(at).toISOString()),
    ],
  );
  return rows.map(({ id }) => id);
}

/** Parses the format of seed-texts.ts. */
function parseConversation(conversation: string, now: number): SeedMessage[] {
  const today = now - (now % DAY);
  let at = now;
  const messages: SeedMessage[] = [];
  for (const line of conversation.trim().split('\n').filter(Boolean)) {
    const [author, ...words] = line.split(' ');
    const content = words.join(' ');
    if (author === '#') {
      const [days, hours, minutes] = content.split(/[ :]/).map(Number) as [number, number?, number?];
      at = hours === undefined ? now + days * MINUTE : today - days * DAY + (hours * 60 + (minutes ?? 0)) * MINUTE;
      continue;
    }
    messages.push({ senderId: USERS.findIndex(([name]) => name.startsWith(author!)) + 1, content, at });
    // Longer texts take longer to write.
    at += (20 + Math.min(content.length, 120)) * 1000;
  }
  return messages;
}

const TOPICS = [
  'Is Thursday fine?',
  'Yes, Thursday is fine.',
  'Great, see you then 🙂',
  'I am on my way.',
  'The key is with the neighbour, third floor left.',
  'Done for today. The windows took a bit longer than I thought, but they are clear again.',
  'Thank you!',
  '👍',
];

/**
 * Adds `count` messages by the members of a room, one minute apart and all read; for benchmarks. @returns their ids.
 */
export async function seedMany(database: Database, roomId: number, count: number, now = Date.now()): Promise<number[]> {
  return database.transaction(async (inside) => {
    const members = await inside.query<{ id: number }>(
      'select user_id as id from members where room_id = $1 order by user_id',
      [roomId],
    );
    const messages = Array.from({ length: count }, (_, n) => ({
      senderId: members[Math.floor(n / 3) % members.length]!.id,
      content: `${n + 1}. ${TOPICS[n % TOPICS.length]}`,
      at: now - (count - n) * MINUTE,
    }));
    const ids = await insertMany(inside, roomId, messages);
    for (const member of members) await inside.query('select mark_read_up_to($1, $2, null)', [roomId, member.id]);
    await inside.query('update rooms set updated_at = $2 where id = $1', [roomId, new Date(now)]);
    return ids;
  });
}
