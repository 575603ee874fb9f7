/** Sends a message over the WebSocket and one over REST: is it stored, confirmed and delivered? */
import type { Id } from '../protocol/index.js';
import { ChatError } from '../transport/index.js';
import type { CheckContext } from './check-context.js';
import { reopenIfClosed } from './check-frames.js';
import { WRITE_CHECKS } from './checks.js';
import { formatList } from './format-list.js';
import { isResponse } from './raw-request.js';
import { hasType, isFrame, replyOrError, type ReceivedFrame, type RecordingSocket } from './recording-socket.js';
import { correctTypes } from './remedies.js';
import { openAsSecondUser } from './second-user.js';
import { MESSAGE } from './shapes.js';
import {
  isAck,
  isEcho,
  messageOf,
  restFailure,
  socketFailure,
  WriteContext,
  type TestMessage,
} from './write-context.js';

const SEND_FIX =
  'On {"type": "send_message", "room_id", "content", "_tempId"}, store the message and send {"type": "new_message", ' +
  '"room_id", "message": {…, "_tempId"}} to every WebSocket that is subscribed to the room, including the sender’s.';
const STORE_FIX = 'Answer POST rooms/{id}/send_message/ with 201 and the message, in the same form as in the history.';

/**
 * Subscribes to the room.
 * @returns undefined if that fails; then all checks that write are skipped.
 * @throws {ChatError} `not_found` if the user is not in the room.
 */
export async function openWriteContext(
  context: CheckContext,
  previousSocket: RecordingSocket,
  room: Id,
): Promise<WriteContext | undefined> {
  const { findings, rooms, timing } = context;
  if (context.restWorks && !rooms.some(({ id }) => String(id) === String(room))) {
    const known = rooms.map(({ id, name }) => `${id} (${name})`);
    const list = formatList(known, 20) || 'none';
    throw new ChatError(
      'not_found',
      `Room ${room} is not in this user's room list, so nothing was sent. Rooms: ${list}.`,
    );
  }
  const socket = await reopenIfClosed(context, previousSocket);
  if (socket && (await subscribe(socket, room, timing.answerMs))) return new WriteContext(context, socket, room);
  const reason = socket
    ? `subscribing to room ${room} failed: see socket.subscribe`
    : 'there is no WebSocket to send a message';
  findings.skip(reason, ...WRITE_CHECKS);
  return undefined;
}

async function subscribe(socket: RecordingSocket, room: Id, timeoutMs: number): Promise<boolean> {
  const frame = { type: 'subscribe_room', room_id: room } as const;
  const reply = await socket.request(frame, replyOrError('subscribed'), timeoutMs);
  return isFrame(reply) && hasType('subscribed')(reply);
}

export async function checkSending(write: WriteContext): Promise<void> {
  const { findings } = write.context;
  const secondSocket = await openSecondSocket(write);
  const message = write.createMessage();
  await checkSocketSend(write, message);
  if (secondSocket && message.id !== undefined) await checkDelivered(write, message, secondSocket);
  else if (secondSocket) findings.skip('the message was not stored', 'send.delivered');
  else findings.skip('the second user is not in this room, or cannot open a WebSocket', 'send.delivered');
  secondSocket?.close();
  await checkRestSend(write);
}

async function checkSocketSend(write: WriteContext, message: TestMessage): Promise<void> {
  const { context, socket } = write;
  const { findings, timing } = context;
  context.startCheck('send.socket');
  const from = socket.received.length;
  const failure = socketFailure(await write.sendBySocket(message));
  if (failure) {
    findings.fail('send.socket', `A message sent over the WebSocket ${failure}.`, SEND_FIX);
    const reason = 'the message was not confirmed';
    return findings.skip(reason, 'send.temp-id', 'send.no-duplicate', 'send.ack', 'send.fields');
  }
  findings.pass('send.socket');
  const echo = await socket.waitFor((frame) => isEcho(frame, message), timing.answerMs, from);
  if (isFrame(echo)) judgeEcho(context, message, echo);
  else {
    const problem = 'A message is acknowledged, but not echoed to the sender. Other tabs of this user do not show it.';
    findings.note('send.temp-id', problem);
  }
  await checkAck(write, message, from);
  context.startCheck('send.no-duplicate');
  const firstEcho = socket.received.findIndex((frame) => isEcho(frame, message));
  const secondEcho = await socket.waitFor((frame) => isEcho(frame, message), timing.watchMs, firstEcho + 1);
  if (!isFrame(secondEcho)) return findings.pass('send.no-duplicate');
  findings.note('send.no-duplicate', 'A message is delivered twice. The widget shows it once; other clients may not.');
}

