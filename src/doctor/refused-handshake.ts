/** Finds out why a handshake is refused: repeats it with one thing changed at a time, and compares the HTTP status. */
import { base64url } from '../internal/base64url.js';
import type { AuthMode } from '../transport/index.js';
import type { CheckContext } from './check-context.js';
import type { CheckId } from './checks.js';
import { describeNonJson } from './non-json-body.js';
import { isResponse } from './raw-request.js';
import { allowOrigin, forwardUpgrades, readToken } from './remedies.js';
import {
  correctPath,
  findDefaultPath,
  findUnusedPathWithStatus,
  handshake,
  possibleOrigins,
  unusedAddresses,
} from './socket-path.js';
import type { RequestUpgrade, UpgradeRequest, UpgradeResponse } from './upgrade-request.js';

/**
 * - `reported`: a finding has the cause.
 * - `handshake-accepted`: this time the server answered with 101.
 * - `other-origin`: the server accepts another origin, now in `context.acceptedOrigin`.
 */
type RefusalCause = 'reported' | 'handshake-accepted' | 'other-origin';

export async function diagnoseRefusal(context: CheckContext, requestUpgrade: RequestUpgrade): Promise<RefusalCause> {
  const { findings, options } = context;
  const response = await handshake(context, requestUpgrade, { origin: options.origin });
  if (response.status === 101) return 'handshake-accepted';
  if (options.auth === 'subprotocol' && /subprotocol/i.test(response.error)) {
    findings.fail(
      'token.subprotocol',
      `The server accepts the handshake but selects no subprotocol (${response.error}). Browsers reject that.`,
      readToken.subprotocol,
    );
    return 'reported';
  }
  if (isForbidden(response.status)) return diagnoseForbidden(context, requestUpgrade, response.status);
  await reportBlockedUpgrade(context, requestUpgrade, response);
  return 'reported';
}

const isForbidden = (status: number | undefined): status is 401 | 403 => status === 401 || status === 403;

/**
 * 401 or 403 has three possible causes: the origin, the token, or a path that is looked at later. So other origins are
 * tried with the same token.
 */
async function diagnoseForbidden(
  context: CheckContext,
  requestUpgrade: RequestUpgrade,
  status: number,
): Promise<RefusalCause> {
  const { findings, options } = context;
  const serverOrigin = new URL(options.address.api).origin;
  for (const origin of options.origin ? [undefined, serverOrigin] : [serverOrigin]) {
    if (origin === options.origin) continue;
    const response = await handshake(context, requestUpgrade, { origin });
    // Neither 401 nor 403: the handshake has passed the check of the origin.
    if (isForbidden(response.status) || response.status === undefined) continue;
    context.acceptedOrigin = origin;
    if (response.status === 101) {
      reportRefusedOrigin(context, status, origin);
      return 'other-origin';
    }
    await reportBlockedUpgrade(context, requestUpgrade, response);
    findings.skip('no WebSocket opens at this path', 'origin.allowed');
    return 'reported';
  }
  await reportRejectedToken(context, { refusedWith: status });
  return 'reported';
}

/** The handshake is refused with `status` from the site, and opens from `origin` (undefined: without an origin). */
function reportRefusedOrigin({ findings, options }: CheckContext, status: number, origin: string | undefined): void {
  if (!options.origin) {
    return findings.note(
      'origin.allowed',
      `The WebSocket is refused (${status}) without an Origin header, but opens from ${origin}. Use --origin to ` +
        'check your own site.',
    );
  }
  const from = origin === undefined ? 'without an Origin header' : `from the server's own origin, ${origin},`;
  findings.fail(
    'origin.allowed',
    `The WebSocket is refused (${status}) from ${options.origin}, but opens ${from} with the same token. So the site ` +
      'is not allowed.',
    allowOrigin(options.origin),
  );
}

/** The HTTP status of a refused handshake, or the close code of a socket that was opened first. */
type Rejection = { refusedWith: number } | { closedWith: number };

