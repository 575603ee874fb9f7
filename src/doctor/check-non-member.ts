/** With two users: frames that one of them sends to a room of the other. The server must refuse each frame. */
import type { ClientFrame } from '../protocol/index.js';
import type { CheckContext } from './check-context.js';
import { IN_EVERY_ROOM } from './check-rooms.js';
import type { CheckId } from './checks.js';
import {
  errorText,
  hasType,
  isFrame,
  replyOrError,
  type ReceivedFrame,
  type RecordingSocket,
} from './recording-socket.js';
import { checkMembership } from './remedies.js';
import { openAsSecondUser } from './second-user.js';
import { isEcho, type TestMessage, type WriteContext } from './write-context.js';

const FIX = `${checkMembership} Answer frames for other rooms with {"type": "error", "message": "…"}.`;

/** A subscription stores nothing, so this check runs in any room, and without `write`. */
export async function checkForeignSubscription(context: CheckContext): Promise<void> {
  const { findings, options, foreignRoom, secondRoomIds } = context;
  const id: CheckId = 'non-member.subscribe';
  if (!options.secondToken) return;
  if (!secondRoomIds) return findings.skip('the second token gets no room list', id);
  if (!foreignRoom) return findings.skip(IN_EVERY_ROOM, id);
  context.startCheck(id);
  const socket = await openAsSecondUser(context);
  if (!socket) return findings.skip(NO_SOCKET, id);
  const frame = { type: 'subscribe_room', room_id: foreignRoom.id } as const;
  const reply = await socket.request(frame, replyOrError('subscribed'), context.timing.answerMs);
  socket.close();
  if (isFrame(reply) && hasType('subscribed')(reply)) {
    const consequence = 'can subscribe to it, and receives its messages';
    return findings.fail(id, `A user who is not a member of room ${foreignRoom.id} ${consequence}.`, FIX);
  }
  const how = isFrame(reply) ? `with an error: ${errorText(reply)}` : reply === 'closed' ? CLOSED : 'without an answer';
  findings.pass(id, `A subscription to room ${foreignRoom.id} by a user who is not a member was refused ${how}.`);
}

const NO_SOCKET = 'the second user cannot open a WebSocket';
const CLOSED = 'by closing the WebSocket';

interface Attempt {
  id: CheckId;
  frame: ClientFrame;
  /** What a user can do if the frame is accepted, as the predicate of a sentence. */
  consequence: string;
  /** The types of replies that accept the frame. */
  accepting: string[];
  /** Whether a frame that a member receives shows that the frame of this user was accepted. */
  isEffect(received: ReceivedFrame, userId: string): boolean;
}

/** Frames that change something if they are accepted. So they are sent to the room under test only. */
export async function checkNonMemberFrames(write: WriteContext): Promise<void> {
  const { context, room } = write;
  const { findings, secondRoomIds, options } = context;
  const ids = ['non-member.send', 'non-member.typing', 'non-member.mark-read'] as const;
  if (!options.secondToken) return;
  if (!secondRoomIds) return findings.skip('the second token gets no room list', ...ids);
  if (secondRoomIds.has(String(room))) {
    const reason = `the second user is a member of room ${room}; run again with a --room that this user is not in`;
    return findings.skip(reason, ...ids);
  }
  const message = write.createMessage();
  let socket: RecordingSocket | undefined;
  for (const attempt of attemptsIn(write, message)) {
    context.startCheck(attempt.id);
    // A server may refuse a frame by closing the WebSocket.
    if (!socket?.isOpen) socket = await openAsSecondUser(context);
    if (!socket) return findings.skip(NO_SOCKET, ...ids);
    await tryFrame(write, socket, attempt, message);
  }
  socket?.close();
  findings.skip('no message was stored that could be marked as read', ...ids);
}

function attemptsIn({ room, testMessages }: WriteContext, message: TestMessage): Attempt[] {
  // Other members may type and read at the same time.
  const isBy = (frame: ReceivedFrame, userId: string): boolean =>
    String(frame['room_id']) === String(room) && String(frame['user_id']) === userId;
  const stored = testMessages.flatMap(({ id }) => (id === undefined ? [] : [id]));
  const typing: Attempt = {
    id: 'non-member.typing',
    frame: { type: 'typing', room_id: room },
    consequence: 'is shown there as typing',
    accepting: [],
    isEffect: (frame, userId) => hasType('typing')(frame) && isBy(frame, userId) && frame['is_typing'] !== false,
  };
  const send: Attempt = {
    id: 'non-member.send',
    frame: { type: 'send_message', room_id: room, content: message.content, _tempId: message.tempId },
    consequence: 'can send messages to it',
    accepting: ['new_message', 'message_ack'],
    isEffect: (frame) => isEcho(frame, message),
  };
  const markRead: Attempt = {
    id: 'non-member.mark-read',
    frame: { type: 'mark_read', room_id: room, message_ids: stored },
    consequence: 'can mark its messages as read',
    accepting: ['messages_marked_read'],
    isEffect: (frame, userId) => hasType('message_read')(frame) && isBy(frame, userId),
  };
  // Without ids, the frame would mean all messages.
  return stored.length > 0 ? [send, typing, markRead] : [send, typing];
}

async function tryFrame(
  write: WriteContext,
  nonMember: RecordingSocket,
  attempt: Attempt,
  message: TestMessage,
): Promise<void> {
  const { context, socket: member, room } = write;
  const { findings, timing } = context;
  const { id, frame, consequence, accepting, isEffect } = attempt;
  const [from, memberFrom] = [nonMember.received.length, member.received.length];
  const userId = String(nonMember.received.find(hasType('connection_established'))?.['user_id']);
  nonMember.send(frame);
  // Frames without a reply exist, so a ping marks the end of the replies.
  await nonMember.roundTrip(timing.answerMs);
  await member.roundTrip(timing.answerMs);
  const replies = nonMember.received.slice(from);
  const error = replies.find(hasType('error'));
  const isRefused = error !== undefined || nonMember.closed !== undefined;
  const isAccepted =
    replies.some((reply) => hasType(...accepting)(reply) && String(reply['room_id']) === String(room)) ||
    isFrame(
      await member.waitFor((received) => isEffect(received, userId), isRefused ? 0 : timing.watchMs, memberFrom),
    ) ||
    (id === 'non-member.send' && (await isStored(write, message)));
  if (isAccepted) return findings.fail(id, `A user who is not a member of room ${room} ${consequence}.`, FIX);
  const how = error
    ? `was refused with an error: ${errorText(error)}`
    : isRefused
      ? `was refused ${CLOSED}`
      : 'had no effect';
  findings.pass(id, `The frame ${frame.type} of a user who is not a member of room ${room} ${how}.`);
}

async function isStored(write: WriteContext, { content }: TestMessage): Promise<boolean> {
  const history = await write.readHistory();
  return 'messages' in history && history.messages.some((message) => message['content'] === content);
}
