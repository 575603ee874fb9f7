/** The greeting, and the frames that store nothing: ping, room list, subscription, unknown and malformed frames. */
import type { Id } from '../protocol/index.js';
import type { CheckContext } from './check-context.js';
import type { CheckId } from './checks.js';
import { getCredential } from './credential.js';
import { formatList } from './format-list.js';
import { errorText, hasType, isFrame, replyOrError, type RecordingSocket, type Reply } from './recording-socket.js';
import { correctTypes, serializeJson } from './remedies.js';
import { isId } from '../internal/is-id.js';
import { GREETING, isRecord, ROOM } from './shapes.js';

/** Each capability, and what happens without it. */
const CAPABILITIES = {
  idempotent_send:
    'Before the widget resends an unconfirmed message, it looks for it in the history. In rare cases a message is ' +
    'stored twice.',
  ack: 'A message counts as stored when its echo arrives.',
  user_channel:
    'The widget subscribes to each room, up to 50. Changes that the WebSocket does not announce appear within 15 s ' +
    'in an open room, and elsewhere only if the room list of REST shows them.',
  sync: 'After a gap, the widget reloads the room list and the open histories.',
  token_refresh: 'When a token expires, the widget reconnects.',
  edit: 'Messages cannot be edited.',
  delete: 'Messages cannot be deleted.',
  reactions: 'Messages have no reactions.',
  receipts: 'Each message is reported as read by itself, and what was read during a gap appears late.',
  permissions: 'The widget offers the same actions in every room, and shows an error if the server refuses one.',
  around: 'To show an old message, up to 20 older pages are loaded.',
  mark_unread: 'Messages cannot be marked as unread.',
  uploads: 'A message has at most one file, which is sent with it.',
  delivered: 'The widget does not know which messages have arrived, only which were read.',
  hide_receipts: 'Users cannot hide what they have read.',
  people: 'Pages cannot search for people, and large rooms show no members.',
  create_room: 'Pages can start a room of two people only, without a context.',
  manage_room: 'Rooms cannot be renamed, and members cannot be changed.',
  room_settings: 'Rooms cannot be pinned, archived or muted.',
  room_pages: 'The widget reads the whole room list each time.',
} as const;

/** @returns whether there is a greeting that the widget accepts. */
export function checkGreeting(context: CheckContext, socket: RecordingSocket): boolean {
  const { findings } = context;
  const greeting = socket.received.find(hasType('connection_established'));
  if (!greeting) {
    reportMissingGreeting(context, socket);
    return false;
  }
  const { capabilities, limits, protocol, user_id } = greeting;
  const problems = GREETING(greeting, 'connection_established');
  if (problems.length > 0) findings.fail('socket.greeting', `${formatList(problems)}.`, correctTypes);
  else {
    const version = protocol === undefined ? 'baseline, without a protocol version' : `protocol ${String(protocol)}`;
    findings.pass('socket.greeting', `The server sends a greeting (${version}).`);
  }
  // The widget rejects a greeting without a user id.
  if (!isId(user_id)) return false;
  context.userId = user_id;
  context.greeting = greeting;
  context.capabilities = Array.isArray(capabilities) ? capabilities.map(String) : [];
  if (isRecord(limits)) context.limits = limits;
  for (const [name, consequence] of Object.entries(CAPABILITIES) as [keyof typeof CAPABILITIES, string][]) {
    if (context.hasCapability(name)) findings.pass(`capability.${name}`);
    else findings.unsupported(`capability.${name}`, `The backend does not announce ${name}. ${consequence}`);
  }
  return true;
}