async function checkAck({ context, socket }: WriteContext, message: TestMessage, from: number): Promise<void> {
  const { findings, timing } = context;
  context.startCheck('send.ack');
  if (!context.hasCapability('ack')) return findings.unsupported('send.ack', 'The backend does not announce ack.');
  const ack = await socket.waitFor((frame) => isAck(frame, message), timing.answerMs, from);
  if (isFrame(ack)) return findings.pass('send.ack');
  findings.fail(
    'send.ack',
    'The backend announces ack, but no message_ack with the _tempId arrived.',
    'Send {"type": "message_ack", "_tempId", "room_id", "message"} to the sender, or do not announce ack.',
  );
}

function judgeEcho({ findings }: CheckContext, { tempId }: TestMessage, echo: ReceivedFrame): void {
  const problems = MESSAGE(messageOf(echo), 'new_message.message');
  if (problems.length > 0) findings.fail('send.fields', `${formatList(problems)}.`, correctTypes);
  if (messageOf(echo)?.['_tempId'] === tempId) {
    return findings.pass('send.temp-id', 'The echo has the _tempId inside the message.');
  }
  const problem =
    echo['_tempId'] === tempId
      ? 'The echo has the _tempId beside the message, not inside it. The widget reads it there too.'
      : 'The echo comes without _tempId. The widget recognizes its own messages by room, content and age. It may ' +
        'confuse two messages with the same content within one minute.';
  findings.note('send.temp-id', problem);
}

/** A socket of the second user; subscribed to the room, unless the backend sends the events of all rooms anyway. */
async function openSecondSocket({ context, room }: WriteContext): Promise<RecordingSocket | undefined> {
  // A message that reaches a user who is not in the room does not prove that delivery works.
  if (context.secondRoomIds && !context.secondRoomIds.has(String(room))) return undefined;
  const socket = await openAsSecondUser(context);
  if (!socket) return undefined;
  if (context.hasCapability('user_channel') || (await subscribe(socket, room, context.timing.answerMs))) return socket;
  socket.close();
  return undefined;
}

async function checkDelivered(write: WriteContext, message: TestMessage, secondSocket: RecordingSocket): Promise<void> {
  const { context, room, roomPath } = write;
  const { findings, timing, options } = context;
  context.startCheck('send.delivered');
  const hasUserChannel = context.hasCapability('user_channel');
  if (isFrame(await secondSocket.waitFor((frame) => isEcho(frame, message), timing.answerMs))) {
    const how = hasUserChannel ? 'without a subscription to the room' : 'with a subscription to the room';
    return findings.pass('send.delivered', `The second user receives the message, ${how}.`);
  }
  const result = await context.request(roomPath, { token: options.secondToken });
  if (!isResponse(result) || result.status !== 200) {
    return findings.skip(`the second user is not in room ${room}`, 'send.delivered');
  }
  const contradiction = hasUserChannel ? ', although the backend announces user_channel' : '';
  findings.fail(
    'send.delivered',
    `The second user, a member of room ${room}, does not receive the message${contradiction}.`,
    'Send it to every WebSocket that is subscribed to the room; with user_channel, to every WebSocket of its ' +
      'members. Several server processes need a shared channel layer, such as Redis.',
  );
}

async function checkRestSend(write: WriteContext): Promise<void> {
  const { context, socket } = write;
  const { findings, timing } = context;
  context.startCheck('send.rest');
  const message = write.createMessage();
  const from = socket.received.length;
  const result = await write.sendByRest(message);
  const failure = restFailure(result);
  if (failure || !isResponse(result)) {
    const request = `POST ${context.routePath(`${write.roomPath}send_message/`)}`;
    findings.fail('send.rest', `${request} ${failure}.`, STORE_FIX);
    return findings.skip('the message was not stored', 'send.broadcast');
  }
  context.restBodies.push(['message', result.json]);
  if (result.status === 201) findings.pass('send.rest', 'A message sent over REST is stored and answered with 201.');
  else {
    const answer = `answered with ${result.status} instead of 201`;
    findings.note('send.rest', `A message sent over REST is stored, but ${answer}.`);
  }
  const problems = MESSAGE(result.json, 'message');
  if (problems.length > 0) findings.fail('send.fields', `${formatList(problems)}.`, STORE_FIX);
  else findings.pass('send.fields');
  context.startCheck('send.broadcast');
  const echo = await socket.waitFor((frame) => isEcho(frame, message), timing.answerMs, from);
  if (isFrame(echo)) return findings.pass('send.broadcast');
  findings.note(
    'send.broadcast',
    'A message sent over REST is announced on no WebSocket. If a user’s WebSocket is blocked, the others see that ' +
      'user’s messages up to 15 s late.',
  );
}
