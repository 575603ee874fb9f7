/** Capability `edit`: the doctor edits its own message. */
import type { CheckId } from './checks.js';
import { formatList } from './format-list.js';
import { isResponse } from './raw-request.js';
import { hasType } from './recording-socket.js';
import { checkMembership } from './remedies.js';
import { bodyOf, changeFailure, type SentMessage } from './sent-message.js';
import { isRecord } from './shapes.js';
import { messageOf } from './write-context.js';

export const EDIT_CHECKS = ['edit.message', 'edit.announced', 'edit.repeated', 'edit.conflict', 'edit.access'] as const;

const EDIT_FIX =
  'On PATCH messages/{id}/ {"content", "edited_at"} by its author, store the content, set edited_at to the current ' +
  'time, and answer 200 with the whole message. Otherwise do not announce edit.';
const ANNOUNCE_FIX =
  'After an edit, send {"type": "message_updated", "room_id", "message"} to every member of the room, also if the ' +
  'edit came over REST.';
const REPEATED_FIX =
  'If the message already has the requested content, change nothing, and answer 200 with the message as it is. Check ' +
  'this before edited_at: a client repeats a request whose answer was lost.';
const CONFLICT_FIX =
  'Compare edited_at of the request with that of the message, in the transaction that makes the change. If they ' +
  'differ, change nothing, and answer 409 with {"detail", "code": "conflict", "message": the current message}.';
const ACCESS_FIX = `Let only the author edit a message. Answer others with 403, or with 404. ${checkMembership}`;

export async function checkEdit(sent: SentMessage): Promise<void> {
  const { context, socket } = sent.write;
  const { findings } = context;
  context.startCheck('edit.message');
  const from = socket.received.length;
  const content = `${sent.content} (edited)`;
  const result = await sent.edit(content, null);
  const failure = changeFailure(result);
  if (failure) {
    findings.fail('edit.message', `PATCH ${sent.route} ${failure}.`, EDIT_FIX);
    return findings.skip('the message cannot be edited: see edit.message', ...EDIT_CHECKS);
  }
  const message = bodyOf(result);
  context.restBodies.push(['edited message', message]);
  const problems = problemsOf(sent, message, content);
  if (problems.length > 0) findings.fail('edit.message', `After an edit, ${formatList(problems)}.`, EDIT_FIX);
  else findings.pass('edit.message');
  const isEdit = (frame: Record<string, unknown>): boolean =>
    hasType('message_updated')(frame) && messageOf(frame)?.['content'] === content;
  await sent.checkAnnounced('edit.announced', isEdit, from, ANNOUNCE_FIX);
  await checkRepeated(sent, message, content);
  await checkConflict(sent, content);
  await checkAccess(sent);
}

function problemsOf(sent: SentMessage, message: Record<string, unknown>, content: string): string[] {
  return [
    ...(String(message['id']) === String(sent.id) ? [] : ['the answer is not the message']),
    ...(message['content'] === content ? [] : ['the message in the answer does not have the new content']),
    ...(typeof message['edited_at'] === 'string' ? [] : ['the message in the answer has no edited_at']),
  ];
}

async function checkRepeated(sent: SentMessage, first: Record<string, unknown>, content: string): Promise<void> {
  const { context } = sent.write;
  const id: CheckId = 'edit.repeated';
  context.startCheck(id);
  const result = await sent.edit(content, null);
  const failure = changeFailure(result);
  const fail = (message: string): void => context.findings.fail(id, message, REPEATED_FIX);
  if (failure) return fail(`The first edit succeeded, but the same request ${failure}.`);
  const changed = ['content', 'edited_at'].filter((field) => bodyOf(result)[field] !== first[field]);
  if (changed.length > 0) return fail(`Sent a second time, the same edit has changed ${changed.join(' and ')}.`);
  context.findings.pass(id);
}

/** Edits the message as it was before the first edit. */
async function checkConflict(sent: SentMessage, content: string): Promise<void> {
  const { context } = sent.write;
  const id: CheckId = 'edit.conflict';
  context.startCheck(id);
  const result = await sent.edit(`${sent.content} (edited on another device)`, null);
  const fail = (message: string): void => context.findings.fail(id, message, CONFLICT_FIX);
  if (isResponse(result) && result.status < 300) {
    return fail('The server accepted an edit with an outdated edited_at: it overwrites the edit of another device.');
  }
  const failure = changeFailure(result, 409);
  if (failure) return fail(`An edit with an outdated edited_at ${failure}.`);
  const { code, message } = bodyOf(result);
  if (!isRecord(message)) return fail("The answer 409 has no 'message'. The author cannot see what has changed.");
  if (String(message['id']) !== String(sent.id) || message['content'] !== content) {
    return fail("The 'message' in the answer 409 is not the current message.");
  }
  if (code !== 'conflict') return fail("The answer 409 does not have the code 'conflict'.");
  context.findings.pass(id);
}

async function checkAccess(sent: SentMessage): Promise<void> {
  const { context } = sent.write;
  const { findings, options, secondRoomIds } = context;
  const id: CheckId = 'edit.access';
  if (!options.secondToken) return;
  if (!secondRoomIds) return findings.skip('the second token gets no room list', id);
  context.startCheck(id);
  const result = await sent.edit(`${sent.content} (edited by another user)`, undefined, { token: options.secondToken });
  if (!isResponse(result)) return findings.skip(result.reason, id);
  const { status } = result;
  if (status === 403 || status === 404)
    return findings.pass(id, `The second user cannot edit the message (${status}).`);
  if (status < 300) return findings.fail(id, 'The second user can edit a message of the first.', ACCESS_FIX);
  findings.fail(id, `An edit by the second user returned ${status} instead of 403 or 404.`, ACCESS_FIX);
}
