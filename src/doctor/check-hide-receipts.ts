/** Capability `hide_receipts`: the doctor reads the setting, and, with `write`, sets it to the value that it has. */
import type { CheckContext } from './check-context.js';
import { isResponse } from './raw-request.js';
import { bodyOf, changeFailure } from './sent-message.js';

const ME_FIX =
  'Return "hide_receipts": true or false in GET me/ and in the greeting, for the user of the token. Otherwise do not ' +
  'announce hide_receipts.';
const CHANGE_FIX =
  'On PATCH me/ {"hide_receipts": true or false}, store the setting of the user, and answer 200 with the body of GET ' +
  'me/. A value that is in place already is no error: a client repeats a request.';

export async function checkHidingReceipts(context: CheckContext, write: boolean): Promise<void> {
  const { findings } = context;
  if (!context.hasCapability('hide_receipts')) {
    const reason = 'The backend does not announce hide_receipts.';
    findings.unsupported('hide_receipts.me', reason);
    // Like every check that changes data, it is skipped without the option.
    if (write) findings.unsupported('hide_receipts.change', reason);
    return;
  }
  context.startCheck('hide_receipts.me');
  const result = await context.request('me/');
  if (!isResponse(result)) return findings.fail('hide_receipts.me', result.reason, result.fix);
  const { hide_receipts: hides } = bodyOf(result);
  if (result.status !== 200 || typeof hides !== 'boolean')
    return findings.fail(
      'hide_receipts.me',
      `GET ${context.routePath('me/')} returned ${result.status} without a boolean 'hide_receipts'.`,
      ME_FIX,
    );
  if (context.greeting['hide_receipts'] !== hides)
    return findings.fail(
      'hide_receipts.me',
      `In the greeting, hide_receipts is ${JSON.stringify(context.greeting['hide_receipts']) ?? 'missing'}; in GET me/ it is ${hides}.`,
      ME_FIX,
    );
  context.hidesReceipts = hides;
  findings.pass('hide_receipts.me');
  if (write) await checkChange(context, hides);
}

async function checkChange(context: CheckContext, hides: boolean): Promise<void> {
  const { findings } = context;
  context.startCheck('hide_receipts.change');
  // The value that it has: the doctor changes no setting.
  const result = await context.request('me/', { method: 'PATCH', body: { hide_receipts: hides } });
  const failure = changeFailure(result);
  const name = `PATCH ${context.routePath('me/')} {"hide_receipts": ${hides}}`;
  if (failure) return findings.fail('hide_receipts.change', `${name} ${failure}.`, CHANGE_FIX);
  const { hide_receipts: answered } = bodyOf(result);
  if (answered === hides) return findings.pass('hide_receipts.change');
  const said = JSON.stringify(answered) ?? 'missing';
  findings.fail('hide_receipts.change', `${name} was answered with hide_receipts ${said}.`, CHANGE_FIX);
}
