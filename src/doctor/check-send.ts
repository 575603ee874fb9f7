/** Sending, by both ways: is it stored, is it told, can the sender recognise it? Writes into the room. */
import type { Id } from '../protocol/index.js';
import { ChatError } from '../transport/index.js';
import { isAnswer } from './raw-request.js';
import { credential } from './check-handshake.js';
import { alive } from './check-talk.js';
import { Desk, isEcho, messageIn, restFailure, socketFailure, type Sample } from './write-context.js';
import type { Exam } from './check-context.js';
import { WRITES } from './checks.js';
import { MESSAGE } from './shapes.js';
import { answered, isHeard, typed, type Heard, type Talk } from './recording-socket.js';
import { some } from './times.js';

const SEND = 'Answer {"type": "send_message", "room_id", "content", "_tempId"} by storing it and telling all sockets of the room, the sender’s too: {"type": "new_message", "room_id", "message": {…, "_tempId"}}.';
const STORED = 'Answer POST rooms/{id}/send_message/ with 201 and the message, as it stands in the history.';

/** @returns where it can be written, once a room is open; nothing where it cannot. */
export async function openDesk(exam: Exam, before: Talk, room: Id): Promise<Desk | undefined> {
  const { findings, timing } = exam;
  if (exam.restWorks && !exam.rooms.some(({ id }) => String(id) === String(room))) {
    throw new ChatError('not_found', `Room ${room} is not in the list of this person's rooms, so nothing was written. There: ${some(exam.rooms.map(({ id, name }) => `${id} (${name})`), 20) || 'none'}.`);
  }
  const talk = await alive(exam, before);
  const reply = talk && (await talk.ask({ type: 'subscribe_room', room_id: room }, answered('subscribed'), timing.answerMs));
  if (talk && isHeard(reply!) && typed('subscribed')(reply)) return new Desk(exam, talk, room);
  findings.skip(talk ? `room ${room} cannot be subscribed to: see socket.subscribe` : 'there is no socket to send by', ...WRITES);
  return undefined;
}

export async function checkSending(desk: Desk): Promise<void> {
  const other = await otherPerson(desk);
  const sample = desk.sample();
  await checkSocketSend(desk, sample);
  if (other && sample.id !== undefined) await checkDelivered(desk, sample, other);
  else desk.exam.findings.skip(other ? 'the message was not stored' : 'the second person is not in this room, or gets no socket', 'send.delivered');
  other?.close();
  await checkRestSend(desk);
}

async function checkSocketSend(desk: Desk, sample: Sample): Promise<void> {
  const { exam, talk } = desk;
  const { findings, timing } = exam;
  exam.begin('send.socket');
  const from = talk.heard.length;
  const wrong = socketFailure(await desk.bySocket(sample));
  if (wrong) {
    findings.wrong('send.socket', `A message sent by socket ${wrong}.`, SEND);
    return findings.skip('the message did not arrive', 'send.temp-id', 'send.once', 'send.ack', 'send.fields');
  }
  findings.pass('send.socket');
  const echo = await talk.wait((heard) => isEcho(heard, sample), timing.answerMs, from);
  if (isHeard(echo)) judgeEcho(exam, sample, echo);
  else findings.note('send.temp-id', 'A message is acknowledged, but not told to the sender’s own sockets: other tabs of the same person do not see it.');
  exam.begin('send.ack');
  const ack = exam.has('ack') && (await talk.wait((heard) => typed('message_ack')(heard) && heard['_tempId'] === sample.tempId, timing.answerMs, from));
  if (!ack) findings.missing('send.ack', 'The backend does not have ack.');
  else if (isHeard(ack)) findings.pass('send.ack');
  else findings.wrong('send.ack', 'The backend names the capability ack, and no message_ack with the _tempId comes.', 'Send {"type": "message_ack", "_tempId", "room_id", "message"} to the sender, or do not name ack.');
  exam.begin('send.once');
  const first = talk.heard.findIndex((heard) => isEcho(heard, sample));
  const again = await talk.wait((heard) => isEcho(heard, sample), timing.watchMs, first + 1);
  if (isHeard(again)) findings.note('send.once', 'A message is told twice. The widget shows it once; others may not.');
  else findings.pass('send.once');
}

