/** Whether CORS lets a page on the site's origin use REST. Node reads the headers, which a browser hides from pages. */
import type { CheckContext } from './check-context.js';
import type { CheckId } from './checks.js';
import { isResponse, type RequestResult, type RestResponse } from './raw-request.js';
import { allowCors } from './remedies.js';

const CORS_CHECKS: CheckId[] = [
  'cors.preflight',
  'cors.max-age',
  'cors.origin',
  'cors.error-response',
  'cors.idempotency-key',
  'cors.methods',
];
const BASIC_HEADERS = ['Authorization', 'Content-Type'];
/** Browsers reuse a preflight response without `Access-Control-Max-Age` for this time, in seconds. */
const DEFAULT_MAX_AGE_S = 5;
/** Below this, polling (every 15 to 60 s) repeats the preflight request too often. Safari's own limit is 600 s. */
const MIN_MAX_AGE_S = 600;

export async function checkCors(context: CheckContext): Promise<void> {
  const { findings, options } = context;
  const { origin } = options;
  if (options.inBrowser) {
    const proven = ['cors.preflight', 'cors.origin'] as const;
    if (context.restWorks) for (const id of proven) findings.pass(id, 'Allowed: this page has just done it.');
    return findings.skip('a web page cannot see this; run npx unified-chat doctor', ...CORS_CHECKS);
  }
  if (!origin) return findings.skip('no site was given: --origin https://my.site', ...CORS_CHECKS);
  if (origin === new URL(options.address.api).origin) {
    for (const id of CORS_CHECKS) findings.pass(id, 'Not needed: the site and the API have the same origin.');
    return;
  }
  await checkPreflight(context, origin);
  await checkReadableResponses(context, origin);
  await checkIdempotencyKey(context, origin);
  await checkMethods(context, origin);
}

/** Sends a preflight request. */
const preflight = (
  context: CheckContext,
  origin: string,
  path: string,
  method: string,
  headers: string[],
): Promise<RequestResult> =>
  context.request(path, {
    method: 'OPTIONS',
    token: undefined,
    headers: {
      Origin: origin,
      'Access-Control-Request-Method': method,
      'Access-Control-Request-Headers': headers.map((name) => name.toLowerCase()).join(','),
    },
  });

/** As {@link judgePreflight}, for a new preflight request; undefined if there is no response. */
async function preflightProblem(
  context: CheckContext,
  origin: string,
  path: string,
  method: string,
  headers: string[],
): Promise<string | undefined> {
  const response = await preflight(context, origin, path, method, headers);
  return isResponse(response) ? judgePreflight(response, origin, method, headers) : undefined;
}

/** @returns the problem with the response, as the predicate of a sentence, or ''. */
function judgePreflight(response: RestResponse, origin: string, method: string, headers: string[]): string {
  const { status, headers: given } = response;
  if (status < 200 || status > 299) {
    const isAuth = status === 401 || status === 403;
    return `has status ${status}${isAuth ? ' (a preflight request carries no token, so it must not need one)' : ''}`;
  }
  const problem = originProblem(given, origin);
  if (problem) return problem;
  const allowedHeaders = namesIn(given, 'Access-Control-Allow-Headers');
  // Browsers do not apply '*' to Authorization.
  const isAllowed = (name: string): boolean =>
    allowedHeaders.includes(name.toLowerCase()) || (allowedHeaders.includes('*') && name !== 'Authorization');
  const refused = headers.filter((name) => !isAllowed(name));
  if (refused.length > 0) {
    return `does not allow the header ${refused.join(', ')} (${quote(given, 'Access-Control-Allow-Headers')})`;
  }
  const methods = namesIn(given, 'Access-Control-Allow-Methods');
  const isSimple = ['GET', 'HEAD', 'POST'].includes(method);
  if (!isSimple && !methods.includes(method.toLowerCase()) && !methods.includes('*')) {
    return `does not allow the method ${method} (${quote(given, 'Access-Control-Allow-Methods')})`;
  }
  return '';
}

const namesIn = (headers: Headers, name: string): string[] =>
  (headers.get(name) ?? '')
    .toLowerCase()
    .split(',')
    .map((item) => item.trim());

const quote = (headers: Headers, name: string): string => `${name}: ${headers.get(name) ?? 'missing'}`;

function originProblem(headers: Headers, origin: string): string {
  const allowed = headers.get('Access-Control-Allow-Origin');
  if (allowed === origin || allowed === '*') return '';
  return `does not allow the origin (${quote(headers, 'Access-Control-Allow-Origin')})`;
}

