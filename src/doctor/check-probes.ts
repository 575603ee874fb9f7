/** Sockets that must not open: without a token, and with a forged one. */
import type { Exam } from './check-context.js';
import { credential } from './check-handshake.js';
import { PAGE_DOES_NOT_TRY } from './check-rest.js';
import { AGREED_CODE, forged, knock, placeToken, type Knocked } from './handshake-probe.js';
import { checkToken } from './remedies.js';
import type { PointId } from './checks.js';

const CLOSE_4001 = 'Refuse the handshake (HTTP 401 or 403), or accept it and close with 4001. Anything else looks like a lost connection: the page tries again and again, and never asks for another token.';

export async function checkProbes(exam: Exam): Promise<void> {
  const { findings, parts } = exam;
  const points: PointId[] = ['socket.no-token', 'socket.bad-token', 'socket.refusal', 'ticket.once'];
  if (parts.inPage) return findings.skip(PAGE_DOES_NOT_TRY, ...points);
  if (!findings.is('socket.upgrade', 'pass') || !findings.is(`token.${parts.auth}`, 'pass')) return findings.skip('no socket opens with the good token, so a refusal would prove nothing', ...points);
  await judge(exam, 'socket.no-token', undefined, 'without any token');
  await judge(exam, 'socket.bad-token', forged(parts.token), 'with a forged token');
  findings.pass('socket.refusal');
  if (parts.auth === 'ticket') await checkTicketOnce(exam);
}

async function knockWith(exam: Exam, token: string | undefined): Promise<Knocked> {
  const { address, auth, WebSocket, openUpgrade } = exam.parts;
  const { greetingMs, answerMs } = exam.timing;
  return knock({ address: address.socket, auth, token, WebSocket: WebSocket!, origin: openUpgrade ? exam.openOrigin : undefined, greetingMs, watchMs: answerMs });
}

async function judge(exam: Exam, id: 'socket.no-token' | 'socket.bad-token', token: string | undefined, who: string): Promise<void> {
  const { findings } = exam;
  exam.begin(id);
  const knocked = await knockWith(exam, token);
  if (knocked.is === 'let-in' && knocked.greeted) return findings.wrong(id, `A socket ${who} is opened and greeted: anybody can come in.`, checkToken);
  if (knocked.is === 'let-in') {
    findings.wrong('socket.refusal', `A socket ${who} is opened, not greeted, and not closed either.`, CLOSE_4001);
    return findings.pass(id, `A socket ${who} is not greeted.`);
  }
  if (knocked.is === 'silent') {
    findings.wrong('socket.refusal', `A handshake ${who} is not answered.`, CLOSE_4001);
    return findings.pass(id, `A socket ${who} does not open.`);
  }
  if (knocked.is === 'refused') return judgeStatus(exam, id, token, who);
  if (knocked.code !== AGREED_CODE) findings.wrong('socket.refusal', `A socket ${who} is accepted and then closed with ${knocked.code}, not with 4001.`, CLOSE_4001);
  findings.pass(id, `A socket ${who} is accepted first, then closed with ${knocked.code}.`);
}

/** Refused before it opened; a program sees with what. */
async function judgeStatus(exam: Exam, id: PointId, token: string | undefined, who: string): Promise<void> {
  const { findings, parts } = exam;
  const { url, protocols } = placeToken(parts.address.socket, parts.auth, token);
  const answer = await parts.openUpgrade?.(url, { protocols, origin: exam.openOrigin });
  if (answer?.status !== undefined && answer.status >= 500) findings.wrong('socket.refusal', `A handshake ${who} is answered with ${answer.status}: the server fails at it.`, `Its log has the reason. ${CLOSE_4001}`);
  findings.pass(id, `A socket ${who} is refused${answer?.status === undefined ? '' : ` with ${answer.status}`}.`);
}

async function checkTicketOnce(exam: Exam): Promise<void> {
  const { findings } = exam;
  exam.begin('ticket.once');
  const ticket = await credential(exam);
  if ('because' in ticket) return findings.skip(ticket.because, 'ticket.once');
  const [first, second] = [await knockWith(exam, ticket.value), await knockWith(exam, ticket.value)];
  if (first.is !== 'let-in') return findings.skip('a second ticket opened no socket', 'ticket.once');
  if (second.is === 'let-in') findings.wrong('ticket.once', 'The same ticket opens a second socket.', 'Forget a ticket as soon as it is used: it stands in access logs.');
  else findings.pass('ticket.once', 'A second socket with the same ticket is refused.');
}