function judgeEcho({ findings }: Exam, { tempId }: Sample, echo: Heard): void {
  const odd = MESSAGE(messageIn(echo), 'new_message.message');
  if (odd.length > 0) findings.wrong('send.fields', `${some(odd)}.`, 'Send each field in the type that docs/PROTOCOL.md names.');
  if (messageIn(echo)?.['_tempId'] === tempId) return findings.pass('send.temp-id', '_tempId comes back inside the message.');
  if (echo['_tempId'] === tempId) return findings.note('send.temp-id', '_tempId comes back beside the message, not inside it. The widget reads it there too.');
  findings.note('send.temp-id', 'The echo comes without _tempId. The widget recognises its own messages by room, words and age; two equal messages within a minute may be taken for one another.');
}

/** The second person, listening: as a stranger to the room where the backend tells everybody, else as a subscriber. */
async function otherPerson({ exam, room }: Desk): Promise<Talk | undefined> {
  const { parts, timing } = exam;
  if (!parts.secondToken) return undefined;
  const found = await credential(exam, parts.secondToken);
  if (!('value' in found)) return undefined;
  const talk = exam.open(found.value);
  if (!isHeard(await talk.wait(typed('connection_established'), timing.greetingMs))) return undefined;
  if (exam.has('user_channel')) return talk;
  const reply = await talk.ask({ type: 'subscribe_room', room_id: room }, answered('subscribed'), timing.answerMs);
  if (isHeard(reply) && typed('subscribed')(reply)) return talk;
  talk.close();
  return undefined;
}

async function checkDelivered({ exam, room }: Desk, sample: Sample, other: Talk): Promise<void> {
  const { findings, timing, parts } = exam;
  exam.begin('send.delivered');
  const told = await other.wait((heard) => isEcho(heard, sample), timing.answerMs);
  if (isHeard(told)) return findings.pass('send.delivered', exam.has('user_channel') ? 'The second person hears of it, without having subscribed to the room.' : 'The second person hears of it, as a subscriber of the room.');
  const asked = await exam.ask(`rooms/${encodeURIComponent(room)}/`, { token: parts.secondToken });
  if (!isAnswer(asked) || asked.status !== 200) return findings.skip(`the second person is not in room ${room}`, 'send.delivered');
  findings.wrong('send.delivered', `The second person, a member of room ${room}, is not told of the message${exam.has('user_channel') ? ', though the backend names user_channel' : ''}.`, 'Tell every socket of the room (with user_channel: every socket of its members). Where several processes serve sockets, they need a channel layer that they share, Redis for one.');
}

async function checkRestSend(desk: Desk): Promise<void> {
  const { exam, talk } = desk;
  const { findings, timing } = exam;
  exam.begin('send.rest');
  const sample = desk.sample();
  const from = talk.heard.length;
  const asked = await desk.byRest(sample);
  const wrong = restFailure(asked);
  if (wrong || !isAnswer(asked)) {
    findings.wrong('send.rest', `POST ${exam.route(`${desk.path}send_message/`)} ${wrong}.`, STORED);
    return findings.skip('the message was not stored', 'send.announced');
  }
  exam.saidByRest.push(['message', asked.json]);
  const odd = MESSAGE(asked.json, 'message');
  if (asked.status !== 201) findings.note('send.rest', `A message sent by REST is stored, and answered with ${asked.status} instead of 201.`);
  else findings.pass('send.rest', 'A message sent by REST is stored, and answered with 201.');
  if (odd.length > 0) findings.wrong('send.fields', `${some(odd)}.`, STORED);
  else findings.pass('send.fields');
  exam.begin('send.announced');
  if (isHeard(await talk.wait((heard) => isEcho(heard, sample), timing.answerMs, from))) findings.pass('send.announced');
  else findings.note('send.announced', 'A message sent by REST is told on no socket. Where somebody’s socket is blocked, the others see their messages only when they read the room again: within 15 s.');
}
