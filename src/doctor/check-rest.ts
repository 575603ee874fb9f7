/** REST, before anything else: is it there, does it speak for itself, does it know this person and nobody else? */
import { readClaims } from './claims.js';
import { isAnswer, type Answer, type Asked } from './raw-request.js';
import type { Exam } from './check-context.js';
import { checkToken, unauthorised } from './remedies.js';
import { describePage } from './page.js';
import { parseUrl } from './url.js';
import { forged } from './handshake-probe.js';

/** @returns the answer to `GET rooms/`, where it is one; undefined where REST cannot be used; false where nothing can. */
export async function checkRest(exam: Exam): Promise<Answer | undefined | false> {
  const { findings, parts } = exam;
  exam.begin('rest.reachable');
  const asked = await exam.ask('rooms/');
  if (!isAnswer(asked)) {
    await explainSilence(exam, asked);
    return false;
  }
  findings.pass('rest.reachable', `${parts.address.base} answers.`);
  if (asked.redirect !== undefined) {
    const { says, mend } = describeRedirect(asked, exam);
    findings.wrong('rest.redirect', says, mend);
    return undefined;
  }
  findings.pass('rest.redirect', 'REST answers itself, and sends nobody elsewhere.');
  const works = readAnswer(exam, asked);
  exam.restWorks = works;
  if (!findings.is('rest.route', 'wrong')) await checkRefusals(exam);
  return works ? asked : undefined;
}

/** In a page, a site that is not allowed looks the same as a server that is gone; the difference shows without credentials. */
async function explainSilence(exam: Exam, { because, mend }: Exclude<Asked, Answer>): Promise<void> {
  const { findings, parts } = exam;
  if (parts.inPage) {
    const isThere = await parts.fetch(new URL('rooms/', parts.address.api), { mode: 'no-cors', credentials: 'omit', cache: 'no-store' }).then(
      () => true,
      () => false,
    );
    if (isThere) {
      findings.pass('rest.reachable', 'The server answers, but this page may not read what it says.');
      const site = parts.origin ?? 'this site';
      return findings.wrong('cors.preflight', `The server answers, and the browser does not let ${site} ask or read.`, `Allow ${site}, and the header Authorization, in the CORS settings of the backend. 'npx unified-chat doctor --origin ${site}' says what exactly is missing.`);
    }
    return findings.wrong('rest.reachable', `${new URL(parts.address.api).host} cannot be reached from this browser.`, 'See whether the server runs, whether the url is right, and whether this device has a network; a Content-Security-Policy (connect-src) of the page can be the cause too.');
  }
  findings.wrong('rest.reachable', because, mend);
}

function readAnswer(exam: Exam, answer: Answer): boolean {
  const { findings, parts } = exam;
  const { status, json } = answer;
  const where = `GET ${exam.route('rooms/')}`;
  const isPage = json === undefined;
  if (status === 404 || status === 405 || status === 410) {
    const page = isPage ? `, with ${describePage(answer).is}` : '';
    findings.wrong('rest.route', `${where} is answered with ${status}${page}.`, `Serve the list of rooms at this path, or say where the API is: api-path on <chat-connection>, --api-path here. Slashes count, at the end too.`);
    return false;
  }
  findings.pass('rest.route', `${where} is there.`);
  if (status >= 500) {
    findings.wrong('rest.answer', `${where} is answered with ${status}${isPage ? ` and ${describePage(answer).is}` : ''}.`, status === 502 || status === 503 || status === 504 ? 'The proxy in front does not reach the server: start it, or correct the address that the proxy sends to.' : "The server fails at this request: its log has the reason.");
    return false;
  }
  if (status === 401 || status === 403) {
    findings.wrong('token.rest', refusedToken(parts.token, answer), 'Get another token, from the place where your site gets it. If it is fresh: is it one for this backend, signed with its key, an access token and not a refresh token? Does REST read "Authorization: Bearer <token>"?');
    if (isPage) findings.wrong('rest.answer', `The refusal is ${describePage(answer).is}.`, describePage(answer).mend);
    else findings.pass('rest.answer', 'REST answers with JSON.');
    return false;
  }
  if (isPage) {
    const { is, mend } = describePage(answer);
    findings.wrong('rest.answer', `${where} is answered with ${status} and ${is}, not with data.`, mend);
    return false;
  }
  findings.pass('rest.answer', 'REST answers with JSON.');
  if (status !== 200) {
    findings.wrong('token.rest', `${where} is answered with ${status}: ${answer.text}`, 'Answer 200 with the list of rooms.');
    return false;
  }
  findings.pass('token.rest', 'The token is accepted.');
  return true;
}

