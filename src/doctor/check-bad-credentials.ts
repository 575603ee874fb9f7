/** WebSockets that the server must reject: without a token, with a forged one, and with a used ticket. */
import type { CheckContext } from './check-context.js';
import { NOT_IN_BROWSER } from './check-rest.js';
import type { CheckId } from './checks.js';
import { getCredential } from './credential.js';
import { forgeToken, placeToken, probeHandshake, UNAUTHORIZED_CODE, type ProbeResult } from './handshake-probe.js';
import { verifyToken } from './remedies.js';

const CLOSE_4001 =
  'Refuse the handshake with HTTP 401 or 403, or accept it and close with 4001. Anything else looks like a lost ' +
  'connection: the page keeps reconnecting and never requests a new token.';

export async function checkBadCredentials(context: CheckContext): Promise<void> {
  const { findings, options } = context;
  const ids: CheckId[] = ['socket.no-token', 'socket.bad-token', 'socket.rejection', 'ticket.single-use'];
  if (options.inBrowser) return findings.skip(NOT_IN_BROWSER, ...ids);
  if (!findings.has('socket.upgrade', 'pass') || !findings.has(`token.${options.auth}`, 'pass')) {
    return findings.skip('no WebSocket opens with the valid token, so a rejection would prove nothing', ...ids);
  }
  await checkRejected(context, 'socket.no-token', undefined);
  await checkRejected(context, 'socket.bad-token', forgeToken(options.token));
  findings.pass('socket.rejection');
  if (options.auth === 'ticket') await checkUsedTicket(context);
}

/**
 * Performs a handshake with a token that the server should refuse.
 * @param address default: that of the chat.
 */
export function probe(
  context: CheckContext,
  token: string | undefined,
  address = context.options.address.socket,
): Promise<ProbeResult> {
  const { auth, WebSocket, requestUpgrade } = context.options;
  const { greetingMs, answerMs } = context.timing;
  return probeHandshake({
    address,
    auth,
    token,
    WebSocket: WebSocket!,
    origin: requestUpgrade ? context.acceptedOrigin : undefined,
    handshakeMs: greetingMs,
    acceptedMs: answerMs,
  });
}

type RejectionCheckId = 'socket.no-token' | 'socket.bad-token';

/** Whether the server rejects a bad token (`id`), and whether it does so in a way that clients recognize. */
async function checkRejected(context: CheckContext, id: RejectionCheckId, token: string | undefined): Promise<void> {
  const { findings } = context;
  context.startCheck(id);
  const withToken = token === undefined ? 'without a token' : 'with a forged token';
  const socket = `A WebSocket ${withToken}`;
  const result = await probe(context, token);
  if (result.outcome === 'accepted' && result.greeted) {
    return findings.fail(id, `${socket} was accepted and received the greeting, so anyone can connect.`, verifyToken);
  }
  if (result.outcome === 'accepted') {
    findings.fail('socket.rejection', `${socket} was opened, but neither greeted nor closed.`, CLOSE_4001);
    return findings.pass(id, `${socket} received no greeting.`);
  }
  if (result.outcome === 'timeout') {
    findings.fail('socket.rejection', `A handshake ${withToken} was not answered.`, CLOSE_4001);
    return findings.pass(id, `${socket} did not open.`);
  }
  if (result.outcome === 'refused') return judgeStatus(context, id, token, withToken);
  if (result.code !== UNAUTHORIZED_CODE) {
    const message = `${socket} was opened and then closed with ${result.code} instead of ${UNAUTHORIZED_CODE}.`;
    findings.fail('socket.rejection', message, CLOSE_4001);
  }
  findings.pass(id, `${socket} was opened and then closed with ${result.code}.`);
}

/** For a refused handshake: repeats it for the HTTP status, where that is possible. */
async function judgeStatus(
  context: CheckContext,
  id: RejectionCheckId,
  token: string | undefined,
  withToken: string,
): Promise<void> {
  const { findings, options } = context;
  const { url, protocols } = placeToken(options.address.socket, options.auth, token);
  const response = await options.requestUpgrade?.(url, { protocols, origin: context.acceptedOrigin });
  const status = response?.status;
  if (status !== undefined && status >= 500) {
    const fix = `The stack trace is in the server's log. ${CLOSE_4001}`;
    findings.fail('socket.rejection', `A handshake ${withToken} returned ${status}: the server failed.`, fix);
  }
  const withStatus = status === undefined ? '' : ` with ${status}`;
  findings.pass(id, `A WebSocket ${withToken} was refused${withStatus}.`);
}

async function checkUsedTicket(context: CheckContext): Promise<void> {
  const { findings } = context;
  context.startCheck('ticket.single-use');
  const ticket = await getCredential(context);
  if ('reason' in ticket) return findings.skip(ticket.reason, 'ticket.single-use');
  const first = await probe(context, ticket.value);
  const second = await probe(context, ticket.value);
  if (first.outcome !== 'accepted') return findings.skip('a new ticket opened no WebSocket', 'ticket.single-use');
  if (second.outcome === 'accepted') {
    const fix = 'Invalidate a ticket when it is used: it is part of the URL, which access logs contain.';
    return findings.fail('ticket.single-use', 'The same ticket opened a second WebSocket.', fix);
  }
  findings.pass('ticket.single-use', 'A second WebSocket with the same ticket was refused.');
}
