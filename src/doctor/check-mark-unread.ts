/** Capability `mark_unread`: the doctor marks its own message as unread, which changes no count. */
import { bodyOf, changeFailure, type SentMessage } from './sent-message.js';

export const MARK_UNREAD_CHECKS = ['mark_unread.message', 'mark_unread.repeated'] as const;

const FIX =
  'On POST messages/{id}/mark_unread/, mark this message and all later ones as unread for the user, and answer 200 ' +
  'with {"unread_count", "first_unread_id", "last_read_id"}. Otherwise do not announce mark_unread.';
const REPEATED_FIX = 'Answer a message that is unread already like the first time: a client repeats a request.';

export async function checkMarkUnread(sent: SentMessage): Promise<void> {
  const { context } = sent.write;
  const { findings } = context;
  context.startCheck('mark_unread.message');
  const result = await sent.markUnread();
  const failure = changeFailure(result);
  const fail = (message: string): void => {
    findings.fail('mark_unread.message', message, FIX);
    findings.skip('a message cannot be marked as unread: see mark_unread.message', 'mark_unread.repeated');
  };
  if (failure) return fail(`POST ${sent.route}mark_unread/ ${failure}.`);
  if (typeof bodyOf(result)['unread_count'] !== 'number')
    return fail(`POST ${sent.route}mark_unread/ returned no number 'unread_count'.`);
  findings.pass('mark_unread.message');
  context.startCheck('mark_unread.repeated');
  const repeated = changeFailure(await sent.markUnread());
  if (!repeated) return findings.pass('mark_unread.repeated');
  findings.fail('mark_unread.repeated', `The first request succeeded, but the same request ${repeated}.`, REPEATED_FIX);
}
