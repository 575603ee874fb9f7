/** Capability `sync`: every change of a room is counted, and can be told again. */
import { isAnswer } from './raw-request.js';
import { messageIn, type Desk } from './write-context.js';
import { answered, errorText, isHeard, typed } from './recording-socket.js';
import { some } from './times.js';
import type { PointId } from './checks.js';
import { isRecord, SYNC_ROOM } from './shapes.js';

const COUNT = 'Give every change of a room the room’s next seq, from 1, in the transaction that makes the change, and put it into the frames that tell of it. Or do not name sync.';
const TELL = 'Answer with {"rooms": [{"room_id", "seq", "expired", "has_more", "changes": [frames as they were told, oldest first]}]}. Or do not name sync.';

export async function checkSync(desk: Desk): Promise<void> {
  const { exam } = desk;
  const points: PointId[] = ['sync.seq', 'sync.rest', 'sync.socket'];
  if (!exam.has('sync')) {
    for (const id of points) exam.findings.missing(id, 'The backend does not have sync.');
    return;
  }
  const first = checkSeq(desk);
  if (first === undefined) return exam.findings.skip('changes are not counted: see sync.seq', ...points);
  await checkByRest(desk, first);
  await checkBySocket(desk, first);
}

/** @returns the number of the first message that was sent here. */
function checkSeq({ exam, talk, room, samples }: Desk): number | undefined {
  const { findings } = exam;
  exam.begin('sync.seq');
  const changes = talk.heard.filter((heard) => String(heard['room_id']) === String(room));
  const messages = changes.filter(typed('new_message'));
  const uncounted = messages.filter((heard) => typeof heard['seq'] !== 'number').length;
  const numbers = changes.flatMap((heard) => (typeof heard['seq'] === 'number' ? [heard['seq']] : []));
  const gap = numbers.findIndex((seq, index) => index > 0 && seq !== numbers[index - 1]! && seq !== numbers[index - 1]! + 1);
  if (messages.length === 0) findings.skip('no message was told on the socket', 'sync.seq');
  else if (uncounted > 0) findings.wrong('sync.seq', `${uncounted} of ${messages.length} new_message frames have no seq.`, COUNT);
  else if (gap > 0) findings.wrong('sync.seq', `After change ${numbers[gap - 1]} of room ${room} comes change ${numbers[gap]}.`, COUNT);
  else findings.pass('sync.seq', `Changes ${numbers[0]} to ${numbers.at(-1)} of room ${room}, without a gap.`);
  return messages.find((heard) => messageIn(heard)?.['content'] === samples[0]?.content)?.['seq'] as number | undefined;
}

async function checkByRest(desk: Desk, first: number): Promise<void> {
  const { exam, room } = desk;
  exam.begin('sync.rest');
  const path = `sync/?room=${encodeURIComponent(`${room}:${first - 1}`)}`;
  const asked = await exam.ask(path);
  if (!isAnswer(asked)) return exam.findings.wrong('sync.rest', asked.because, asked.mend);
  if (asked.status !== 200 || asked.json === undefined) return exam.findings.wrong('sync.rest', `GET ${exam.route(path)} is answered with ${asked.status}.`, TELL);
  exam.saidByRest.push(['sync', asked.json]);
  judge(desk, 'sync.rest', asked.json, first);
}

async function checkBySocket(desk: Desk, first: number): Promise<void> {
  const { exam, talk, room } = desk;
  exam.begin('sync.socket');
  const reply = await talk.ask({ type: 'sync', rooms: { [String(room)]: first - 1 } }, answered('sync_result'), exam.timing.answerMs);
  if (!isHeard(reply)) return exam.findings.wrong('sync.socket', reply === 'ended' ? 'sync ends the connection.' : 'sync is not answered.', TELL);
  if (typed('error')(reply)) return exam.findings.wrong('sync.socket', `sync is answered with an error: ${errorText(reply)}.`, TELL);
  judge(desk, 'sync.socket', reply, first);
}

function judge({ exam, room, samples }: Desk, id: 'sync.rest' | 'sync.socket', body: unknown, first: number): void {
  const { findings } = exam;
  const rooms = (body as { rooms?: unknown } | null)?.rooms;
  if (!Array.isArray(rooms)) return findings.wrong(id, "The answer has no 'rooms'.", TELL);
  const odd = rooms.flatMap((each: unknown, index) => SYNC_ROOM(each, `rooms[${index}]`));
  if (odd.length > 0) return findings.wrong(id, `${some(odd)}.`, TELL);
  const told = (rooms as RoomChanges[]).find(({ room_id }) => String(room_id) === String(room));
  if (!told) return findings.wrong(id, `Room ${room} is not in the answer.`, TELL);
  if (told.expired) return findings.wrong(id, `The server says that it does not remember change ${first}, which has just been made.`, 'Keep at least 1,000 changes and 24 hours.');
  const changes = told.changes ?? [];
  const missing = samples.filter((sample) => sample.id !== undefined && !changes.some((change) => tells(change, sample.id)));
  if (missing.length > 0) return findings.wrong(id, `${missing.length} of ${samples.length} messages sent since are not among the changes.`, TELL);
  const newest = Math.max(0, ...changes.map(({ seq }) => (typeof seq === 'number' ? seq : 0)));
  if (told.seq < newest) return findings.wrong(id, `It says that all is known up to ${told.seq}, and tells of change ${newest}.`, TELL);
  findings.pass(id);
}

/** As `SYNC_ROOM` has found it. */
interface RoomChanges {
  room_id: unknown;
  seq: number;
  expired?: boolean;
  changes?: Record<string, unknown>[];
}

const tells = ({ type, message }: Record<string, unknown>, id: unknown): boolean => type === 'new_message' && isRecord(message) && String(message['id']) === String(id);
