/** The notifications WebSocket, which is optional: who may open it, and what it sends. Marks nothing as read. */
import type { CheckContext } from './check-context.js';
import { probe } from './check-bad-credentials.js';
import { opensInTime } from './check-handshake.js';
import { NOT_IN_BROWSER } from './check-rest.js';
import type { CheckId } from './checks.js';
import { getCredential } from './credential.js';
import { formatList } from './format-list.js';
import { errorText, hasType, replyOrError, type RecordingSocket, type Reply } from './recording-socket.js';
import { correctTypes, verifyToken } from './remedies.js';
import { NOTIFICATION_FRAMES } from './shapes.js';
import { findUnusedPathWithStatus, handshake } from './socket-path.js';
import { notificationsSocket } from '../transport/index.js';

/** Close code with which some backends answer any frame. */
const SERVER_ERROR_CODE = 1011;

const DEPENDENT: CheckId[] = [
  'notifications.frames',
  'notifications.count',
  'notifications.no-token',
  'notifications.access',
];

export async function checkNotifications(context: CheckContext): Promise<void> {
  const { findings, options, userId } = context;
  const id: CheckId = 'notifications.upgrade';
  if (!options.hasNotifications) {
    return findings.skip('this page does not use the notifications WebSocket', id, ...DEPENDENT);
  }
  if (userId === undefined) return;
  context.startCheck(id);
  const address = notificationsSocket(options.address, userId);
  const credential = await getCredential(context);
  if (!('value' in credential)) return findings.skip(credential.reason, id, ...DEPENDENT);
  const socket = context.openSocket(credential.value, address);
  if (!(await opensInTime(context, socket))) {
    await reportRefusal(context, address);
    return findings.skip('the notifications WebSocket does not open', ...DEPENDENT);
  }
  await checkFrames(context, socket);
  socket.close();
  await checkRejected(context, address);
}

/** Without a route for notifications, the backend has none. */
async function reportRefusal(context: CheckContext, address: string): Promise<void> {
  const { findings, options } = context;
  const { requestUpgrade } = options;
  const path = new URL(address).pathname;
  const none = `The backend has no notifications WebSocket at ${path}. Do not set the attribute notifications.`;
  if (!requestUpgrade) {
    const fix = `Run 'npx unified-chat doctor --url ${options.address.base}' to find the cause.`;
    return findings.fail('notifications.upgrade', `The notifications WebSocket at ${path} does not open.`, fix);
  }
  const { status } = await handshake(context, requestUpgrade, { origin: context.acceptedOrigin }, address);
  const hasNoRoute =
    status === 404 ||
    (status !== undefined && (await findUnusedPathWithStatus(context, requestUpgrade, status, { address })));
  if (hasNoRoute) return findings.unsupported('notifications.upgrade', none);
  findings.fail(
    'notifications.upgrade',
    `The notifications WebSocket at ${path} does not open (${status ?? 'no response'}), although the one of the chat ` +
      'opens with the same token.',
    'Check the token as on the chat WebSocket, and compare its user with the id in the path. The server’s log has ' +
      'the stack trace of an error.',
  );
}

async function checkFrames(context: CheckContext, socket: RecordingSocket): Promise<void> {
  const { findings, timing } = context;
  const request = { action: 'get_unread_count' } as const;
  const reply = await socket.request(request, replyOrError('unread_count'), timing.answerMs);
  const closedWith = socket.closed?.code;
  if (closedWith !== undefined && closedWith !== SERVER_ERROR_CODE) {
    const message = `The notifications WebSocket opened and was then closed with ${closedWith}.`;
    findings.fail(
      'notifications.upgrade',
      message,
      'Accept the token as on the chat WebSocket, and answer get_unread_count.',
    );
    return findings.skip('the notifications WebSocket was closed', 'notifications.frames', 'notifications.count');
  }
  findings.pass('notifications.upgrade');
  const problems = socket.received.flatMap((frame) => {
    const type = String(frame['type']);
    return NOTIFICATION_FRAMES[type]?.(frame, type) ?? [];
  });
  if (problems.length > 0) findings.fail('notifications.frames', `${formatList(problems)}.`, correctTypes);
  else findings.pass('notifications.frames');
  judgeCount(context, socket, reply);
}

/** REST has no count of notifications, so the count is compared with the notifications that the server sent. */
function judgeCount(context: CheckContext, socket: RecordingSocket, reply: Reply): void {
  const { findings } = context;
  const id: CheckId = 'notifications.count';
  const fix = 'Answer {"action": "get_unread_count"} with {"type": "unread_count", "count": …}.';
  if (reply === 'closed') {
    return findings.note(
      id,
      `The server closed the WebSocket with ${SERVER_ERROR_CODE} after get_unread_count. The widget then sends no ` +
        'more frames, and counts only the notifications that it receives.',
    );
  }
  if (reply === 'timeout') return findings.fail(id, 'The server did not answer get_unread_count.', fix);
  if (hasType('error')(reply)) {
    return findings.fail(id, `The server answered get_unread_count with an error: ${errorText(reply)}.`, fix);
  }
  if (typeof reply['count'] !== 'number') return findings.skip('there is no count: see notifications.frames', id);
  const recent = socket.received.find(hasType('recent_notifications'))?.['notifications'];
  const listed = Array.isArray(recent) ? recent : [];
  const unread = listed.filter((each: { is_read?: unknown } | null) => each?.is_read === false).length;
  const { count } = reply as { count: number };
  // The list has the newest notifications only, so there may be more unread ones.
  if (count >= unread) return findings.pass(id, `The unread count is ${count}.`);
  findings.fail(
    id,
    `unread_count is ${count}, but ${unread} of the ${listed.length} recent notifications are unread.`,
    'Count all notifications of the user that are not read.',
  );
}

/** Whether the server refuses a client without a token, and another user. */
async function checkRejected(context: CheckContext, address: string): Promise<void> {
  const { findings, options } = context;
  if (options.inBrowser) return findings.skip(NOT_IN_BROWSER, 'notifications.no-token', 'notifications.access');
  context.startCheck('notifications.no-token');
  if (await opens(context, address, undefined)) {
    const message = 'A notifications WebSocket opens without a token, so anyone can read the notifications.';
    findings.fail('notifications.no-token', message, verifyToken);
  } else findings.pass('notifications.no-token');
  if (!options.secondToken) return;
  context.startCheck('notifications.access');
  const credential = await getCredential(context, options.secondToken);
  if (!('value' in credential)) return findings.skip(credential.reason, 'notifications.access');
  if (await opens(context, address, credential.value)) {
    const message = 'The second user can open the notifications WebSocket of the first.';
    findings.fail('notifications.access', message, 'Compare the user of the token with the id in the path.');
  } else findings.pass('notifications.access');
}

/** Whether a WebSocket opens and stays open: some servers accept it first, and then close it. */
const opens = async (context: CheckContext, address: string, token: string | undefined): Promise<boolean> =>
  (await probe(context, token, address)).outcome === 'accepted';
