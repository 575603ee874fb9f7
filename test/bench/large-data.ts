/**
 * A large database, as the server would have stored it: many small rooms, some large ones, and a support agent who is in
 * all of them. A few rooms have most of the messages. The same in every run, except for the times.
 */
import pg from 'pg';

export interface Size {
  rooms: number;
  messages: number;
}

/** The room with 300 members: the first one has the most messages. */
export const LARGE_ROOM = 100_001;
export const LARGE_ROOM_MEMBERS = 300;
/** A member of every room. */
export const AGENT = 100_000;
const FIRST_MEMBER = AGENT + 1;
/** The user at a position among the members of the large room, the first of them without the agent. */
export const largeRoomMember = (position: number): number => FIRST_MEMBER + position;

const CHUNK = 50_000;
const DAYS = 365;
/** Kept in the change log, as by the server: the newest changes of every room. */
const KEPT_CHANGES = 1_000;
const FILE_BYTES = 20_000;

/** Members of a room without the agent, by its number from 0: the first is the large one. */
const membersSql = (rooms: number): string => `case when room = 0 then ${LARGE_ROOM_MEMBERS - 1}
  when room < ${rooms / 1_000} then 50 when room < ${rooms / 10} then 10 when room < ${rooms * 0.4} then 4 else 2 end`;

/** The user at a position in a room. */
const userSql = (rooms: number, position: string): string =>
  `${FIRST_MEMBER} + (room * 7 + ${position}) % ${usersOf(rooms)}`;

const usersOf = (rooms: number): number => Math.max(2 * rooms, LARGE_ROOM_MEMBERS);

const roomsAndMembers = ({ rooms }: Size): string[] => [
  `insert into users (id, email, username, first_name, last_name, role)
     select n, n || '@example.com', 'bench' || n, (array['Ana', 'Ben', 'Cléo', 'Dora', 'Emil'])[1 + n % 5],
       'Miller-' || n, case when n = ${AGENT} then 'support' else 'client' end
     from generate_series(${AGENT}, ${AGENT + usersOf(rooms)}) n`,
  `insert into rooms (id, name, room_type, job)
     select ${LARGE_ROOM} + n, 'Job ' || n, 'job', n from generate_series(0, ${rooms - 1}) n`,
  `insert into members (room_id, user_id)
     select ${LARGE_ROOM} + room, ${userSql(rooms, 'position')}
       from (select n as room, ${membersSql(rooms).replaceAll('room', 'n')} as size
             from generate_series(0, ${rooms - 1}) n) r, generate_series(0, size - 1) position
     union all select ${LARGE_ROOM} + n, ${AGENT} from generate_series(0, ${rooms - 1}) n`,
];

/**
 * Some messages, by their numbers. The golden ratio spreads them over the rooms evenly in time, and the power makes the
 * first rooms the busiest.
 */
const messagesSql = ({ rooms, messages }: Size): string => `
  insert into messages (room_id, sender_id, content, temp_id, digest, viewers, created_at, edited_at, deleted_at)
  select ${LARGE_ROOM} + room, ${userSql(rooms, `n % (${membersSql(rooms)})`)},
    case when n % 200 = 7 then '' else left(repeat(md5(n::text) || ' ', 6), 20 + n % 160) end,
    gen_random_uuid(), left(md5(n::text) || md5('d' || n), 43), '{}', at,
    case when n % 100 = 11 then at + interval '1 minute' end, case when n % 200 = 7 then at + interval '1 hour' end
  from (select n, floor(${rooms} * power((n * 0.6180339887498949 % 1)::float8, 3))::int as room,
          now() - interval '2 hours' - (${messages} - n) * interval '${(DAYS * 86_400) / messages} seconds' as at
        from generate_series($1::int, $2::int) n) m`;

/** What belongs to some messages: quotes, reactions, individual readings, previous texts. */
const ADDITIONS = [
  `update messages m set reply_to_id = (
     select q.id from messages q where q.room_id = m.room_id and (q.created_at, q.id) < (m.created_at, m.id)
       and q.deleted_at is null order by q.created_at desc, q.id desc limit 1) where m.id % 40 = 1`,
  `insert into reactions (message_id, user_id, emoji) select id, ${AGENT}, '👍' from messages where id % 50 = 2`,
  `insert into message_versions (message_id, content, replaced_by, replaced_at)
     select id, 'the previous text', sender_id, edited_at from messages where edited_at > now() - interval '30 days'`,
];