/** The WebSocket endpoint rejects a token that REST accepts. It may look for it in another place. */
export async function reportRejectedToken(context: CheckContext, rejection: Rejection): Promise<void> {
  const { findings, options, restWorks } = context;
  const { auth, address, requestUpgrade } = options;
  const tokenCheck = `token.${auth}` satisfies CheckId;
  const isRefused = 'refusedWith' in rejection;
  const outcome = isRefused
    ? `the handshake was refused with ${rejection.refusedWith}`
    : `the WebSocket was opened and then closed with ${rejection.closedWith}`;
  const isKnownToken = !findings.has('token.rest', 'fail');
  const otherPlace =
    isRefused && requestUpgrade && isKnownToken ? await findAcceptedPlace(context, requestUpgrade) : undefined;
  if (!otherPlace && requestUpgrade && (await isAnyPathAlike(context, requestUpgrade, rejection, outcome))) return;
  findings.pass('socket.upgrade', `${address.socket} answers handshakes (${outcome}).`);
  if (otherPlace?.isAnyPath) findings.skip('the server accepts a WebSocket at every path', 'socket.route');
  else findings.pass('socket.route');
  findings.skip(`no WebSocket opens: see ${tokenCheck}`, 'origin.allowed');
  if (!isKnownToken) return findings.skip('REST rejects this token too: see token.rest', tokenCheck);
  const place = {
    query: 'in the query string (?token=…)',
    subprotocol: 'as a subprotocol (bearer.…)',
    ticket: 'as a ticket (?ticket=…)',
  }[auth];
  const rest = restWorks ? 'REST accepts the same token' : 'REST does not work, so the token itself may be invalid';
  const hint = otherPlace ? ` ${otherPlace.description}` : '';
  findings.fail(
    tokenCheck,
    `The WebSocket does not accept the token ${place}: ${outcome}; ${rest}.${hint}`,
    readToken[auth],
  );
}

/**
 * Whether the server answers alike at a path without a route. Then neither the path nor the token is known to be the
 * cause, which is reported here.
 */
async function isAnyPathAlike(
  context: CheckContext,
  requestUpgrade: RequestUpgrade,
  rejection: Rejection,
  outcome: string,
): Promise<boolean> {
  const { findings, options } = context;
  const tokenCheck = `token.${options.auth}` satisfies CheckId;
  const status = 'refusedWith' in rejection ? rejection.refusedWith : 101;
  const origins = status === 101 ? [context.acceptedOrigin] : possibleOrigins(context);
  const unused = await findUnusedPathWithStatus(context, requestUpgrade, status, { origins });
  if (unused === undefined) return false;
  const path = new URL(options.address.socket).pathname;
  // A server that accepts every path accepts the default one, too.
  const defaultPath = status === 101 ? '' : await findDefaultPath(context, requestUpgrade);
  const alike = `At ${path}, ${outcome}; at ${unused}, which should have no route, a handshake has the same result.`;
  if (defaultPath) {
    findings.pass('socket.upgrade', 'The server answers handshakes.');
    findings.fail('socket.route', `There is no WebSocket at ${path}: ${alike}${defaultPath}`, correctPath);
  } else if (findings.has('token.rest', 'fail')) {
    findings.skip('REST rejects this token too: see token.rest', 'socket.upgrade');
  } else {
    // A WebSocket that was opened first has passed socket.upgrade.
    findings.fail(
      status === 101 ? tokenCheck : 'socket.upgrade',
      `${alike} So the cause may be the path, the token or the origin: the server does not look at the path first.` +
        (context.restWorks ? ' REST accepts the same token.' : ''),
      `Check the path. ${correctPath}\nIf the path is right: ${readToken[options.auth]}`,
    );
  }
  findings.skip('no WebSocket opens, and the server answers at every path alike', 'socket.route', tokenCheck);
  return true;
}

interface AcceptedPlace {
  /** A sentence that names the place. */
  description: string;
  /** Whether the token opens a WebSocket there at a path without a route, too. */
  isAnyPath: boolean;
}

/** Tries the other places for a token. */
async function findAcceptedPlace(
  context: CheckContext,
  requestUpgrade: RequestUpgrade,
): Promise<AcceptedPlace | undefined> {
  const { address, auth, token } = context.options;
  const places: (UpgradeRequest & { auth?: AuthMode; query?: string; description: string })[] = [
    {
      headers: { Authorization: `Bearer ${token}` },
      description:
        'The WebSocket accepts it in the header Authorization, which a browser cannot send with a handshake.',
    },
    {
      auth: 'subprotocol',
      protocols: ['unified-chat', `bearer.${base64url(token)}`],
      description: 'The WebSocket accepts it as a subprotocol: auth="subprotocol" on <chat-connection> works.',
    },
    {
      auth: 'query',
      query: `?token=${encodeURIComponent(token)}`,
      description: 'The WebSocket accepts it in the query string: auth="query" works.',
    },
  ];
  for (const { auth: place, query = '', description, ...request } of places) {
    for (const origin of place === auth ? [] : possibleOrigins(context)) {
      const opens = async (url: string): Promise<boolean> =>
        (await requestUpgrade(url + query, { origin, ...request })).status === 101;
      if (!(await opens(address.socket))) continue;
      const unused = await Promise.all(unusedAddresses(address.socket).map(opens));
      return { description, isAnyPath: unused.includes(true) };
    }
  }
  return undefined;
}

