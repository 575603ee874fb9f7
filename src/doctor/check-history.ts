/** Reads a room's history and marks messages as read. On some backends reading does both, so both count as writing. */
import { formatList } from './format-list.js';
import { isOldestFirst } from './oldest-first.js';
import { errorText, hasType, replyOrError } from './recording-socket.js';
import { correctTypes } from './remedies.js';
import { MESSAGE } from './shapes.js';
import type { WriteContext } from './write-context.js';

const PAGE_FIX =
  'Answer GET rooms/{id}/messages/ with {"messages": […], "has_more", "count", "oldest_id", "newest_id"}. Without a ' +
  'cursor, return the newest page, oldest message first.';

export async function checkHistory(write: WriteContext): Promise<void> {
  const { findings } = write.context;
  write.context.startCheck('history.contains-sent');
  const sent = write.testMessages.filter(({ id }) => id !== undefined);
  const page = await write.readHistory();
  if ('reason' in page) {
    findings.fail('history.contains-sent', page.reason, PAGE_FIX);
    return findings.skip('the history cannot be read', 'history.after');
  }
  const { messages, body } = page;
  const missing = sent.filter(({ content }) => !messages.some((message) => message['content'] === content));
  const problems = messages.flatMap((message, index) => MESSAGE(message, `messages[${index}]`));
  const fail = (message: string, fix = PAGE_FIX): void => findings.fail('history.contains-sent', message, fix);
  if (missing.length > 0) {
    fail(`${missing.length} of the ${sent.length} messages just sent are not on the newest page.`);
  } else if (!isOldestFirst(messages)) fail('The page is not sorted: the oldest message must come first.');
  else if (problems.length > 0) fail(`${formatList(problems)}.`, correctTypes);
  else if (typeof body['has_more'] !== 'boolean') {
    fail("The page has no boolean 'has_more', so the widget never requests older messages.");
  } else findings.pass('history.contains-sent');
  await checkAfterCursor(write);
}

/** After a gap, the widget reads on from the last message that it has. */
async function checkAfterCursor(write: WriteContext): Promise<void> {
  const { findings } = write.context;
  const [first, ...later] = write.testMessages.filter(({ id }) => id !== undefined);
  if (!first || later.length === 0) return findings.skip('too few messages were stored', 'history.after');
  write.context.startCheck('history.after');
  const page = await write.readHistory(`&after=${encodeURIComponent(String(first.id))}`);
  if ('reason' in page) return findings.fail('history.after', page.reason, PAGE_FIX);
  const contents = page.messages.map(({ content }) => content);
  const missing = later.filter(({ content }) => !contents.includes(content));
  const fix = 'For ?after=<id>, return the messages after that one, without it, oldest first.';
  if (contents.includes(first.content)) {
    const message = 'The page for ?after=<id> contains the message with that id, or the parameter has no effect.';
    return findings.fail('history.after', message, fix);
  }
  if (missing.length > 0) {
    return findings.fail('history.after', `${missing.length} of ${later.length} later messages are missing.`, fix);
  }
  findings.pass('history.after');
}

export async function checkMarkRead({ context, socket, room, testMessages }: WriteContext): Promise<void> {
  context.startCheck('mark-read.response');
  // Only the doctor's own messages, so that the user's unread messages stay unread.
  const ids = testMessages.flatMap(({ id }) => (id === undefined ? [] : [id]));
  const reply = await socket.request(
    { type: 'mark_read', room_id: room, message_ids: ids },
    replyOrError('messages_marked_read'),
    context.timing.answerMs,
  );
  const fail = (message: string): void =>
    context.findings.fail(
      'mark-read.response',
      message,
      'Answer {"type": "mark_read", "room_id", "message_ids"} with ' +
        '{"type": "messages_marked_read", "room_id", "count"}.',
    );
  if (reply === 'closed') return fail('The server closed the WebSocket after mark_read.');
  if (reply === 'timeout') return fail('The server did not answer mark_read.');
  if (hasType('error')(reply)) return fail(`The server answered mark_read with an error: ${errorText(reply)}.`);
  context.findings.pass('mark-read.response');
}
