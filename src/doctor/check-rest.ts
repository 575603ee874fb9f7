/** REST: is it reachable, does it answer with JSON, does it accept this token and no other? Runs first. */
import type { CheckContext } from './check-context.js';
import { readClaims } from '../internal/claims.js';
import { forgeToken } from './handshake-probe.js';
import { describeNonJson } from './non-json-body.js';
import { isResponse, type RequestFailure, type RequestResult, type RestResponse } from './raw-request.js';
import { return401, verifyToken } from './remedies.js';
import { parseUrl } from '../internal/url.js';
import type { ChatError } from '../transport/index.js';

/** Why these checks do not run in a visitor's browser. */
export const NOT_IN_BROWSER =
  'not run in a web page, where it would look like an attack by the visitor; run npx unified-chat doctor instead';

/**
 * Runs all checks of REST that do not look at rooms.
 * @returns the response to `GET rooms/`; undefined if REST is unusable; false if the server is unreachable.
 */
export async function checkRest(context: CheckContext): Promise<RestResponse | undefined | false> {
  const { findings, options } = context;
  const { tokenProblem } = options;
  // First, because it is the cause of what follows, also if the server cannot be reached.
  if (!options.token && tokenProblem)
    findings.fail('token.rest', `The page could not get a token: ${tokenProblem.message}`, noTokenFix(tokenProblem));
  context.startCheck('rest.reachable');
  const result = await context.request('rooms/');
  if (!isResponse(result)) {
    await reportNoResponse(context, result);
    return false;
  }
  findings.pass('rest.reachable', `${options.address.base} is reachable.`);
  if (result.location !== undefined) {
    const { message, fix } = describeRedirect(context, result);
    findings.fail('rest.redirect', message, fix);
    return undefined;
  }
  findings.pass('rest.redirect');
  context.restWorks = judgeResponse(context, result);
  if (!findings.has('rest.route', 'fail')) await checkRejections(context);
  return context.restWorks ? result : undefined;
}

/** In a browser, a CORS error looks like an unreachable server, except to a no-cors request without credentials. */
async function reportNoResponse({ findings, options }: CheckContext, { reason, fix }: RequestFailure): Promise<void> {
  if (!options.inBrowser) return findings.fail('rest.reachable', reason, fix);
  const url = new URL('rooms/', options.address.api);
  const isReachable = await options.fetch(url, { mode: 'no-cors', credentials: 'omit', cache: 'no-store' }).then(
    () => true,
    () => false,
  );
  if (!isReachable) {
    return findings.fail(
      'rest.reachable',
      `${url.host} cannot be reached from this browser.`,
      'Check that the server is running, that the URL is right, and that this device is online. The connect-src ' +
        'directive of a Content-Security-Policy can also block the request.',
    );
  }
  findings.pass('rest.reachable', 'The server is reachable, but this page may not read its responses.');
  const site = options.origin ?? 'this site';
  findings.fail(
    'cors.preflight',
    `The server answers, but the browser blocks the requests of ${site} (CORS).`,
    `Allow the origin ${site} and the header Authorization in the CORS settings of the backend. ` +
      `'npx unified-chat doctor --origin ${site}' shows which header is missing.`,
  );
}

/** @returns whether the response is usable. */
function judgeResponse(context: CheckContext, response: RestResponse): boolean {
  const { findings, options } = context;
  const { status, json } = response;
  const returned = `GET ${context.routePath('rooms/')} returned ${status}`;
  const nonJson = json === undefined ? describeNonJson(response) : undefined;
  const withBody = nonJson ? ` with ${nonJson.description}` : '';
  if (status === 404 || status === 405 || status === 410) {
    const fix =
      'Serve the room list at this path, or set the API path: api-path on <chat-connection>, --api-path on the ' +
      'command line. Slashes matter, including the trailing one.';
    findings.fail('rest.route', `${returned}${withBody}.`, fix);
    return false;
  }
  findings.pass('rest.route');
  if (status >= 500) {
    findings.fail('rest.json', `${returned}${withBody}.`, serverErrorFix(status));
    return false;
  }
  if (status === 401 || status === 403) {
    findings.fail('token.rest', describeRejectedToken(options.token, response), REJECTED_TOKEN_FIX);
    if (nonJson) findings.fail('rest.json', `The error response has ${nonJson.description}.`, nonJson.fix);
    else findings.pass('rest.json');
    return false;
  }
  if (nonJson) {
    findings.fail('rest.json', `${returned}${withBody} instead of JSON.`, nonJson.fix);
    return false;
  }
  findings.pass('rest.json');
  if (status !== 200) {
    findings.fail('token.rest', `${returned}: ${response.text}`, 'Return 200 with the list of rooms.');
    return false;
  }
  findings.pass('token.rest');
  return true;
}

const serverErrorFix = (status: number): string =>
  status === 502 || status === 503 || status === 504
    ? 'The proxy cannot reach the server behind it. Start the server, or correct the upstream address of the proxy.'
    : "The server failed to handle this request. The stack trace is in the server's log.";

