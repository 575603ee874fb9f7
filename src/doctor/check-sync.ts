/** Capability `sync`: the changes of a room have sequence numbers, and missed changes can be fetched. */
import type { CheckId } from './checks.js';
import { formatList } from './format-list.js';
import { isResponse } from './raw-request.js';
import { errorText, hasType, isFrame, replyOrError } from './recording-socket.js';
import { isRecord, SYNC_ROOM } from './shapes.js';
import { messageOf, type WriteContext } from './write-context.js';

const SEQ_FIX =
  'Give every change of a room the next seq of that room, starting at 1, in the transaction that makes the change, ' +
  'and add it to the frames that announce the change. Otherwise do not announce sync.';
const SYNC_FIX =
  'Answer with {"rooms": [{"room_id", "seq", "expired", "has_more", "changes": [the frames of the changes, oldest ' +
  'first]}]}. Otherwise do not announce sync.';

export async function checkSync(write: WriteContext): Promise<void> {
  const { findings } = write.context;
  const ids: CheckId[] = ['sync.seq', 'sync.rest', 'sync.socket'];
  if (!write.context.hasCapability('sync')) {
    for (const id of ids) findings.unsupported(id, 'The backend does not announce sync.');
    return;
  }
  const firstSeq = checkSequence(write);
  if (firstSeq === undefined) return findings.skip('changes have no sequence numbers: see sync.seq', ...ids);
  await checkRestSync(write, firstSeq);
  await checkSocketSync(write, firstSeq);
}

/** @returns the sequence number of the doctor's first message. */
function checkSequence({ context, socket, room, testMessages }: WriteContext): number | undefined {
  const { findings } = context;
  context.startCheck('sync.seq');
  const changes = socket.received.filter((frame) => String(frame['room_id']) === String(room));
  const messages = changes.filter(hasType('new_message'));
  const unnumbered = messages.filter((frame) => typeof frame['seq'] !== 'number').length;
  const seqs = changes.flatMap((frame) => (typeof frame['seq'] === 'number' ? [frame['seq']] : []));
  const gap = seqs.findIndex((seq, index) => index > 0 && seq !== seqs[index - 1]! && seq !== seqs[index - 1]! + 1);
  if (messages.length === 0) findings.skip('no message arrived on the WebSocket', 'sync.seq');
  else if (unnumbered > 0) {
    findings.fail('sync.seq', `${unnumbered} of ${messages.length} new_message frames have no seq.`, SEQ_FIX);
  } else if (gap > 0) {
    findings.fail('sync.seq', `In room ${room}, change ${seqs[gap - 1]} is followed by change ${seqs[gap]}.`, SEQ_FIX);
  } else findings.pass('sync.seq', `Changes ${seqs[0]} to ${seqs.at(-1)} of room ${room} have no gap.`);
  const first = messages.find((frame) => messageOf(frame)?.['content'] === testMessages[0]?.content);
  return first?.['seq'] as number | undefined;
}

async function checkRestSync(write: WriteContext, firstSeq: number): Promise<void> {
  const { context, room } = write;
  const { findings } = context;
  context.startCheck('sync.rest');
  const path = `sync/?room=${encodeURIComponent(`${room}:${firstSeq - 1}`)}`;
  const result = await context.request(path);
  if (!isResponse(result)) return findings.fail('sync.rest', result.reason, result.fix);
  if (result.status !== 200 || result.json === undefined) {
    return findings.fail('sync.rest', `GET ${context.routePath(path)} returned ${result.status}.`, SYNC_FIX);
  }
  context.restBodies.push(['sync', result.json]);
  judgeChanges(write, 'sync.rest', result.json, firstSeq);
}

async function checkSocketSync(write: WriteContext, firstSeq: number): Promise<void> {
  const { context, socket, room } = write;
  context.startCheck('sync.socket');
  const frame = { type: 'sync', rooms: { [String(room)]: firstSeq - 1 } } as const;
  const reply = await socket.request(frame, replyOrError('sync_result'), context.timing.answerMs);
  const fail = (message: string): void => context.findings.fail('sync.socket', message, SYNC_FIX);
  if (!isFrame(reply)) {
    return fail(reply === 'closed' ? 'The server closed the WebSocket after sync.' : 'The server did not answer sync.');
  }
  if (hasType('error')(reply)) return fail(`The server answered sync with an error: ${errorText(reply)}.`);
  judgeChanges(write, 'sync.socket', reply, firstSeq);
}

function judgeChanges(
  { context, room, testMessages }: WriteContext,
  id: 'sync.rest' | 'sync.socket',
  body: unknown,
  firstSeq: number,
): void {
  const fail = (message: string, fix = SYNC_FIX): void => context.findings.fail(id, message, fix);
  const rooms = (body as { rooms?: unknown } | null)?.rooms;
  if (!Array.isArray(rooms)) return fail("The response has no array 'rooms'.");
  const problems = rooms.flatMap((each: unknown, index) => SYNC_ROOM(each, `rooms[${index}]`));
  if (problems.length > 0) return fail(`${formatList(problems)}.`);
  const synced = (rooms as RoomChanges[]).find(({ room_id }) => String(room_id) === String(room));
  if (!synced) return fail(`The response does not contain room ${room}.`);
  if (synced.expired) {
    const message = `The server reports change ${firstSeq} as expired, although it has just been made.`;
    return fail(message, 'Keep at least the last 1,000 changes, and those of the last 24 hours.');
  }
  const changes = synced.changes ?? [];
  const isMissing = ({ id }: { id?: unknown }): boolean =>
    id !== undefined && !changes.some((change) => isNewMessage(change, id));
  const missing = testMessages.filter(isMissing).length;
  if (missing > 0)
    return fail(`${missing} of the ${testMessages.length} messages sent since are not among the changes.`);
  const newest = Math.max(0, ...changes.map(({ seq }) => (typeof seq === 'number' ? seq : 0)));
  if (synced.seq < newest) return fail(`The room's seq is ${synced.seq}, but its changes go up to ${newest}.`);
  context.findings.pass(id);
}

/** As validated by `SYNC_ROOM`. */
interface RoomChanges {
  room_id: unknown;
  seq: number;
  expired?: boolean;
  changes?: Record<string, unknown>[];
}

const isNewMessage = ({ type, message }: Record<string, unknown>, id: unknown): boolean =>
  type === 'new_message' && isRecord(message) && String(message['id']) === String(id);
