/** Capability `delivered`: the doctor confirms its own message, and reads how far the room has reached its user. */
import { formatList } from './format-list.js';
import { isResponse } from './raw-request.js';
import { errorText, hasType } from './recording-socket.js';
import type { SentMessage } from './sent-message.js';
import { isRecord } from './shapes.js';

export const DELIVERED_CHECKS = ['delivered.confirmed', 'delivered.monotonic'] as const;

const FIX =
  'On {"type": "mark_delivered", "room_id", "up_to"}, store for this user that everything up to this message was ' +
  'delivered, and return it in GET rooms/{id}/receipts/: {"items": [{"user_id", "up_to", "delivered_up_to"}], "next"}, ' +
  'with "up_to": null for a member who has read nothing. Otherwise do not announce delivered.';
const MONOTONIC_FIX =
  'Ignore a mark_delivered whose "up_to" comes before the last one: a device that was offline confirms older messages.';

/** A list of receipts with more pages does not end. */
const MAX_PAGES = 100;

export async function checkDelivered(sent: SentMessage): Promise<void> {
  const { context, socket, testMessages } = sent.write;
  const { findings } = context;
  if (context.hidesReceipts) return findings.skip('this user hides receipts', ...DELIVERED_CHECKS);
  context.startCheck('delivered.confirmed');
  const failure = (await confirm(sent, sent.id)) || (await listingFailure(sent));
  if (!socket.isOpen) return findings.skip('the server has closed the WebSocket', ...DELIVERED_CHECKS);
  if (failure) {
    findings.fail('delivered.confirmed', failure, FIX);
    return findings.skip('needs delivered.confirmed, which failed', 'delivered.monotonic');
  }
  findings.pass('delivered.confirmed');
  const earlier = testMessages.find(({ id }) => id !== undefined && id !== sent.id)?.id;
  if (earlier === undefined) return findings.skip('too few messages were stored', 'delivered.monotonic');
  context.startCheck('delivered.monotonic');
  const problem = (await confirm(sent, earlier)) || (await listingFailure(sent));
  if (problem)
    findings.fail('delivered.monotonic', `After an earlier message was confirmed: ${problem}`, MONOTONIC_FIX);
  else findings.pass('delivered.monotonic');
}

/** Confirms a message. @returns the problem as a sentence; '' if there is none. */
async function confirm({ write }: SentMessage, upTo: unknown): Promise<string> {
  const { context, room, socket } = write;
  const from = socket.received.length;
  socket.send({ type: 'mark_delivered', room_id: room, up_to: upTo as string });
  // It has no answer, except for an error.
  await socket.roundTrip(context.timing.answerMs);
  const error = socket.received.slice(from).find(hasType('error'));
  return error ? `The server answered mark_delivered with an error: ${errorText(error)}.` : '';
}

/** Why the receipts do not say that the message was delivered to this user; '' if they do. */
async function listingFailure({ id, write }: SentMessage): Promise<string> {
  const { context, roomPath } = write;
  const path = `${roomPath}receipts/`;
  const name = `GET ${context.routePath(path)}`;
  let cursor = '';
  for (let page = 0; page < MAX_PAGES; page++) {
    const result = await context.request(path + (cursor && `?cursor=${encodeURIComponent(cursor)}`));
    if (!isResponse(result)) return result.reason;
    const { items, next } = isRecord(result.json) ? result.json : {};
    if (result.status !== 200 || !Array.isArray(items)) return `${name} returned ${result.status} without 'items'.`;
    const own = items.filter(isRecord).find(({ user_id }) => String(user_id) === String(context.userId));
    if (own) return String(own['delivered_up_to']) === String(id) ? '' : wrongPosition(name, own, id);
    if (typeof next !== 'string' || next === '') break;
    cursor = next;
  }
  return `${name} has no item of this user (${context.userId}).`;
}

function wrongPosition(name: string, own: Record<string, unknown>, expected: unknown): string {
  const { delivered_up_to: given } = own;
  const problems = [`delivered_up_to is ${JSON.stringify(given) ?? 'missing'}; expected ${JSON.stringify(expected)}`];
  return `${name}: ${formatList(problems)}.`;
}