function refusedToken(token: string, { status, text, json }: Answer): string {
  if (!token) return 'There is no token: nobody is signed in.';
  const { expiresAt } = readClaims(token);
  const expired = expiresAt !== null && expiresAt < Date.now();
  const words = json === undefined ? '' : `: ${text.slice(0, 300)}`;
  return `REST refuses the token with ${status}${words}.${expired ? ` By its own word it expired at ${new Date(expiresAt).toISOString()}.` : ''}`;
}

function describeRedirect({ status, redirect = '' }: Answer, exam: Exam): { says: string; mend: string } {
  const asked = new URL('rooms/', exam.parts.address.api);
  const says = `GET ${asked.pathname} is answered with a redirect (${status || 'a page is not told which'})${redirect && ` to ${redirect}`}. The widget follows none: a redirect could carry the token elsewhere.`;
  const target = parseUrl(redirect, asked);
  if (target?.protocol === 'https:' && asked.protocol === 'http:') return { says, mend: `Use https in the url: ${target.origin}` };
  if (target && /log-?in|sign-?in|auth/i.test(target.pathname)) return { says, mend: 'Something in front of the API asks for a sign-in of its own. Let the API path through it, and answer 401 instead of redirecting.' };
  if (target && target.pathname.replace(/\/$/, '') === asked.pathname.replace(/\/$/, '')) return { says, mend: 'Serve the path as it is, with the slash at the end (Django: APPEND_SLASH and the url pattern agree then).' };
  return { says, mend: 'Give the url and api-path that the redirect leads to.' };
}

/** What happens to those who must not come in. */
async function checkRefusals(exam: Exam): Promise<void> {
  const { findings, parts } = exam;
  exam.begin('rest.401');
  judgeRefusal(exam, await exam.ask('rooms/', { token: undefined }));
  if (parts.inPage) return findings.skip(PAGE_DOES_NOT_TRY, 'rest.bad-token');
  exam.begin('rest.bad-token');
  const asked = await exam.ask('rooms/', { token: forged(parts.token) });
  if (!isAnswer(asked)) findings.skip(asked.because, 'rest.bad-token');
  else if (asked.status === 200 && asked.json !== undefined) findings.wrong('rest.bad-token', 'A token with a forged signature is let in.', checkToken);
  else if (asked.status === 401) findings.pass('rest.bad-token', 'A forged token is refused with 401.');
  else findings.wrong('rest.bad-token', `A forged token is answered with ${asked.status}, not with 401: pages do not know that it is the token, and ask for no other.`, unauthorised);
}

/** Why a page does not do what an attacker would. */
export const PAGE_DOES_NOT_TRY = 'not tried from a visitor’s page, because it would look like an attack; run npx unified-chat doctor';

function judgeRefusal({ findings }: Exam, asked: Asked): void {
  if (!isAnswer(asked)) return findings.skip(asked.because, 'rest.401');
  const { status, json } = asked;
  const { detail, code } = (json ?? {}) as { detail?: unknown; code?: unknown };
  if (status === 200) return findings.wrong('rest.401', 'A request without any token is answered with 200.', checkToken);
  if (status !== 401) return findings.wrong('rest.401', `A request without a token is answered with ${status}, not with 401: pages do not know that it is the token, and ask for no other.`, unauthorised);
  if (json === undefined) return findings.wrong('rest.401', `A request without a token is refused with 401, but with ${describePage(asked).is} instead of {"detail", "code"}.`, unauthorised);
  if (typeof detail !== 'string') return findings.wrong('rest.401', 'A request without a token is refused with 401, but the body has no "detail".', unauthorised);
  if (typeof code !== 'string') return findings.note('rest.401', 'A request without a token is refused with 401 and a "detail"; a "code" would let programs tell why.');
  findings.pass('rest.401', `A request without a token is refused with 401 and the code '${code}'.`);
}