/** The change log and the counts. */
const COUNTS = [
  `insert into changes (room_id, seq, kind, at, message_id)
     select room_id, seq, 'new_message', created_at, id from (
       select room_id, created_at, id, row_number() over (partition by room_id order by created_at, id) as seq,
         count(*) over (partition by room_id) as n from messages) m
     where seq > n - ${KEPT_CHANGES} or created_at > now() - interval '1 day'`,
  `update rooms r set message_count = c.n, seq = c.total, newest_time = c.created_at, newest_id = c.id,
       highest_id = c.highest, updated_at = c.created_at, created_at = c.oldest
     from (select room_id, count(*) filter (where deleted_at is null) as n, count(*) as total, max(created_at) as created_at,
             min(created_at) as oldest, (array_agg(id order by created_at desc, id desc))[1] as id, max(id) as highest
           from messages group by room_id) c where c.room_id = r.id`,
  // Three of four members have read everything.
  `update members me set read_up_to = r.newest_id, read_time = r.newest_time, read_count = r.message_count
     from rooms r where r.id = me.room_id and (me.room_id + me.user_id) % 4 > 0`,
  // The others have not seen the newest messages of others.
  `update members me set read_up_to = p.id, read_time = p.created_at, read_count = p.n
     from (select o.room_id, o.user_id, m.id, m.created_at, r.message_count - (
             select count(*) from messages u where u.room_id = r.id and u.sender_id <> o.user_id and u.deleted_at is null
               and (u.created_at, u.id) > (m.created_at, m.id)) as n
           from members o join rooms r on r.id = o.room_id cross join lateral (
             select e.id, e.created_at from messages e where e.room_id = r.id
               order by e.created_at desc, e.id desc offset 10 limit 1) m
           where (o.room_id + o.user_id) % 4 = 0) p
     where me.room_id = p.room_id and me.user_id = p.user_id`,
];

/** Every 100th message has a file: in the database before migration 12, afterwards somewhere else. */
const addFiles = (isStored: boolean): string => `
  with sent as (select id, sender_id, created_at, gen_random_uuid() as file from messages
      where id % 100 = 3 and deleted_at is null),
    files as (insert into attachments ${
      isStored
        ? `(id, name, media_type, storage_key, owner_id, message_id, size, created_at)
             select file, 'photo.jpg', 'image/jpeg', file, sender_id, id, ${FILE_BYTES}, created_at from sent`
        : `(id, name, media_type, bytes)
             select file, 'photo.jpg', 'image/jpeg', decode(repeat(md5(id::text), ${FILE_BYTES / 16}), 'hex') from sent`
    })
  update messages m set attachment_id = s.file, message_type = 'image' from sent s where m.id = s.id`;

/** Fills an empty database, whose schema is that of migration 11 or a later one. */
export async function fillDatabase(url: string, size: Size, log: (text: string) => void): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const startedAt = performance.now();
  const progress = (text: string): void => log(`${text}, ${((performance.now() - startedAt) / 1_000).toFixed(0)} s`);
  // The counts are set at the end, at once.
  await client.query(`select set_config('unified_chat.is_counted', 'yes', false)`);
  for (const statement of roomsAndMembers(size)) await client.query(statement);
  progress(`${size.rooms.toLocaleString('en')} rooms`);
  const insert = messagesSql(size);
  for (let first = 1; first <= size.messages; first += CHUNK) {
    const last = Math.min(size.messages, first + CHUNK - 1);
    await client.query(insert, [first, last]);
    progress(`${last.toLocaleString('en')} messages`);
  }
  await client.query('analyze');
  const { rows } = await client.query(`select 1 from information_schema.columns
    where table_name = 'attachments' and column_name = 'storage_key'`);
  // Stored as they are: these bytes could be compressed, those of pictures cannot.
  await client.query('alter table attachments alter column bytes set storage external');
  for (const statement of [addFiles(rows.length > 0), ...ADDITIONS, ...COUNTS]) await client.query(statement);
  progress('files, reactions, changes, counts');
  await client.query('vacuum analyze');
  await client.query('checkpoint');
  progress('vacuum');
  await client.end();
}

/** Copies a database without connections. @returns the address of the copy. */
export async function copyDatabase(url: string): Promise<string> {
  const name = new URL(url).pathname.slice(1);
  const at = (other: string): string => Object.assign(new URL(url), { pathname: other }).href;
  const client = new pg.Client({ connectionString: at('template1') });
  await client.connect();
  await client.query(`create database ${name}_copy template ${name}`);
  await client.end();
  return at(`${name}_copy`);
}
