/** What a browser would let a page on another site do. A page is not told; a program sees the headers themselves. */
import { isAnswer, type Answer } from './raw-request.js';
import type { Exam } from './check-context.js';
import { cors } from './remedies.js';
import type { PointId } from './checks.js';

const POINTS: PointId[] = ['cors.preflight', 'cors.origin', 'cors.refusal', 'cors.idempotency-key', 'cors.methods'];

export async function checkCors(exam: Exam): Promise<void> {
  const { findings, parts } = exam;
  const { origin } = parts;
  if (parts.inPage) {
    if (exam.restWorks) for (const id of ['cors.preflight', 'cors.origin'] as const) findings.pass(id, 'It does: this page has just done it.');
    return findings.skip('a page cannot see this; run npx unified-chat doctor', ...POINTS);
  }
  if (!origin) return findings.skip('no site was named: --origin https://my.site', ...POINTS);
  if (origin === new URL(parts.address.api).origin) {
    for (const id of POINTS) findings.pass(id, 'Not needed: the site and the API have the same origin.');
    return;
  }
  await checkPreflight(exam, origin);
  await checkReading(exam, origin);
  await checkExtras(exam, origin);
}

interface Preflight {
  answer: Answer;
  /** What is missing for it to be let through; '' where nothing is. */
  lacks: string;
}

/** @returns nothing where there was no answer. */
async function preflight(exam: Exam, origin: string, path: string, method: string, headers: string[]): Promise<Preflight | undefined> {
  const answer = await exam.ask(path, {
    method: 'OPTIONS',
    token: undefined,
    headers: { Origin: origin, 'Access-Control-Request-Method': method, 'Access-Control-Request-Headers': headers.map((name) => name.toLowerCase()).join(',') },
  });
  if (!isAnswer(answer)) return undefined;
  return { answer, lacks: whatLacks(answer, origin, method, headers) };
}

function whatLacks(answer: Answer, origin: string, method: string, headers: string[]): string {
  const { status, headers: given } = answer;
  if (status < 200 || status > 299) return `is answered with ${status}${status === 401 || status === 403 ? ' (a preflight carries no token; none may be asked of it)' : ''}`;
  const site = lacksOrigin(given, origin);
  if (site) return site;
  const named = namesIn(given, 'Access-Control-Allow-Headers');
  // A star does not stand for Authorization: browsers want it named.
  const refused = headers.filter((name) => !named.includes(name.toLowerCase()) && (!named.includes('*') || name === 'Authorization'));
  if (refused.length > 0) return `does not allow the header ${refused.join(', ')} (Access-Control-Allow-Headers: ${given.get('Access-Control-Allow-Headers') ?? 'missing'})`;
  const methods = namesIn(given, 'Access-Control-Allow-Methods');
  const needsNaming = !['GET', 'HEAD', 'POST'].includes(method);
  if (needsNaming && !methods.includes(method.toLowerCase()) && !methods.includes('*')) return `does not allow the method ${method} (Access-Control-Allow-Methods: ${given.get('Access-Control-Allow-Methods') ?? 'missing'})`;
  return '';
}

const namesIn = (headers: Headers, name: string): string[] => (headers.get(name) ?? '').toLowerCase().split(',').map((each) => each.trim());

function lacksOrigin(headers: Headers, origin: string): string {
  const allowed = headers.get('Access-Control-Allow-Origin');
  if (allowed === origin || allowed === '*') return '';
  return `does not name the site (Access-Control-Allow-Origin: ${allowed ?? 'missing'})`;
}

async function checkPreflight(exam: Exam, origin: string): Promise<void> {
  exam.begin('cors.preflight');
  const asked = await preflight(exam, origin, 'rooms/', 'GET', ['Authorization']);
  if (!asked) return exam.findings.skip('the server does not answer', 'cors.preflight');
  if (asked.lacks) exam.findings.wrong('cors.preflight', `The preflight for ${origin} (OPTIONS ${exam.route('rooms/')}) ${asked.lacks}. A page there gets nothing at all.`, cors(origin, ['Authorization', 'Content-Type']));
  else exam.findings.pass('cors.preflight', `${origin} may ask, with a token.`);
}

async function checkReading(exam: Exam, origin: string): Promise<void> {
  for (const [id, token, what] of [
    ['cors.origin', exam.parts.token, 'The answer to a request'],
    ['cors.refusal', undefined, 'A refusal (401)'],
  ] as const) {
    exam.begin(id);
    const asked = await exam.ask('rooms/', { token, headers: { Origin: origin } });
    if (!isAnswer(asked)) {
      exam.findings.skip(asked.because, id);
      continue;
    }
    const lacks = lacksOrigin(asked.headers, origin);
    if (!lacks) exam.findings.pass(id, `${what} names the site.`);
    else exam.findings.wrong(id, `${what} from ${origin} ${lacks}.${id === 'cors.refusal' ? ' A page cannot tell an expired sign-in from a server that is gone.' : ''}`, exam.findings.is('cors.preflight', 'wrong') ? 'As for cors.preflight.' : cors(origin, ['Authorization', 'Content-Type']));
  }
}

/** What is sent only to a backend that can do more. */
async function checkExtras(exam: Exam, origin: string): Promise<void> {
  const { findings } = exam;
  const path = `rooms/${encodeURIComponent(exam.rooms[0]?.id ?? 1)}/send_message/`;
  if (!exam.has('idempotent_send')) findings.skip('the backend does not have idempotent_send, so the header is never sent', 'cors.idempotency-key');
  else {
    exam.begin('cors.idempotency-key');
    const asked = await preflight(exam, origin, path, 'POST', ['Authorization', 'Content-Type', 'Idempotency-Key']);
    if (!asked) findings.skip('the server does not answer', 'cors.idempotency-key');
    else if (asked.lacks) findings.wrong('cors.idempotency-key', `The preflight of a message from ${origin} ${asked.lacks}. Messages that go over REST never arrive.`, cors(origin, ['Authorization', 'Content-Type', 'Idempotency-Key']));
    else findings.pass('cors.idempotency-key', 'It may be sent.');
  }
  const methods = [...(exam.has('edit') ? ['PATCH'] : []), ...(exam.has('delete') ? ['DELETE'] : [])];
  if (methods.length === 0) return findings.skip('the backend has neither edit nor delete', 'cors.methods');
  exam.begin('cors.methods');
  for (const method of methods) {
    const asked = await preflight(exam, origin, 'messages/1/', method, ['Authorization', 'Content-Type']);
    if (asked?.lacks) return findings.wrong('cors.methods', `The preflight of ${method} messages/{id}/ from ${origin} ${asked.lacks}.`, `Name the methods: Access-Control-Allow-Methods: GET, POST, ${methods.join(', ')}`);
  }
  findings.pass('cors.methods', `${methods.join(' and ')} may be used.`);
}
