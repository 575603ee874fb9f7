/** Opens a WebSocket with a token that REST accepts. If that fails, refused-handshake.ts looks for the cause. */
import type { CheckContext } from './check-context.js';
import type { CheckId } from './checks.js';
import { credentialOrToken, getCredential } from './credential.js';
import { UNAUTHORIZED_CODE } from './handshake-probe.js';
import { hasType, isFrame, type RecordingSocket } from './recording-socket.js';
import { diagnoseRefusal, reportRejectedToken } from './refused-handshake.js';
import { findUnusedPathWithStatus } from './socket-path.js';

/** Close code of a forbidden connection. */
const FORBIDDEN_CODE = 4003;

/** @returns the open socket, with or without a greeting; undefined if none opens, or the token is rejected. */
export async function checkHandshake(context: CheckContext): Promise<RecordingSocket | undefined> {
  const { findings, options } = context;
  context.startCheck('socket.upgrade');
  const socket = await openFirstSocket(context);
  if (!socket) return undefined;
  if (await opensInTime(context, socket)) return awaitGreeting(context, socket);
  if (!options.requestUpgrade) {
    reportUnknownCause(context, socket);
    return undefined;
  }
  const cause = await diagnoseRefusal(context, options.requestUpgrade);
  if (cause === 'reported') return undefined;
  // The first attempt may have failed by chance, or the backend accepts another origin.
  const retried = context.openSocket(await credentialOrToken(context));
  if (await opensInTime(context, retried)) return awaitGreeting(context, retried);
  if (cause === 'handshake-accepted') {
    findings.fail(
      'socket.upgrade',
      'The server answers the handshake with 101, but not as RFC 6455 requires.',
      'Send a correct Sec-WebSocket-Accept header. Select one of the offered subprotocols, or none if there are none.',
    );
  }
  return undefined;
}

async function openFirstSocket(context: CheckContext): Promise<RecordingSocket | undefined> {
  const { findings, options } = context;
  const skip = (reason: string): undefined => {
    findings.skip(reason, 'socket.upgrade');
  };
  if (!options.WebSocket) {
    return skip('the doctor has no WebSocket class (Node before 22 has none: pass that of the package ws)');
  }
  if (!options.token) return skip('there is no token');
  const credential = await getCredential(context);
  if ('value' in credential) return context.openSocket(credential.value);
  findings.fail(
    'token.ticket',
    `${credential.reason}.`,
    'Return {"ticket": "…", "expires_in_s": 30}, or use auth="query" or auth="subprotocol".',
  );
  return skip('there is no ticket for the WebSocket');
}

/** Whether the handshake succeeds in time. */
export async function opensInTime(context: CheckContext, socket: RecordingSocket): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), context.timing.greetingMs);
  });
  return Promise.race([socket.opened, timeout]).finally(() => clearTimeout(timer));
}

/** Some backends open the socket before they check the token, and then close it. */
async function awaitGreeting(context: CheckContext, socket: RecordingSocket): Promise<RecordingSocket | undefined> {
  const { findings, options, timing } = context;
  const tokenCheck = `token.${options.auth}` satisfies CheckId;
  findings.pass('socket.upgrade', `A WebSocket to ${options.address.socket} opens.`);
  if (context.acceptedOrigin) findings.pass('origin.allowed', `${context.acceptedOrigin} may open a WebSocket.`);
  else findings.skip('no site was given: --origin https://my.site', 'origin.allowed');
  context.startCheck('socket.greeting');
  const greeting = await socket.waitFor(hasType('connection_established'), timing.greetingMs);
  const code = socket.closed?.code;
  if (greeting === 'closed' && (code === UNAUTHORIZED_CODE || code === FORBIDDEN_CODE)) {
    await reportRejectedToken(context, { closedWith: code });
    return undefined;
  }
  await judgeRoute(context, isFrame(greeting));
  if (isFrame(greeting)) findings.pass(tokenCheck);
  else findings.skip('the WebSocket opens, but no greeting confirms the token: see socket.greeting', tokenCheck);
  return socket;
}

/** A WebSocket without a greeting may be another one, or that of a server that accepts every path. */
async function judgeRoute(context: CheckContext, isGreeted: boolean): Promise<void> {
  const { findings, options } = context;
  if (isGreeted) return findings.pass('socket.route');
  const id: CheckId = 'socket.route';
  if (!options.requestUpgrade) return findings.skip('no greeting shows that this WebSocket is the chat', id);
  const unused = await findUnusedPathWithStatus(context, options.requestUpgrade, 101);
  if (unused === undefined) return findings.pass(id);
  context.acceptsAnyPath = true;
  findings.skip(`the server accepts a WebSocket at every path, also at ${unused}, which should have no route`, id);
}

/** In a browser, or without `requestUpgrade`. */
function reportUnknownCause(context: CheckContext, socket: RecordingSocket): void {
  const { findings, options } = context;
  const problem = socket.closed
    ? 'is refused, or cut off on its way'
    : `is not answered within ${context.timing.greetingMs / 1_000} s`;
  if (!context.restWorks) {
    const message = `The WebSocket handshake ${problem}. REST does not work either, so both may have the same cause.`;
    return findings.fail('socket.upgrade', message, 'Fix REST first.');
  }
  const origin = options.origin ? ` --origin ${options.origin}` : '';
  findings.fail(
    'socket.upgrade',
    `REST works with this token, but the WebSocket handshake ${problem}. The browser API does not reveal the cause: ` +
      'a proxy that blocks WebSockets, a site that is not allowed, a wrong path, or a token that the server does not ' +
      'read.',
    `Run 'npx unified-chat doctor --url ${options.address.base}${origin}' to find the cause. Until then, messages ` +
      'are sent over REST.',
  );
}