function reportMissingGreeting(context: CheckContext, socket: RecordingSocket): void {
  const { findings, timing, acceptsAnyPath } = context;
  const firstType = socket.received[0]?.['type'];
  const first = typeof firstType === 'string' ? ` The first frame was '${firstType}'.` : '';
  const problem = socket.closed
    ? `The WebSocket opened, and the server closed it with ${socket.closed.code} before a greeting.`
    : `The server sent no greeting within ${timing.greetingMs / 1_000} s.`;
  findings.fail(
    'socket.greeting',
    problem + first,
    'Send {"type": "connection_established", "user_id": …, "username": …, "timestamp": …} as soon as the WebSocket ' +
      'is accepted. The widget closes the connection after 10 s without it.' +
      (acceptsAnyPath ? ' Check the path too: this server accepts a WebSocket at every path.' : ''),
  );
}

/** Returns the socket if it is open, else a new one: one failed check must not prevent the next. */
export async function reopenIfClosed(
  context: CheckContext,
  socket: RecordingSocket,
): Promise<RecordingSocket | undefined> {
  if (socket.isOpen) return socket;
  const credential = await getCredential(context);
  if (!('value' in credential)) return undefined;
  const reopened = context.openSocket(credential.value);
  const greeting = await reopened.waitFor(hasType('connection_established'), context.timing.greetingMs);
  return isFrame(greeting) ? reopened : undefined;
}

/** @returns an open socket for further checks; undefined if none opens any more. */
export async function checkFrames(
  context: CheckContext,
  firstSocket: RecordingSocket,
): Promise<RecordingSocket | undefined> {
  let socket: RecordingSocket | undefined = firstSocket;
  for (const check of [checkPing, checkRoomList, checkSubscribe, checkUnknownFrame, checkMalformed]) {
    socket = await reopenIfClosed(context, socket);
    if (!socket) {
      const ids = ['ping', 'room-list', 'subscribe', 'unknown-frame', 'malformed'] as const;
      const reason = 'the server closed the WebSocket, and no other one opens';
      context.findings.skip(reason, ...ids.map((id) => `socket.${id}` as const));
      return undefined;
    }
    await check(context, socket);
  }
  return reopenIfClosed(context, socket);
}

const describeClose = ({ closed }: RecordingSocket): string =>
  `The server closed the WebSocket with ${closed?.code}${closed?.reason ? ` (${closed.reason})` : ''}`;

async function checkPing(context: CheckContext, socket: RecordingSocket): Promise<void> {
  context.startCheck('socket.ping');
  const reply = await socket.request({ type: 'ping' }, replyOrError('pong'), context.timing.answerMs);
  const fail = (message: string): void =>
    context.findings.fail(
      'socket.ping',
      message,
      'Answer {"type": "ping"} with {"type": "pong"}. The widget uses it to detect a dead connection.',
    );
  if (reply === 'closed') fail(`${describeClose(socket)} after a ping.`);
  else if (reply === 'timeout') fail('The server did not answer a ping.');
  else if (hasType('error')(reply)) fail(`The server answered a ping with an error: ${errorText(reply)}.`);
  else context.findings.pass('socket.ping');
}

async function checkRoomList(context: CheckContext, socket: RecordingSocket): Promise<void> {
  const { findings, timing } = context;
  const id: CheckId = 'socket.room-list';
  context.startCheck(id);
  const reply = await socket.request({ type: 'get_room_list' }, replyOrError('room_list'), timing.answerMs);
  const fix = 'Answer {"type": "get_room_list"} with {"type": "room_list", "rooms": […]}.';
  if (reply === 'closed') return findings.fail(id, `${describeClose(socket)} after get_room_list.`, serializeJson);
  if (reply === 'timeout') {
    return findings.fail(id, `The server did not answer get_room_list within ${timing.answerMs / 1_000} s.`, fix);
  }
  if (hasType('error')(reply)) {
    const isSerialization = /serializ|serialis|json|datetime|decimal|uuid/i.test(errorText(reply));
    const message = `The server answered get_room_list with an error: ${errorText(reply)}.`;
    return findings.fail(id, message, isSerialization ? serializeJson : `${fix} ${serializeJson}`);
  }
  const { rooms } = reply;
  if (!Array.isArray(rooms)) return findings.fail(id, "The frame room_list has no array 'rooms'.", fix);
  const problems = rooms.flatMap((room: unknown, index) => ROOM(room, `room_list.rooms[${index}]`));
  if (problems.length > 0) {
    return findings.fail(id, `${formatList(problems)}.`, `${correctTypes} They are the same as on REST.`);
  }
  findings.pass(id);
}

