/** Reading a history, and marking as read: on some backends the first is the second, so both count as writing. */
import type { Desk } from './write-context.js';
import { answered, errorText, isHeard, typed } from './recording-socket.js';
import { MESSAGE } from './shapes.js';
import { some } from './times.js';

const PAGE = 'Answer GET rooms/{id}/messages/ with {"messages": […], "has_more", "count", "oldest_id", "newest_id"}: the newest page without a cursor, oldest message first.';

export async function checkHistory(desk: Desk): Promise<void> {
  const { findings } = desk.exam;
  desk.exam.begin('history.holds');
  const stored = desk.samples.filter(({ id }) => id !== undefined);
  const page = await desk.history();
  if ('because' in page) {
    findings.wrong('history.holds', page.because, PAGE);
    return findings.skip('the history cannot be read', 'history.after');
  }
  const { messages, body } = page;
  const lost = stored.filter(({ content }) => !messages.some((message) => message['content'] === content));
  const odd = messages.flatMap((message, index) => MESSAGE(message, `messages[${index}]`));
  const times = messages.map(({ timestamp }) => Date.parse(String(timestamp)));
  if (lost.length > 0) findings.wrong('history.holds', `${lost.length} of the ${stored.length} messages just sent are not on the newest page.`, PAGE);
  else if (times.some((time, index) => index > 0 && time < times[index - 1]!)) findings.wrong('history.holds', 'The page is not in order: the oldest message must come first.', PAGE);
  else if (odd.length > 0) findings.wrong('history.holds', `${some(odd)}.`, 'Send each field in the type that docs/PROTOCOL.md names.');
  else if (typeof body['has_more'] !== 'boolean') findings.wrong('history.holds', "The page has no 'has_more': the widget never asks for older messages.", PAGE);
  else findings.pass('history.holds');
  await checkAfter(desk);
}

/** After a gap the widget goes on from the last message that it has. */
async function checkAfter(desk: Desk): Promise<void> {
  const { findings } = desk.exam;
  const [first, ...later] = desk.samples.filter(({ id }) => id !== undefined);
  if (!first || later.length === 0) return findings.skip('too few messages were stored', 'history.after');
  desk.exam.begin('history.after');
  const page = await desk.history(`&after=${encodeURIComponent(String(first.id))}`);
  if ('because' in page) return findings.wrong('history.after', page.because, PAGE);
  const contents = page.messages.map(({ content }) => content);
  const lost = later.filter(({ content }) => !contents.includes(content));
  const mend = 'With ?after=<id>, answer with the messages after that one, the oldest of them first; without that one itself.';
  if (contents.includes(first.content)) return findings.wrong('history.after', 'The page begins with the message itself, or is not that page at all.', mend);
  if (lost.length > 0) return findings.wrong('history.after', `${lost.length} of ${later.length} later messages are missing.`, mend);
  findings.pass('history.after');
}

export async function checkReading(desk: Desk): Promise<void> {
  const { exam, talk, room } = desk;
  exam.begin('read.answered');
  const ids = desk.samples.flatMap(({ id }) => (id === undefined ? [] : [id]));
  // Only messages of one's own: nobody's unread messages are touched.
  const reply = await talk.ask({ type: 'mark_read', room_id: room, message_ids: ids }, answered('messages_marked_read'), exam.timing.answerMs);
  const mend = 'Answer {"type": "mark_read", "room_id", "message_ids"} with {"type": "messages_marked_read", "room_id", "count"}.';
  if (!isHeard(reply)) return exam.findings.wrong('read.answered', reply === 'ended' ? 'mark_read ends the connection.' : 'mark_read is not answered.', mend);
  if (typed('error')(reply)) return exam.findings.wrong('read.answered', `mark_read is answered with an error: ${errorText(reply)}.`, mend);
  exam.findings.pass('read.answered');
}
