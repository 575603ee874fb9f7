/** What is said on an open socket. Nothing here stores anything. */
import type { Exam } from './check-context.js';
import { credential } from './check-handshake.js';
import { serialise } from './remedies.js';
import { GREETING, isId, ROOM } from './shapes.js';
import { answered, errorText, isHeard, typed, type Talk } from './recording-socket.js';
import { some } from './times.js';
import type { PointId } from './checks.js';

const CAPABILITIES = {
  idempotent_send: 'A message whose confirmation is lost is looked for in the history before it is sent again; in rare cases it is stored twice.',
  ack: 'A message counts as stored when its echo comes.',
  user_channel: 'The widget subscribes to its rooms one by one (50 at most); what is announced on no socket shows after 15 s in an open room, and elsewhere only where the room list of REST tells of it.',
  sync: 'After a gap, rooms and open histories are read anew.',
  token_refresh: 'A token that runs out costs a reconnection.',
  edit: 'Messages stay as they were sent.',
  delete: 'Messages stay.',
  reactions: 'There are none.',
  receipts: 'Reading is told once for each message, and what was read during a gap shows late.',
} as const;

/** @returns whether there is a greeting that can be used. */
export function checkGreeting(exam: Exam, talk: Talk): boolean {
  const { findings, timing } = exam;
  const greeting = talk.heard.find(typed('connection_established'));
  if (!greeting) {
    const first = talk.heard[0]?.['type'];
    const instead = typeof first === 'string' ? ` The first frame was '${first}'.` : '';
    findings.wrong('socket.greeting', talk.end ? `The socket opens, and closes with ${talk.end.code} before any greeting.${instead}` : `There is no greeting within ${timing.greetingMs / 1_000} s.${instead}`, 'Send {"type": "connection_established", "user_id": …, "username": …, "timestamp": …} as soon as the socket is accepted: the widget gives up after 10 s without it.');
    return false;
  }
  const odd = GREETING(greeting, 'connection_established');
  if (odd.length > 0) findings.wrong('socket.greeting', `${some(odd)}.`, 'Send each field in the type that docs/PROTOCOL.md names.');
  else findings.pass('socket.greeting', `The server greets, as ${greeting['protocol'] === undefined ? 'a baseline backend' : `protocol ${String(greeting['protocol'])}`}.`);
  // The widget takes a greeting for none where it does not say who is greeted.
  if (!isId(greeting['user_id'])) return false;
  const { capabilities } = greeting;
  exam.capabilities = Array.isArray(capabilities) ? capabilities.map(String) : [];
  for (const [name, without] of Object.entries(CAPABILITIES) as [keyof typeof CAPABILITIES, string][]) {
    if (exam.has(name)) findings.pass(`capability.${name}`);
    else findings.missing(`capability.${name}`, `No ${name}. ${without}`);
  }
  return true;
}

/** The present socket, or another one where it has died: one question that kills it must not end the conversation. */
export async function alive(exam: Exam, talk: Talk): Promise<Talk | undefined> {
  if (talk.isOpen) return talk;
  const found = await credential(exam);
  if (!('value' in found)) return undefined;
  const another = exam.open(found.value);
  return isHeard(await another.wait(typed('connection_established'), exam.timing.greetingMs)) ? another : undefined;
}

export async function checkTalk(exam: Exam, first: Talk): Promise<Talk | undefined> {
  let talk: Talk | undefined = first;
  for (const check of [checkPing, checkRoomList, checkSubscribe, checkUnknownFrame, checkMalformed]) {
    talk = await alive(exam, talk);
    if (!talk) {
      exam.findings.skip('the socket has died, and no other opens', 'socket.ping', 'socket.room-list', 'socket.subscribe', 'socket.unknown-frame', 'socket.malformed');
      return undefined;
    }
    await check(exam, talk);
  }
  return alive(exam, talk);
}

const died = (talk: Talk): string => `The socket closes with ${talk.end?.code}${talk.end?.reason ? ` (${talk.end.reason})` : ''}`;

async function checkPing(exam: Exam, talk: Talk): Promise<void> {
  exam.begin('socket.ping');
  const reply = await talk.ask({ type: 'ping' }, answered('pong'), exam.timing.answerMs);
  const mend = 'Answer {"type": "ping"} with {"type": "pong"}: it is how the widget finds out that a line is dead.';
  if (reply === 'ended') exam.findings.wrong('socket.ping', `${died(talk)} when it is pinged.`, mend);
  else if (reply === 'late') exam.findings.wrong('socket.ping', 'A ping is not answered.', mend);
  else if (typed('error')(reply)) exam.findings.wrong('socket.ping', `A ping is answered with an error: ${errorText(reply)}.`, mend);
  else exam.findings.pass('socket.ping');
}

