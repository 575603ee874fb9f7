/** Capability `people`: finding users, and the members of a room, by the beginnings of the words of their names. */
import type { Viewer } from '../auth.js';
import type { Context } from '../context.js';
import { accessDenied, RequestError } from '../errors.js';
import { userJson, type WireUser } from '../users.js';
import { isMember } from './rooms.js';
import type { Role } from './permissions.js';

const PEOPLE_PER_PAGE = 50;
const MAX_QUERY = 100;
/** Further words of a query are ignored. */
const MAX_WORDS = 5;

export interface WireMember {
  user: WireUser;
  role: Role;
}

export interface PeopleQuery {
  q: string;
  after: NamePosition | undefined;
}

/** The position of a user in a list by name. */
export type NamePosition = readonly [name: string, userId: number];

export interface Page<Item> {
  items: Item[];
  next: NamePosition | null;
}

export function readQuery(q: string | undefined): string {
  if (q === undefined) return '';
  if (q.length > MAX_QUERY || q.includes('\0'))
    throw new RequestError('invalid', `Must have at most ${MAX_QUERY} characters.`, { field: 'q' });
  return q;
}

/** Parameters of a statement, numbered as they are added. */
class Params {
  readonly values: unknown[] = [];
  add(value: unknown): string {
    return `$${this.values.push(value)}`;
  }
}

/**
 * Conditions for user `u`: each word of the query begins a word of the name. A range instead of LIKE: it has no
 * wildcards, and every plan of it can use the index.
 */
function nameConditions({ q, after }: PeopleQuery, params: Params): string[] {
  const words = q
    .split(/[^\p{L}\p{N}\p{M}]+/u)
    .filter(Boolean)
    .slice(0, MAX_WORDS);
  // Nothing but punctuation: no name begins with it.
  if (words.length === 0 && q.trim() !== '') return ['false'];
  const conditions = words.map((word) => {
    const prefix = `search_text(${params.add(word)})`;
    return `u.id in (select w.user_id from user_words w where w.word >= ${prefix} and w.word < ${prefix} || chr(1114111))`;
  });
  if (after) conditions.push(`(u.search_name, u.id) > (${params.add(after[0])}, ${params.add(after[1])}::int)`);
  return conditions;
}

type Found<Item> = Item & { user: WireUser; name: string };

function pageOf<Item, Row extends { user: WireUser; name: string }>(
  rows: Row[],
  toItem: (row: Row) => Item,
): Page<Item> {
  const page = rows.slice(0, PEOPLE_PER_PAGE);
  const last = page.at(-1);
  return { items: page.map(toItem), next: last && rows.length > page.length ? [last.name, last.user.id] : null };
}

/** The users with whom the viewer shares a room; all of them with the option `allPeople`. By name. */
export async function findPeople(context: Context, viewer: Viewer, query: PeopleQuery): Promise<Page<WireUser>> {
  const { database, options } = context;
  const params = new Params();
  const me = params.add(viewer.id);
  const conditions = [
    `u.is_active and u.id <> ${me}`,
    // Users who have blocked the viewer are not found.
    `not exists (select 1 from blocks b where b.blocked_id = ${me} and b.blocker_id = u.id)`,
    ...nameConditions(query, params),
  ];
  if (!options.allPeople)
    conditions.push(
      `u.id in (select o.user_id from members me join rooms r on r.id = me.room_id and r.is_active
         join members o on o.room_id = r.id where me.user_id = ${me})`,
    );
  const rows = await database.query<Found<object>>(
    `select ${userJson(context, 'u')} as user, u.search_name as name from users u where ${conditions.join(' and ')}
     order by u.search_name, u.id limit ${PEOPLE_PER_PAGE + 1}`,
    params.values,
  );
  return pageOf(rows, ({ user }) => user);
}

/** The members of a room, by name. @throws {RequestError} `access_denied` if the viewer is not a member. */
export async function listMembers(
  context: Context,
  viewer: Viewer,
  roomId: number,
  query: PeopleQuery,
): Promise<Page<WireMember>> {
  const { database } = context;
  if (!(await isMember(database, roomId, viewer.id))) throw accessDenied(roomId);
  const params = new Params();
  const conditions = [`o.room_id = ${params.add(roomId)}`, ...nameConditions(query, params)];
  const rows = await database.query<Found<{ role: Role }>>(
    `select ${userJson(context, 'u')} as user, u.search_name as name, o.role
     from members o join users u on u.id = o.user_id where ${conditions.join(' and ')}
     order by u.search_name, u.id limit ${PEOPLE_PER_PAGE + 1}`,
    params.values,
  );
  return pageOf(rows, ({ user, role }) => ({ user, role }));
}

/** Some members of a room. */
export function getMembers(context: Context, roomId: number, userIds: number[]): Promise<WireMember[]> {
  return context.database.query<WireMember>(
    `select ${userJson(context, 'u')} as user, o.role from members o join users u on u.id = o.user_id
     where o.room_id = $1 and o.user_id = any($2::int[]) order by u.search_name, u.id`,
    [roomId, userIds],
  );
}