const REJECTED_TOKEN_FIX =
  'Get a new token from your site. If it is new, check that it was issued for this backend and signed with its key, ' +
  'that it is an access token and not a refresh token, and that REST reads the header ' +
  '"Authorization: Bearer <token>".';

const NO_TOKEN_FIX =
  'Let token-url (data-token-url of loader.js) answer 200 with {"token": "…"} for a signed-in visitor, and 401 for ' +
  'others. ';

/** How to repair the page's token endpoint. */
function noTokenFix({ code }: ChatError): string {
  switch (code) {
    case 'unreachable':
      return (
        'Check that the server at this address is running. If it has another origin than the page, its CORS headers ' +
        'must allow this site with credentials, and connect-src of a Content-Security-Policy must allow the address.'
      );
    case 'timeout':
      return "Let token-url answer within 10 s. The server's log shows what takes longer.";
    case 'server_error':
    case 'rate_limited':
      return `${NO_TOKEN_FIX}The stack trace of the error is in the log of the server behind this address.`;
    default:
      return `${NO_TOKEN_FIX}Check the address: it is relative to the page, and must not be redirected to a login page.`;
  }
}

function describeRejectedToken(token: string, { status, text, json }: RestResponse): string {
  if (!token) return 'There is no token, so no user is signed in.';
  const { expiresAt } = readClaims(token);
  const isExpired = expiresAt !== null && expiresAt < Date.now();
  const detail = json === undefined ? '' : `: ${text.slice(0, 300)}`;
  const expiry = isExpired ? ` According to its exp claim, it expired at ${new Date(expiresAt).toISOString()}.` : '';
  return `REST rejected the token with ${status}${detail}.${expiry}`;
}

function describeRedirect(
  context: CheckContext,
  { status, location = '' }: RestResponse,
): { message: string; fix: string } {
  const requested = new URL('rooms/', context.options.address.api);
  const message =
    `GET ${requested.pathname} returned a redirect (${status || 'status hidden by the browser'})` +
    `${location && ` to ${location}`}. The widget does not follow redirects, which could send the token elsewhere.`;
  const target = parseUrl(location, requested.href);
  const trimSlash = (path: string): string => path.replace(/\/$/, '');
  if (target?.protocol === 'https:' && requested.protocol === 'http:') {
    return { message, fix: `Use https in the URL: ${target.origin}` };
  }
  if (target && /log-?in|sign-?in|auth/i.test(target.pathname)) {
    return {
      message,
      fix:
        'A gateway or login middleware in front of the API asks for a sign-in. Exempt the API path from it, and ' +
        'return 401 instead of a redirect.',
    };
  }
  if (target && trimSlash(target.pathname) === trimSlash(requested.pathname)) {
    return {
      message,
      fix: 'Serve exactly this path, with the trailing slash. In Django, APPEND_SLASH and the URL pattern must agree.',
    };
  }
  return { message, fix: 'Set the URL and api-path to the target of the redirect.' };
}

/** Requests without a token, and with a forged one. */
async function checkRejections(context: CheckContext): Promise<void> {
  const { findings, options } = context;
  context.startCheck('rest.401');
  judgeRejection(context, await context.request('rooms/', { token: undefined }));
  if (options.inBrowser) return findings.skip(NOT_IN_BROWSER, 'rest.bad-token');
  context.startCheck('rest.bad-token');
  const result = await context.request('rooms/', { token: forgeToken(options.token) });
  if (!isResponse(result)) return findings.skip(result.reason, 'rest.bad-token');
  const { status, json } = result;
  if (status === 200 && json !== undefined) {
    return findings.fail('rest.bad-token', 'REST accepted a token with a forged signature.', verifyToken);
  }
  if (status === 401) return findings.pass('rest.bad-token', 'A forged token was rejected with 401.');
  findings.fail(
    'rest.bad-token',
    `A forged token was answered with ${status} instead of 401. ${WITHOUT_401}`,
    return401,
  );
}

const WITHOUT_401 = 'So a page cannot tell that the token is the cause, and does not request a new one.';

function judgeRejection({ findings }: CheckContext, result: RequestResult): void {
  if (!isResponse(result)) return findings.skip(result.reason, 'rest.401');
  const { status, json } = result;
  const { detail, code } = (json ?? {}) as { detail?: unknown; code?: unknown };
  const request = 'A request without a token';
  if (status === 200) return findings.fail('rest.401', `${request} was answered with 200.`, verifyToken);
  if (status !== 401) {
    return findings.fail(
      'rest.401',
      `${request} was answered with ${status} instead of 401. ${WITHOUT_401}`,
      return401,
    );
  }
  const rejected = `${request} was rejected with 401`;
  if (json === undefined) {
    const { description } = describeNonJson(result);
    return findings.fail('rest.401', `${rejected}, but with ${description} instead of {"detail", "code"}.`, return401);
  }
  if (typeof detail !== 'string') return findings.fail('rest.401', `${rejected}, but without a "detail".`, return401);
  if (typeof code !== 'string') {
    return findings.note('rest.401', `${rejected} and a "detail". A "code" would let programs identify the cause.`);
  }
  findings.pass('rest.401', `${rejected} and the code '${code}'.`);
}
