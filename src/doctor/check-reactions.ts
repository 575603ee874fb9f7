/** Capability `reactions`: the doctor reacts to its own message, and removes the reaction. */
import { isResponse, type RequestResult } from './raw-request.js';
import { hasType } from './recording-socket.js';
import { bodyOf, changeFailure, type SentMessage } from './sent-message.js';
import { isRecord } from './shapes.js';

export const REACTION_CHECKS = ['reactions.toggle', 'reactions.announced', 'reactions.repeated'] as const;

const FIX =
  'On POST messages/{id}/reactions/ {"emoji", "on"}, add (on: true) or remove (on: false) the reaction of this user, ' +
  'and answer 200 with the message, with "reactions": [{"emoji", "user_ids"}]. Otherwise do not announce reactions.';
const REPEATED_FIX =
  'Add a unique constraint on (message, user, emoji). If a reaction is already there, or already gone, change nothing ' +
  'and answer 200 with the message. Never toggle: the field "on" says what the user wants.';
const ANNOUNCE_FIX =
  'After a reaction, send {"type": "reactions_updated", "room_id", "message_id", "reactions"} to every member of the ' +
  'room, also if the reaction came over REST.';

export const EMOJI = '👍';

export async function checkReactions(sent: SentMessage): Promise<void> {
  const { context, socket } = sent.write;
  const { findings } = context;
  context.startCheck('reactions.toggle');
  const from = socket.received.length;
  const added = await sent.react(EMOJI, true);
  const failure = changeFailure(added);
  if (failure) {
    findings.fail('reactions.toggle', `POST ${sent.route}reactions/ ${failure}.`, FIX);
    return findings.skip('a reaction cannot be added: see reactions.toggle', ...REACTION_CHECKS);
  }
  const isReaction = (frame: Record<string, unknown>): boolean =>
    hasType('reactions_updated')(frame) && usersIn(frame['reactions']).length > 0;
  const addedAgain = await sent.react(EMOJI, true);
  const removed = await sent.react(EMOJI, false);
  const removedAgain = await sent.react(EMOJI, false);
  judgeToggle(sent, added, removed);
  await sent.checkAnnounced('reactions.announced', isReaction, from, ANNOUNCE_FIX);
  judgeRepeated(sent, addedAgain, removedAgain);
}

function judgeToggle({ write: { context } }: SentMessage, added: RequestResult, removed: RequestResult): void {
  const fail = (message: string): void => context.findings.fail('reactions.toggle', message, FIX);
  if (countOf(added, context.userId) !== 1) return fail('The answer to a reaction does not contain it.');
  const failure = changeFailure(removed);
  if (failure) return fail(`The removal of a reaction ${failure}.`);
  if (countOf(removed, context.userId) > 0) return fail('After its removal, the reaction is still there.');
  context.findings.pass('reactions.toggle');
}

function judgeRepeated({ write: { context } }: SentMessage, added: RequestResult, removed: RequestResult): void {
  context.startCheck('reactions.repeated');
  const fail = (message: string): void => context.findings.fail('reactions.repeated', message, REPEATED_FIX);
  for (const [result, what] of [
    [added, 'reaction'],
    [removed, 'removal of a reaction'],
  ] as const) {
    const failure = changeFailure(result);
    if (failure) return fail(`The first ${what} succeeded, but the same request ${failure}.`);
  }
  const count = countOf(added, context.userId);
  if (count === 0) return fail('Sent a second time, the same reaction has disappeared.');
  if (count > 1) return fail(`Sent a second time, the same reaction counts ${count} times.`);
  if (countOf(removed, context.userId) > 0) return fail('Removed a second time, the reaction has appeared again.');
  context.findings.pass('reactions.repeated');
}

/** How often the user is among those who reacted with the emoji. */
function countOf(result: RequestResult, userId: unknown): number {
  if (!isResponse(result)) return 0;
  return usersIn(bodyOf(result)['reactions']).filter((id) => String(id) === String(userId)).length;
}

/** The users who reacted with the emoji. */
function usersIn(reactions: unknown): unknown[] {
  if (!Array.isArray(reactions)) return [];
  return reactions.filter(isRecord).flatMap(({ emoji, user_ids: ids }): unknown[] => {
    return emoji === EMOJI && Array.isArray(ids) ? ids : [];
  });
}