/** Any failure but 401 and 403: the proxy, the path or the server. */
async function reportBlockedUpgrade(
  context: CheckContext,
  requestUpgrade: RequestUpgrade,
  response: UpgradeResponse,
): Promise<void> {
  const { findings, options } = context;
  const { status, headers, body, error } = response;
  const path = new URL(options.address.socket).pathname;
  const fail = (message: string, fix: string): void => findings.fail('socket.upgrade', message, fix);
  if (status === undefined) {
    const isTimeout = /timed? ?out/i.test(error);
    const cause = isTimeout
      ? 'The server or a proxy does not complete it.'
      : 'A proxy or firewall without WebSocket support cuts the connection, or the server crashes (see its log).';
    const message = isTimeout
      ? 'The handshake was not answered.'
      : `The handshake failed without a response (${error}).`;
    return fail(message, `${cause} ${forwardUpgrades(path)}`);
  }
  if (status >= 300 && status < 400) {
    const target = headers.get('Location') ?? 'an unknown target';
    return fail(
      `The handshake returned a redirect (${status}) to ${target}. WebSockets do not follow redirects.`,
      'Set the URL and ws-path to the target of the redirect.',
    );
  }
  if (status === 404 && !(await isAnsweredAsPlainRequest(context, status, body))) {
    findings.pass('socket.upgrade', 'The server answers handshakes.');
    const defaultPath = await findDefaultPath(context, requestUpgrade);
    return findings.fail('socket.route', `There is no WebSocket at ${path} (404).${defaultPath}`, correctPath);
  }
  if (status === 429) {
    const fix = 'Wait, or raise the limit. A page opens one WebSocket, and waits longer before each new attempt.';
    return fail('The server limits the rate of handshakes (429).', fix);
  }
  if (status === 500) return reportServerError(context, requestUpgrade);
  if (status > 500) {
    const fix =
      'The proxy cannot reach the WebSocket server; REST may use another one. Check that the ASGI server is running.';
    return fail(`The handshake returned ${status}.`, `${fix} ${forwardUpgrades(path)}`);
  }
  const page = body ? ` and ${describeNonJson({ text: body, headers }).description}` : '';
  const orNothing = status === 404 ? ` (Or the path ${path} does not exist: then correct ws-path.)` : '';
  fail(
    `The handshake returned ${status}${page}, as a plain HTTP request would: the upgrade does not reach the server.` +
      orNothing,
    forwardUpgrades(path),
  );
}

/** 500: the server failed at this path; or, in Django Channels, no route matches the path. */
async function reportServerError(context: CheckContext, requestUpgrade: RequestUpgrade): Promise<void> {
  const { findings, options } = context;
  const path = new URL(options.address.socket).pathname;
  const unused = await findUnusedPathWithStatus(context, requestUpgrade, 500);
  if (unused === undefined) {
    return findings.fail(
      'socket.upgrade',
      `The handshake returned 500. A path without a route is answered differently, so ${path} exists and the server ` +
        'failed there.',
      "The stack trace is in the server's log.",
    );
  }
  const defaultPath = await findDefaultPath(context, requestUpgrade);
  findings.pass('socket.upgrade', 'The server answers handshakes.');
  findings.fail(
    'socket.route',
    `The handshake returned 500 at ${path}, and also at ${unused}, which should have no route. Django Channels ` +
      `answers so if no route matches the path.${defaultPath}`,
    `${correctPath} The server's log has the cause: "No route found for path" (ValueError) means the path; any other ` +
      'stack trace is an error at every handshake.',
  );
}

/** Whether a plain request to the WebSocket path returns the same: then the server did not see the upgrade. */
async function isAnsweredAsPlainRequest(context: CheckContext, status: number, body: string): Promise<boolean> {
  const result = await context.request(context.options.address.socket.replace(/^ws/, 'http'), { token: undefined });
  return isResponse(result) && result.status === status && result.text.slice(0, 200) === body.slice(0, 200);
}