async function checkPreflight(context: CheckContext, origin: string): Promise<void> {
  const { findings } = context;
  context.startCheck('cors.preflight');
  const result = await preflight(context, origin, 'rooms/', 'GET', ['Authorization']);
  if (!isResponse(result)) return findings.skip('the server does not answer', 'cors.preflight', 'cors.max-age');
  const problem = judgePreflight(result, origin, 'GET', ['Authorization']);
  if (!problem) {
    findings.pass('cors.preflight', `${origin} may send requests with a token.`);
    return judgeMaxAge(context, result.headers.get('Access-Control-Max-Age'));
  }
  findings.skip('needs cors.preflight, which failed', 'cors.max-age');
  const response = `The preflight response for ${origin} (OPTIONS ${context.routePath('rooms/')})`;
  const message = `${response} ${problem}. A page on this site cannot use REST at all.`;
  findings.fail('cors.preflight', message, allowCors(origin, BASIC_HEADERS));
}

/** How long a browser may reuse the preflight response of one URL. */
function judgeMaxAge({ findings }: CheckContext, value: string | null): void {
  const id: CheckId = 'cors.max-age';
  // Anything but digits is ignored by browsers, as if the header were missing.
  const seconds = /^\d+$/.test(value?.trim() ?? '') ? Number(value) : undefined;
  if (seconds !== undefined && seconds >= MIN_MAX_AGE_S) {
    return findings.pass(id, `Browsers may reuse a preflight response for up to ${seconds} s.`);
  }
  const header = value === null ? 'no Access-Control-Max-Age' : `Access-Control-Max-Age: ${value}`;
  const kept = seconds === undefined ? `${DEFAULT_MAX_AGE_S} s, the default` : `${seconds} s`;
  findings.note(
    id,
    `The preflight response has ${header}. Browsers reuse it for ${kept}, so most requests of a page cost a second ` +
      'round trip. Send Access-Control-Max-Age: 7200 (django-cors-headers: CORS_PREFLIGHT_MAX_AGE).',
  );
}

async function checkReadableResponses(context: CheckContext, origin: string): Promise<void> {
  const { findings, options } = context;
  for (const [id, token, response] of [
    ['cors.origin', options.token, 'The response'],
    ['cors.error-response', undefined, 'The error response (401)'],
  ] as const) {
    context.startCheck(id);
    const result = await context.request('rooms/', { token, headers: { Origin: origin } });
    if (!isResponse(result)) {
      findings.skip(result.reason, id);
      continue;
    }
    const problem = originProblem(result.headers, origin);
    if (!problem) {
      findings.pass(id, `${response} allows the origin.`);
      continue;
    }
    const isRefusal = id === 'cors.error-response';
    const effect = isRefusal ? ' So a page cannot tell an expired token from an unreachable server.' : '';
    const fix = findings.has('cors.preflight', 'fail') ? 'See cors.preflight.' : allowCors(origin, BASIC_HEADERS);
    findings.fail(id, `${response} to a request from ${origin} ${problem}.${effect}`, fix);
  }
}

async function checkIdempotencyKey(context: CheckContext, origin: string): Promise<void> {
  const { findings } = context;
  const id: CheckId = 'cors.idempotency-key';
  if (!context.hasCapability('idempotent_send')) {
    return findings.skip('the backend does not announce idempotent_send, so the widget does not send the header', id);
  }
  context.startCheck(id);
  const path = `rooms/${encodeURIComponent(context.rooms[0]?.id ?? 1)}/send_message/`;
  const headers = [...BASIC_HEADERS, 'Idempotency-Key'];
  const problem = await preflightProblem(context, origin, path, 'POST', headers);
  if (problem === undefined) return findings.skip('the server does not answer', id);
  if (!problem) return findings.pass(id);
  const message = `The preflight response for a message from ${origin} ${problem}. Sending over REST fails.`;
  findings.fail(id, message, allowCors(origin, headers));
}

async function checkMethods(context: CheckContext, origin: string): Promise<void> {
  const { findings } = context;
  const methods = [
    ...(context.hasCapability('edit') ? ['PATCH'] : []),
    ...(context.hasCapability('delete') ? ['DELETE'] : []),
  ];
  if (methods.length === 0) return findings.skip('the backend announces neither edit nor delete', 'cors.methods');
  context.startCheck('cors.methods');
  for (const method of methods) {
    const problem = await preflightProblem(context, origin, 'messages/1/', method, BASIC_HEADERS);
    if (!problem) continue;
    return findings.fail(
      'cors.methods',
      `The preflight response for ${method} messages/{id}/ from ${origin} ${problem}.`,
      `Send the header Access-Control-Allow-Methods: GET, POST, ${methods.join(', ')}`,
    );
  }
  findings.pass('cors.methods', `${methods.join(' and ')} may be used.`);
}
