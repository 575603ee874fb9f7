/** Finds out why a handshake is refused: repeats it with one thing changed at a time, and compares the HTTP status. */
import { base64url } from '../internal/base64url.js';
import type { CheckContext } from './check-context.js';
import type { CheckId } from './checks.js';
import { credentialOrToken } from './credential.js';
import { placeToken } from './handshake-probe.js';
import { describeNonJson } from './non-json-body.js';
import { isResponse } from './raw-request.js';
import { allowOrigin, forwardUpgrades, readToken } from './remedies.js';
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
  if (response.status === 401 || response.status === 403) {
    return diagnoseForbidden(context, requestUpgrade, response.status);
  }
  await reportBlockedUpgrade(context, response);
  return 'reported';
}

/** A handshake with the valid token. */
async function handshake(
  context: CheckContext,
  requestUpgrade: RequestUpgrade,
  request: UpgradeRequest,
): Promise<UpgradeResponse> {
  const { address, auth } = context.options;
  const { url, protocols } = placeToken(address.socket, auth, await credentialOrToken(context));
  return requestUpgrade(url, { protocols, ...request });
}

/** 401 or 403 has two possible causes: the origin, or the token. So other origins are tried with the same token. */
async function diagnoseForbidden(
  context: CheckContext,
  requestUpgrade: RequestUpgrade,
  status: number,
): Promise<RefusalCause> {
  const { findings, options } = context;
  const serverOrigin = new URL(options.address.api).origin;
  const opensFrom = async (origin: string | undefined): Promise<boolean> =>
    (await handshake(context, requestUpgrade, { origin })).status === 101;
  if (options.origin) {
    context.startCheck('origin.allowed');
    for (const origin of [undefined, serverOrigin]) {
      if (origin === options.origin || !(await opensFrom(origin))) continue;
      const from = origin === undefined ? 'without an Origin header' : `from the server's own origin, ${origin},`;
      findings.fail(
        'origin.allowed',
        `The WebSocket is refused (${status}) from ${options.origin}, but opens ${from} with the same token. So the ` +
          'site is not allowed.',
        allowOrigin(options.origin),
      );
      context.acceptedOrigin = origin;
      return 'other-origin';
    }
  } else if (await opensFrom(serverOrigin)) {
    findings.note(
      'origin.allowed',
      `The WebSocket is refused (${status}) without an Origin header, but opens from ${serverOrigin}. Use --origin ` +
        'to check your own site.',
    );
    context.acceptedOrigin = serverOrigin;
    return 'other-origin';
  }
  await reportRejectedToken(context, { refusedWith: status });
  return 'reported';
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
  findings.pass('socket.upgrade', `${address.socket} answers handshakes (${outcome}).`);
  findings.pass('socket.route');
  findings.skip(`no WebSocket opens: see ${tokenCheck}`, 'origin.allowed');
  if (findings.has('token.rest', 'fail')) {
    return findings.skip('REST rejects this token too: see token.rest', tokenCheck);
  }
  const place = {
    query: 'in the query string (?token=…)',
    subprotocol: 'as a subprotocol (bearer.…)',
    ticket: 'as a ticket (?ticket=…)',
  }[auth];
  const rest = restWorks ? 'REST accepts the same token' : 'REST does not work, so the token itself may be invalid';
  const otherPlace = isRefused && requestUpgrade ? await findAcceptedPlace(context, requestUpgrade) : '';
  findings.fail(
    tokenCheck,
    `The WebSocket does not accept the token ${place}: ${outcome}; ${rest}.${otherPlace && ` ${otherPlace}`}`,
    readToken[auth],
  );
}

/** Tries the other places for a token. @returns a sentence that names the accepted one, or ''. */
async function findAcceptedPlace(context: CheckContext, requestUpgrade: RequestUpgrade): Promise<string> {
  const { address, auth, token } = context.options;
  const opens = async (url: string, request: UpgradeRequest): Promise<boolean> =>
    (await requestUpgrade(url, { origin: context.acceptedOrigin, ...request })).status === 101;
  if (await opens(address.socket, { headers: { Authorization: `Bearer ${token}` } })) {
    return 'The WebSocket accepts it in the header Authorization, which a browser cannot send with a handshake.';
  }
  const asSubprotocol = { protocols: ['unified-chat', `bearer.${base64url(token)}`] };
  if (auth !== 'subprotocol' && (await opens(address.socket, asSubprotocol))) {
    return 'The WebSocket accepts it as a subprotocol: auth="subprotocol" on <chat-connection> works.';
  }
  if (auth !== 'query' && (await opens(`${address.socket}?token=${encodeURIComponent(token)}`, {}))) {
    return 'The WebSocket accepts it in the query string: auth="query" works.';
  }
  return '';
}

/** Any failure but 401 and 403: the proxy, the path or the server. */
async function reportBlockedUpgrade(context: CheckContext, response: UpgradeResponse): Promise<void> {
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
    return findings.fail(
      'socket.route',
      `There is no WebSocket at ${path} (404).`,
      'Route this path to the chat consumer, or set the path: ws-path on <chat-connection>, --ws-path on the command ' +
        'line. Slashes matter.',
    );
  }
  if (status === 429) {
    const fix = 'Wait, or raise the limit. A page opens one WebSocket, and waits longer before each new attempt.';
    return fail('The server limits the rate of handshakes (429).', fix);
  }
  if (status === 500) {
    return fail('The handshake returned 500.', "The server failed. The stack trace is in the server's log.");
  }
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

/** Whether a plain request to the WebSocket path returns the same: then the server did not see the upgrade. */
async function isAnsweredAsPlainRequest(context: CheckContext, status: number, body: string): Promise<boolean> {
  const result = await context.request(context.options.address.socket.replace(/^ws/, 'http'), { token: undefined });
  return isResponse(result) && result.status === status && result.text.slice(0, 200) === body.slice(0, 200);
}
