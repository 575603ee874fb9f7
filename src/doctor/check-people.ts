/** Capabilities `people` and `room_pages`: lists that only need reading. */
import type { CheckContext } from './check-context.js';
import type { CheckId } from './checks.js';
import { formatList } from './format-list.js';
import { bodyOf, changeFailure } from './sent-message.js';
import { isRecord, MEMBER, PERSON, ROOM_ID, type Shape } from './shapes.js';

const PEOPLE_FIX =
  'On GET people/?q=&cursor=, return {"items": [users], "next": the cursor of the next page, or null}: the users with ' +
  'whom the user shares a room, without the user. Otherwise do not announce people.';
const MEMBERS_FIX =
  'On GET rooms/{id}/members/?q=&cursor=, return {"items": [{"user", "role"}], "next"}: all members of the room, also ' +
  'the user. Otherwise do not announce people.';
const DISCLOSURE_FIX = 'Return nothing about a user but id, username, first_name, last_name, role and profile_picture.';
const PAGE_FIX =
  'On GET rooms/?limit=, return {"items": at most so many rooms, pinned ones first, "next": the cursor of the next ' +
  'page, or null, "as_of": a text for ?since=}. Otherwise do not announce room_pages.';
const SINCE_FIX =
  'On GET rooms/?limit=&since=<as_of of an earlier page>, return {"items": only the rooms that have changed since, ' +
  '"removed": the ids of the rooms that are gone, "next", "as_of"}. Otherwise do not announce room_pages.';

interface List {
  id: CheckId;
  path: string;
  item: Shape;
  fix: string;
}

/** Reads a list, and reports what is wrong with it. @returns its body if it is usable. */
async function readList(context: CheckContext, { id, path, item, fix }: List): Promise<Record<string, unknown> | null> {
  context.startCheck(id);
  const result = await context.request(path);
  const route = `GET ${context.routePath(path)}`;
  const failure = changeFailure(result);
  const body = bodyOf(result);
  const { items, next } = body;
  const problems = Array.isArray(items) ? items.flatMap((each, index) => item(each, `items[${index}]`)) : [];
  if (!Array.isArray(items)) problems.push("the answer has no list 'items'");
  else if (next !== null && typeof next !== 'string') problems.push("'next' is neither a text nor null");
  if (failure) context.findings.fail(id, `${route} ${failure}.`, fix);
  else if (problems.length > 0) context.findings.fail(id, `${route}: ${formatList(problems)}.`, fix);
  else return body;
  return null;
}

const itemsOf = (body: Record<string, unknown>): unknown[] => body['items'] as unknown[];

/** The fields of a user that the protocol does not name: they may be anything. */
const undisclosed = (users: readonly unknown[]): string[] => [
  ...new Set(users.flatMap((user) => Object.keys(isRecord(user) ? user : {}).filter((name) => !KNOWN.includes(name)))),
];
const KNOWN = ['id', 'username', 'first_name', 'last_name', 'role', 'profile_picture'];

export async function checkPeople(context: CheckContext): Promise<void> {
  const { findings, room, userId } = context;
  const isUser = (user: unknown): boolean => isRecord(user) && String(user['id']) === String(userId);
  if (!context.hasCapability('people')) {
    for (const id of ['people.list', 'people.members'] as const)
      findings.unsupported(id, 'The backend does not announce people.');
    return;
  }
  const people = await readList(context, { id: 'people.list', path: 'people/', item: PERSON, fix: PEOPLE_FIX });
  if (people) {
    const names = undisclosed(itemsOf(people));
    if (names.length > 0)
      findings.fail('people.list', `The users have the fields ${names.join(', ')}.`, DISCLOSURE_FIX);
    else if (itemsOf(people).some(isUser)) findings.fail('people.list', 'The list contains the user.', PEOPLE_FIX);
    else findings.pass('people.list');
  }
  if (room === undefined) return findings.skip('the user is in no room', 'people.members');
  const path = `rooms/${encodeURIComponent(room)}/members/`;
  const members = await readList(context, { id: 'people.members', path, item: MEMBER, fix: MEMBERS_FIX });
  if (!members) return;
  const isComplete = members['next'] === null;
  if (isComplete && !itemsOf(members).some((member) => isRecord(member) && isUser(member['user'])))
    return findings.fail('people.members', 'The members of a room of the user do not contain the user.', MEMBERS_FIX);
  findings.pass('people.members');
}

export async function checkRoomPages(context: CheckContext): Promise<void> {
  const { findings } = context;
  const ids = ['room_pages.page', 'room_pages.since'] as const;
  if (!context.hasCapability('room_pages')) {
    for (const id of ids) findings.unsupported(id, 'The backend does not announce room_pages.');
    return;
  }
  const page = await readList(context, { id: 'room_pages.page', path: 'rooms/?limit=1', item: ROOM_ID, fix: PAGE_FIX });
  if (!page) return findings.skip('there is no page: see room_pages.page', 'room_pages.since');
  const { as_of: asOf } = page;
  const problems = [
    ...(itemsOf(page).length > 1 ? [`the page of 1 room has ${itemsOf(page).length}`] : []),
    ...(typeof asOf === 'string' ? [] : ["the page has no text 'as_of'"]),
    ...(context.rooms.length > 1 && page['next'] === null ? ["'next' is null, but there are more rooms"] : []),
  ];
  if (problems.length > 0) findings.fail('room_pages.page', `${formatList(problems)}.`, PAGE_FIX);
  else findings.pass('room_pages.page');
  if (typeof asOf !== 'string') return findings.skip("there is no 'as_of'", 'room_pages.since');
  const since = await readList(context, {
    id: 'room_pages.since',
    path: `rooms/?limit=200&since=${encodeURIComponent(asOf)}`,
    item: ROOM_ID,
    fix: SINCE_FIX,
  });
  if (!since) return;
  if (!Array.isArray(since['removed']))
    return findings.fail('room_pages.since', "The answer to ?since= has no list 'removed'.", SINCE_FIX);
  // Others may be writing meanwhile, but not in all of several rooms.
  const { length } = context.rooms;
  if (length > 2 && itemsOf(since).length >= length)
    return findings.fail('room_pages.since', 'The server ignores ?since, and returns all rooms.', SINCE_FIX);
  findings.pass('room_pages.since');
}
