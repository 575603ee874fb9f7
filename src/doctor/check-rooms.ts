/** The list of rooms, as it really came. */
import type { Id } from '../protocol/index.js';
import { isAnswer, type Answer } from './raw-request.js';
import type { Exam } from './check-context.js';
import { listed, pageOf } from './rooms.js';
import { ROOM, ROOM_ID } from './shapes.js';
import { some } from './times.js';
import { parseUrl } from './url.js';

/** More pages than this is a server that turns in circles. */
const MAX_PAGES = 20;

const TYPES = 'Send each field in the type that docs/PROTOCOL.md names: what has another type is shown as if it were not there.';

export async function checkRooms(exam: Exam, first: Answer): Promise<void> {
  const { findings } = exam;
  exam.begin('rooms.list');
  const read = await readPages(exam, first);
  if ('problem' in read) {
    findings.wrong('rooms.list', read.problem, 'Answer GET rooms/ with a list of rooms, or with pages {"results": […], "next": "…?page=2"}; the last page has "next": null.');
    return findings.skip('there is no list of rooms', 'rooms.fields', 'rooms.one');
  }
  const items = listed(read.rooms);
  exam.rooms = items;
  const lost = read.rooms.flatMap((room, index) => ROOM_ID(room, `rooms[${index}]`));
  if (lost.length > 0) findings.wrong('rooms.list', `${lost.length} of ${read.rooms.length} rooms cannot be shown: ${some(lost)}.`, 'A room needs an id: a whole number, or a text that is not empty.');
  else findings.pass('rooms.list', items.length === 0 ? 'The list is empty: this person is in no room.' : `${items.length} rooms: ${some(items.map(({ id, name }) => `${id} (${name || 'without a name'})`), 8)}.`);
  const odd = read.rooms.flatMap((room, index) => ROOM(room, `rooms[${index}]`)).filter((fault) => !lost.includes(fault));
  if (odd.length > 0) findings.wrong('rooms.fields', `${some(odd)}.`, TYPES);
  else findings.pass('rooms.fields');
  exam.saidByRest.push(['rooms', read.rooms]);
  await checkOne(exam, items[0]?.id);
}

async function readPages(exam: Exam, first: Answer): Promise<{ rooms: unknown[] } | { problem: string }> {
  const rooms: unknown[] = [];
  let answer = first;
  for (let page = 1; page <= MAX_PAGES; page++) {
    const body = pageOf(answer.json);
    if (!body) return { problem: page === 1 ? 'GET rooms/ answers with something that is no list of rooms.' : `Page ${page} of GET rooms/ is no list of rooms (${answer.status}).` };
    rooms.push(...body.results);
    const { next } = body;
    if (next === null) return { rooms };
    const target = parseUrl(next, exam.parts.address.api);
    if (!target) return { problem: `'next' of page ${page} is no address.` };
    const asked = await exam.ask(`rooms/${target.search}`);
    if (!isAnswer(asked)) return { problem: `Page ${page + 1} of GET rooms/ does not come: ${asked.because}` };
    answer = asked;
  }
  return { problem: `GET rooms/ has more than ${MAX_PAGES} pages, or its 'next' turns in circles.` };
}

async function checkOne(exam: Exam, roomId: Id | undefined): Promise<void> {
  const { findings } = exam;
  if (roomId === undefined) return findings.skip('there is no room to ask for', 'rooms.one');
  exam.begin('rooms.one');
  const path = `rooms/${encodeURIComponent(roomId)}/`;
  const asked = await exam.ask(path);
  const where = `GET ${exam.route(path)}`;
  if (!isAnswer(asked)) return findings.wrong('rooms.one', asked.because, asked.mend);
  if (asked.status !== 200 || asked.json === undefined) return findings.wrong('rooms.one', `${where} is answered with ${asked.status}.`, 'Serve each room of the list at this path.');
  const odd = ROOM(asked.json, 'room');
  if (odd.length > 0) return findings.wrong('rooms.one', `${some(odd)}.`, TYPES);
  findings.pass('rooms.one', `${where} is there.`);
}

/** Whether somebody who is not in a room is kept out of it. */
export async function checkForeignRooms(exam: Exam): Promise<void> {
  const { findings, parts } = exam;
  if (!parts.secondToken) return;
  exam.begin('rooms.foreign');
  const theirs = await exam.ask('rooms/', { token: parts.secondToken });
  const list = isAnswer(theirs) ? pageOf(theirs.json) : undefined;
  if (!list) return findings.skip('the second token does not get a list of rooms', 'rooms.foreign');
  const known = new Set(listed(list.results).map(({ id }) => String(id)));
  const foreign = exam.rooms.find(({ id }) => !known.has(String(id)));
  if (!foreign || list.next !== null) return findings.skip('the second person is in every room of the first, or has more rooms than one page holds', 'rooms.foreign');
  const asked = await exam.ask(`rooms/${encodeURIComponent(foreign.id)}/`, { token: parts.secondToken });
  if (!isAnswer(asked)) return findings.skip(asked.because, 'rooms.foreign');
  if (asked.status < 400) return findings.wrong('rooms.foreign', `Room ${foreign.id} is shown to somebody who is not in it.`, 'Look only among the rooms of the person who asks, for every request and every frame. Answer 404 (or 403) for all others.');
  findings.pass('rooms.foreign', `Room ${foreign.id} is closed to the second person (${asked.status}).`);
}
