/** Capability `delete`: the doctor deletes its own message, and looks for what is left of it. */
import { formatList } from './format-list.js';
import { isResponse } from './raw-request.js';
import { hasType, type ReceivedFrame } from './recording-socket.js';
import { changeFailure, type SentMessage } from './sent-message.js';

export const DELETE_CHECKS = ['delete.message', 'delete.announced', 'delete.repeated', 'delete.history'] as const;

const DELETE_FIX =
  'On DELETE messages/{id}/ by its author, delete the message, and answer 204 without a body. Otherwise do not ' +
  'announce delete.';
const REPEATED_FIX =
  'Answer 204 if the message is already deleted: a client repeats a request whose answer was lost. Keep the id of a ' +
  'deleted message for this.';
const ANNOUNCE_FIX =
  'After a deletion, send {"type": "message_deleted", "room_id", "message_id", "deleted_at"} to every member of the ' +
  'room, also if the request came over REST. Leave out deleted_at if the server keeps no tombstone.';
const HISTORY_FIX =
  'Keep a tombstone in the history: the message with deleted_at, with empty content, null attachment and no ' +
  'reactions. Or keep nothing: leave the message out of the history, and deleted_at out of message_deleted.';

export async function checkDelete(sent: SentMessage): Promise<void> {
  const { context, socket } = sent.write;
  const { findings } = context;
  context.startCheck('delete.message');
  const from = socket.received.length;
  const result = await sent.delete();
  const failure = changeFailure(result, 204);
  if (failure) findings.fail('delete.message', `DELETE ${sent.route} ${failure}.`, DELETE_FIX);
  else findings.pass('delete.message');
  if (!isResponse(result) || result.status >= 300) {
    return findings.skip('the message cannot be deleted: see delete.message', ...DELETE_CHECKS);
  }
  const isDeletion = hasType('message_deleted');
  const frame = await sent.checkAnnounced('delete.announced', isDeletion, from, ANNOUNCE_FIX);
  context.startCheck('delete.repeated');
  const repeated = changeFailure(await sent.delete(), result.status);
  if (repeated) {
    const message = `The first deletion succeeded, but the same request ${repeated}.`;
    findings.fail('delete.repeated', message, REPEATED_FIX);
  } else findings.pass('delete.repeated');
  await checkTombstone(sent, frame);
}

/** @param frame the announcement, which says whether there is a tombstone; undefined if there was none. */
async function checkTombstone(sent: SentMessage, frame: ReceivedFrame | undefined): Promise<void> {
  const { context } = sent.write;
  const { findings } = context;
  context.startCheck('delete.history');
  const history = await sent.write.readHistory();
  if ('reason' in history) return findings.skip(`the history cannot be read: ${history.reason}`, 'delete.history');
  const fail = (message: string): void => findings.fail('delete.history', message, HISTORY_FIX);
  const left = history.messages.find(({ id }) => String(id) === String(sent.id));
  const keepsTombstone = (frame?.['deleted_at'] ?? undefined) !== undefined;
  if (!left && keepsTombstone) return fail('message_deleted has a deleted_at, but the history has no tombstone.');
  if (!left) return findings.pass('delete.history', 'The history does not contain a deleted message.');
  const remains = remainsOf(left);
  if (remains.length > 0) return fail(`In the history, a deleted message has ${formatList(remains)}.`);
  if (frame && !keepsTombstone) return fail('message_deleted has no deleted_at, but the history has a tombstone.');
  findings.pass('delete.history', 'The history contains a tombstone of a deleted message, and nothing of its content.');
}

/** What a tombstone must not have, or lacks. */
function remainsOf({ deleted_at: deletedAt, content, attachment, reactions }: Record<string, unknown>): string[] {
  return [
    ...(typeof deletedAt === 'string' ? [] : ['no deleted_at']),
    ...(content === '' ? [] : ['a content that is not empty']),
    ...((attachment ?? null) === null ? [] : ['an attachment']),
    ...(reactions === undefined || (Array.isArray(reactions) && reactions.length === 0) ? [] : ['reactions']),
  ];
}