async function checkSubscribe(context: CheckContext, socket: RecordingSocket): Promise<void> {
  const { findings, timing, room } = context;
  if (room === undefined) return findings.skip('there is no room to subscribe to', 'socket.subscribe');
  context.startCheck('socket.subscribe');
  const frame = { type: 'subscribe_room', room_id: room } as const;
  judgeSubscription(context, socket, room, await socket.request(frame, replyOrError('subscribed'), timing.answerMs));
  if (!socket.isOpen) return;
  // Some backends store no notifications for a subscribed user.
  socket.send({ type: 'unsubscribe_room', room_id: room });
  // An error in answer to it must not count as the answer to the next frame.
  if (!findings.has('socket.ping', 'fail')) await socket.roundTrip(timing.answerMs);
}

function judgeSubscription({ findings }: CheckContext, socket: RecordingSocket, room: Id, reply: Reply): void {
  const fail = (message: string): void =>
    findings.fail(
      'socket.subscribe',
      message,
      'Answer {"type": "subscribe_room", "room_id": …} with {"type": "subscribed", "room_id": …}, for every room ' +
        'of the list.',
    );
  if (reply === 'closed') return fail(`${describeClose(socket)} after subscribe_room.`);
  if (reply === 'timeout') return fail('The server did not answer subscribe_room.');
  if (hasType('error')(reply)) {
    return fail(`The server answered subscribe_room for room ${room} with an error: ${errorText(reply)}.`);
  }
  if (!isId(reply['room_id'])) return fail("The reply 'subscribed' has no valid room_id.");
  findings.pass('socket.subscribe', `The client can subscribe to room ${room}.`);
}

const checkUnknownFrame = (context: CheckContext, socket: RecordingSocket): Promise<void> => {
  const text = JSON.stringify({ type: 'unified_chat_doctor' });
  return checkUnusableText(context, socket, 'socket.unknown-frame', text, 'a frame of unknown type');
};

const checkMalformed = (context: CheckContext, socket: RecordingSocket): Promise<void> =>
  checkUnusableText(context, socket, 'socket.malformed', '{"type": "pi', 'malformed JSON');

/** Sends text that no server understands. The server may answer with an error, but must keep the connection open. */
async function checkUnusableText(
  context: CheckContext,
  socket: RecordingSocket,
  id: 'socket.unknown-frame' | 'socket.malformed',
  text: string,
  name: string,
): Promise<void> {
  const { findings, timing } = context;
  context.startCheck(id);
  const from = socket.received.length;
  socket.sendRaw(text);
  const isResponsive = await socket.roundTrip(timing.answerMs);
  const error = socket.received.slice(from).find(hasType('error'));
  if (socket.closed) {
    return findings.fail(
      id,
      `${describeClose(socket)} after ${name}. A newer version of the widget would lose its connection repeatedly.`,
      'Catch the error where frames are read, and answer {"type": "error", "message": "…"}.',
    );
  }
  if (!isResponsive && !findings.has('socket.ping', 'fail')) {
    const fix = 'Catch the error where frames are read, and continue with the next frame.';
    return findings.fail(id, `After ${name}, the server stopped answering.`, fix);
  }
  if (error) {
    const message = `The server answered ${name} with an error (${errorText(error)}) and kept the connection open.`;
    return findings.pass(id, message);
  }
  findings.note(
    id,
    `The server ignored ${name} and kept the connection open. An error frame would help with debugging.`,
  );
}