async function checkRoomList(exam: Exam, talk: Talk): Promise<void> {
  const { findings, timing } = exam;
  exam.begin('socket.room-list');
  const reply = await talk.ask({ type: 'get_room_list' }, answered('room_list'), timing.answerMs);
  const [id, instead]: [PointId, string] = ['socket.room-list', 'Answer {"type": "get_room_list"} with {"type": "room_list", "rooms": […]}.'];
  if (reply === 'ended') return findings.wrong(id, `${died(talk)} when it is asked for the list of rooms.`, serialise);
  if (reply === 'late') return findings.wrong(id, `get_room_list is not answered within ${timing.answerMs / 1_000} s.`, instead);
  if (typed('error')(reply)) return findings.wrong(id, `get_room_list is answered with an error: ${errorText(reply)}.`, /serializ|serialis|json|datetime|decimal|uuid/i.test(errorText(reply)) ? serialise : `${instead} ${serialise}`);
  const { rooms } = reply;
  if (!Array.isArray(rooms)) return findings.wrong(id, "The frame has no 'rooms'.", instead);
  const odd = rooms.flatMap((room: unknown, index) => ROOM(room, `room_list.rooms[${index}]`));
  if (odd.length > 0) return findings.wrong(id, `${some(odd)}.`, 'Send each field in the type that docs/PROTOCOL.md names, as REST does.');
  findings.pass(id);
}

async function checkSubscribe(exam: Exam, talk: Talk): Promise<void> {
  const { findings, timing, room } = exam;
  if (room === undefined) return findings.skip('there is no room to subscribe to', 'socket.subscribe');
  exam.begin('socket.subscribe');
  const reply = await talk.ask({ type: 'subscribe_room', room_id: room }, answered('subscribed'), timing.answerMs);
  const mend = 'Answer {"type": "subscribe_room", "room_id": …} with {"type": "subscribed", "room_id": …}, for every room of the list.';
  if (!isHeard(reply)) return findings.wrong('socket.subscribe', reply === 'ended' ? `${died(talk)} when a room is subscribed to.` : 'subscribe_room is not answered.', mend);
  if (typed('error')(reply)) return findings.wrong('socket.subscribe', `subscribe_room for room ${room} is answered with an error: ${errorText(reply)}.`, mend);
  if (!isId(reply['room_id'])) return findings.wrong('socket.subscribe', "'subscribed' comes without a usable room_id.", mend);
  findings.pass('socket.subscribe', `Room ${room} can be subscribed to.`);
}

const checkUnknownFrame = (exam: Exam, talk: Talk): Promise<void> =>
  checkHarmless(exam, talk, 'socket.unknown-frame', JSON.stringify({ type: 'unified_chat_doctor' }), 'a frame of a type that it does not know');

const checkMalformed = (exam: Exam, talk: Talk): Promise<void> => checkHarmless(exam, talk, 'socket.malformed', '{"type": "pi', 'text that is no JSON');

/** Sends what no server can use; it may complain, but it must go on. */
async function checkHarmless(exam: Exam, talk: Talk, id: 'socket.unknown-frame' | 'socket.malformed', text: string, what: string): Promise<void> {
  const { findings, timing } = exam;
  exam.begin(id);
  const from = talk.heard.length;
  talk.sendText(text);
  const lives = await talk.settle(timing.answerMs);
  const complaint = talk.heard.slice(from).find(typed('error'));
  if (talk.end) return findings.wrong(id, `${died(talk)} after ${what}. A newer widget would lose its connection again and again.`, 'Catch it where frames are read, and answer {"type": "error", "message": "…"}.');
  if (!lives && !findings.is('socket.ping', 'wrong')) return findings.wrong(id, `After ${what} the server answers nothing any more.`, 'Catch it where frames are read, and go on with the next one.');
  if (complaint) findings.pass(id, `${what[0]!.toUpperCase()}${what.slice(1)} is answered with an error (${errorText(complaint)}), and the conversation goes on.`);
  else findings.note(id, `After ${what} comes no word, and the conversation goes on. An error frame would help whoever looks for a mistake.`);
}
