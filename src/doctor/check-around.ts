/** Capability `around`: the history around a message or a time. Reads only rooms without unread messages. */
import type { Id } from '../protocol/index.js';
import type { CheckContext } from './check-context.js';
import type { CheckId } from './checks.js';
import { formatList } from './format-list.js';
import { isOldestFirst } from './oldest-first.js';
import { isResponse } from './raw-request.js';
import { sampleHistory, type HistorySample, type SampleMessage } from './sample-history.js';
import { isRecord, READ_POSITIONS } from './shapes.js';

const ROOMS_FIX =
  'Give each room "first_unread_id", the id of the first message that the user has not read, and "last_read_id", that ' +
  'of the last message that was read in order; null if there is none. Otherwise do not announce around.';
const PAGE =
  'Return about half of the messages before the target, and half from it, oldest first: {"messages": […], ' +
  '"has_older", "has_newer", "target_id"}. Otherwise do not announce around.';
const MESSAGE_FIX = `For ?around=<message id>, use this message of the room as the target. ${PAGE}`;
const TIME_FIX = `For ?at=<time>, use the first message at or after this time as the target. ${PAGE}`;
const UNKNOWN_FIX =
  'Look up the message of ?around=<message id> in the room. Return 404 if the room has no such message.';

const LIMIT = 5;

/** @param write whether the room under test may be read although it has unread messages. */
export async function checkAround(context: CheckContext, write: boolean): Promise<void> {
  const { findings } = context;
  const ids: CheckId[] = ['around.rooms', 'around.message', 'around.time', 'around.unknown'];
  if (!context.hasCapability('around')) {
    for (const id of ids) findings.unsupported(id, 'The backend does not announce around.');
    return;
  }
  if (context.roomEntries.length === 0) return findings.skip('there is no room list, or it is empty', ...ids);
  checkReadPositions(context);
  context.startCheck('around.message');
  // One more than a page: so the target is not on the newest one.
  const sample = await sampleHistory(context, LIMIT + 1, write);
  if ('reason' in sample) return findings.skip(sample.reason, ...ids);
  // From here, a whole page fits before the newest message.
  const target = sample.messages[Math.floor((sample.messages.length - LIMIT) / 2)]!;
  const { id, timestamp } = target;
  const isTarget = (message: Record<string, unknown>): boolean => String(message['id']) === String(id);
  const time = Date.parse(timestamp);
  // Several messages may have the same time.
  const isAtTime = (message: Record<string, unknown>): boolean => Date.parse(String(message['timestamp'])) === time;
  await checkTarget(context, sample, {
    id: 'around.message',
    query: `around=${encodeURIComponent(id)}`,
    fix: MESSAGE_FIX,
    isTarget,
  });
  const query = `at=${encodeURIComponent(timestamp)}`;
  await checkTarget(context, sample, { id: 'around.time', query, fix: TIME_FIX, isTarget: isAtTime });
  await checkUnknown(context, sample);
}

function checkReadPositions(context: CheckContext): void {
  const { findings } = context;
  context.startCheck('around.rooms');
  const problems = context.roomEntries.flatMap((room, index) =>
    isRecord(room) ? READ_POSITIONS(room, `rooms[${index}]`) : [],
  );
  if (problems.length > 0) findings.fail('around.rooms', `${formatList(problems)}.`, ROOMS_FIX);
  else findings.pass('around.rooms');
}

interface Request {
  id: 'around.message' | 'around.time';
  query: string;
  fix: string;
  isTarget(message: Record<string, unknown>): boolean;
}

async function checkTarget(context: CheckContext, sample: HistorySample, request: Request): Promise<void> {
  const { findings } = context;
  const { id, query, fix } = request;
  context.startCheck(id);
  const result = await context.request(`${sample.path}?${query}&limit=${LIMIT}`);
  if (!isResponse(result)) return findings.fail(id, result.reason, result.fix);
  const name = `GET ${context.routePath(sample.path)}?${query}`;
  const body = isRecord(result.json) ? result.json : {};
  if (result.status !== 200 || !Array.isArray(body['messages'])) {
    return findings.fail(id, `${name} returned ${result.status} without a list of messages.`, fix);
  }
  context.restBodies.push(['history', body]);
  const problem = problemOf(body, body['messages'].filter(isRecord), sample, request);
  if (problem) findings.fail(id, `${name}: ${problem}.`, fix);
  else findings.pass(id);
}

/** What is wrong with a page, as a sentence without a full stop; '' if nothing is. */
function problemOf(
  body: Record<string, unknown>,
  page: readonly Record<string, unknown>[],
  { messages, hasMore }: HistorySample,
  { query, isTarget }: Request,
): string {
  const indexOf = (message: Record<string, unknown> | undefined): number =>
    messages.findIndex((each: SampleMessage) => String(each.id) === String(message?.['id']));
  const last = messages.length - 1;
  const target = page.find(isTarget);
  const { has_older: hasOlder, has_newer: hasNewer, target_id: targetId } = body;
  // The page must end before the newest message. A server without the parameter ends there.
  if (page.length > 0 && indexOf(page.at(-1)) === last && (!target || targetId === undefined)) {
    return `the server ignores ?${query.split('=')[0]} and returns the newest page`;
  }
  if (!target) return 'the page does not contain the target';
  if (!isOldestFirst(page)) return 'the page is not sorted: the oldest message must come first';
  const missing = ['has_older', 'has_newer'].filter((field) => typeof body[field] !== 'boolean');
  if (missing.length > 0) return `the page has no boolean '${missing.join("' and '")}'`;
  if (!page.some((message) => isTarget(message) && String(message['id']) === String(targetId))) {
    return `target_id is ${JSON.stringify(targetId) ?? 'missing'}; expected ${JSON.stringify(target['id'])}`;
  }
  const [from, to] = [indexOf(page[0]), indexOf(page.at(-1))];
  if (!hasOlder && (from > 0 || (from === 0 && hasMore))) return 'has_older is false, but there are older messages';
  if (!hasNewer && to >= 0 && to < last) return 'has_newer is false, but there are newer messages';
  return '';
}

async function checkUnknown(context: CheckContext, { path, messages }: HistorySample): Promise<void> {
  const { findings } = context;
  const id: CheckId = 'around.unknown';
  context.startCheck(id);
  const result = await context.request(`${path}?around=${unknownIdLike(messages.at(-1)!.id)}&limit=${LIMIT}`);
  if (!isResponse(result)) return findings.fail(id, result.reason, result.fix);
  if (result.status === 404) return findings.pass(id);
  const name = `GET ${context.routePath(path)}?around=<unknown message id>`;
  findings.fail(id, `${name} returned ${result.status} instead of 404.`, UNKNOWN_FIX);
}

/** Far beyond the ids in use, but in their form: the server must not refuse it as invalid. */
function unknownIdLike(id: Id): string {
  if (!/^\d+$/.test(String(id))) return crypto.randomUUID();
  const unknown = BigInt(id) + 1_000_000_000n;
  // Many databases have ids of 32 bits.
  return String(BigInt(id) <= MAX_INT32 && unknown > MAX_INT32 ? MAX_INT32 : unknown);
}

const MAX_INT32 = 2n ** 31n - 1n;
