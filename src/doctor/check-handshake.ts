/**
 * Opening the socket with a token that REST takes. Where that fails, a browser says 1006 and nothing else; a program asks
 * again in other ways until one cause is left.
 */
import { isAnswer } from './raw-request.js';
import { base64url } from './base64.js';
import type { Exam } from './check-context.js';
import { AGREED_CODE, placeToken } from './handshake-probe.js';
import { allowOrigin, nginx, readToken } from './remedies.js';
import { describePage } from './page.js';
import type { PointId } from './checks.js';
import { isHeard, typed, type Talk } from './recording-socket.js';
import type { UpgradeAnswer, UpgradeRequest } from './upgrade.js';

/** Opens a greeted or ungreeted socket; says why not. @returns nothing where none opens, or the token is not taken. */
export async function checkHandshake(exam: Exam): Promise<Talk | undefined> {
  const { findings, parts } = exam;
  exam.begin('socket.upgrade');
  const talk = await open(exam);
  if (typeof talk === 'string') findings.skip(talk, 'socket.upgrade');
  else if (await hasOpened(exam, talk)) return afterOpening(exam, talk);
  else if (parts.openUpgrade) return explainRefusal(exam);
  else explainBlindly(exam, talk);
  return undefined;
}

/** What goes into the address: the token, or a ticket for it. */
export async function credential(exam: Exam, token = exam.parts.token): Promise<{ value: string } | { because: string }> {
  if (exam.parts.auth !== 'ticket') return { value: token };
  const asked = await exam.ask('ws_ticket/', { method: 'POST', token });
  const { ticket } = (isAnswer(asked) ? asked.json ?? {} : {}) as { ticket?: unknown };
  if (typeof ticket === 'string' && ticket) {
    exam.parts.redactor.add(ticket);
    return { value: ticket };
  }
  return { because: isAnswer(asked) ? `POST ${exam.route('ws_ticket/')} is answered with ${asked.status} and no {"ticket"}` : asked.because };
}

async function open(exam: Exam): Promise<Talk | string> {
  if (!exam.parts.WebSocket) return 'no WebSocket was given to the doctor (Node before 22 has none: give it that of the package ws)';
  if (!exam.parts.token) return 'there is no token';
  const found = await credential(exam);
  if ('value' in found) return exam.open(found.value);
  exam.findings.wrong('token.ticket', `${found.because}.`, 'Answer it with {"ticket": "…", "expires_in_s": 30}, or use auth="query" or auth="subprotocol".');
  return 'there is no ticket to open it with';
}

async function hasOpened(exam: Exam, talk: Talk): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), exam.timing.greetingMs)));
  return Promise.race([talk.opened, late]).finally(() => clearTimeout(timer));
}

/** Opened is not yet let in: some backends accept first, and then close. */
async function afterOpening(exam: Exam, talk: Talk): Promise<Talk | undefined> {
  const { findings, parts, timing } = exam;
  const tokenPoint = `token.${parts.auth}` satisfies PointId;
  findings.pass('socket.upgrade', `${parts.address.socket} opens.`);
  findings.pass('socket.route');
  if (exam.openOrigin) findings.pass('origin.allowed', `${exam.openOrigin} may open a WebSocket.`);
  else findings.skip('no site was named: --origin https://my.site', 'origin.allowed');
  exam.begin('socket.greeting');
  const greeting = await talk.wait(typed('connection_established'), timing.greetingMs);
  if (greeting === 'ended' && (talk.end?.code === AGREED_CODE || talk.end?.code === 4003)) {
    await blameToken(exam, `accepted first and then closed with ${talk.end.code}`);
    return undefined;
  }
  if (isHeard(greeting)) findings.pass(tokenPoint);
  else findings.skip('the socket opens, but nobody says who is there: see socket.greeting', tokenPoint);
  return talk;
}

/** All that a page, or a program without eyes, can say. */
function explainBlindly(exam: Exam, talk: Talk): void {
  const { findings, parts } = exam;
  const how = talk.end ? 'is refused, or cut on its way' : `is not answered within ${exam.timing.greetingMs / 1_000} s`;
  if (!exam.restWorks) return findings.wrong('socket.upgrade', `The WebSocket ${how}; REST does not work either, so this may have the same cause.`, 'Mend REST first.');
  findings.wrong(
    'socket.upgrade',
    `REST works with this token, and the WebSocket ${how}. A page is not told why: a proxy that blocks WebSockets, a site that is not allowed, a path without a socket, or a token that is not read.`,
    `'npx unified-chat doctor --url ${parts.address.base}${parts.origin ? ` --origin ${parts.origin}` : ''}' sees which. Until then messages go over REST.`,
  );
}

async function explainRefusal(exam: Exam): Promise<Talk | undefined> {
  const { findings, parts } = exam;
  const answer = await handshake(exam, { origin: parts.origin });
  if (answer.status === 101) {
    // It opens for a program that looks, and not for a WebSocket: two tries of which one failed, or a subprotocol that was not chosen.
    const again = exam.open(await credentialOr(exam));
    if (await hasOpened(exam, again)) return afterOpening(exam, again);
    findings.wrong('socket.upgrade', 'The handshake is accepted, but not as WebSocket (RFC 6455) has it.', 'Answer 101 with Sec-WebSocket-Accept; of the offered subprotocols choose one, or none where none was offered.');
    return undefined;
  }
  if (parts.auth === 'subprotocol' && /subprotocol/i.test(answer.because)) {
    findings.wrong('token.subprotocol', `The handshake is accepted, but no subprotocol is chosen (${answer.because}): browsers close such a socket at once.`, readToken.subprotocol);
    return undefined;
  }
  if (answer.status === 401 || answer.status === 403) return explainForbidden(exam, answer);
  await explainObstacle(exam, answer);
  return undefined;
}

async function credentialOr(exam: Exam): Promise<string> {
  const found = await credential(exam);
  return 'value' in found ? found.value : exam.parts.token;
}

/** A handshake with the good token, from wherever `request` says. */
async function handshake(exam: Exam, request: UpgradeRequest, auth = exam.parts.auth): Promise<UpgradeAnswer> {
  const { address, openUpgrade, token } = exam.parts;
  const { url, protocols } = placeToken(address.socket, auth, auth === 'ticket' ? await credentialOr(exam) : token);
  return openUpgrade!(url, { protocols, ...request });
}

/** 401 or 403: the site, or the token? Whoever comes from nowhere, or from the server's own site, is asked the same. */
async function explainForbidden(exam: Exam, { status }: UpgradeAnswer): Promise<Talk | undefined> {
  const { findings, parts } = exam;
  const own = new URL(parts.address.api).origin;
  if (parts.origin) {
    exam.begin('origin.allowed');
    for (const origin of [undefined, own]) {
      if (origin === parts.origin || (await handshake(exam, { origin })).status !== 101) continue;
      const who = origin === undefined ? 'without an Origin header' : `from its own origin, ${origin},`;
      findings.wrong('origin.allowed', `The socket is refused (${status}) from ${parts.origin}, and opens ${who} with the same token: the site is not allowed.`, allowOrigin(parts.origin));
      exam.openOrigin = origin;
      return openElsewhere(exam);
    }
  } else if ((await handshake(exam, { origin: own })).status === 101) {
    // Refuses programs, which send no Origin; from a site it opens.
    exam.openOrigin = own;
    findings.note('origin.allowed', `Without an Origin header the socket is refused (${status}); from ${own} it opens. Say --origin to have your own site tried.`);
    return openElsewhere(exam);
  }
  await blameToken(exam, `refused with ${status}`);
  return undefined;
}

async function openElsewhere(exam: Exam): Promise<Talk | undefined> {
  const talk = exam.open(await credentialOr(exam));
  if (await hasOpened(exam, talk)) return afterOpening(exam, talk);
  return undefined;
}

/** The socket does not know a token that REST knows. Perhaps it looks for it elsewhere. */
async function blameToken(exam: Exam, how: string): Promise<void> {
  const { findings, parts } = exam;
  const { auth, token, openUpgrade } = parts;
  const point = `token.${auth}` satisfies PointId;
  findings.pass('socket.upgrade', `${parts.address.socket} answers handshakes (this one: ${how}).`);
  findings.pass('socket.route');
  findings.skip('no socket opens: see ' + point, 'origin.allowed');
  if (findings.is('token.rest', 'wrong')) return findings.skip('REST does not take this token either: see token.rest', point);
  const elsewhere = openUpgrade && how.startsWith('refused') ? await findToken(exam, openUpgrade, token) : '';
  const doubt = exam.restWorks ? 'REST takes the same token' : 'whether the token is good could not be seen, because REST cannot be used';
  const where = { query: 'in the query of the address (?token=…)', subprotocol: 'as a subprotocol (bearer.…)', ticket: 'as a ticket (?ticket=…)' }[auth];
  findings.wrong(point, `The socket does not take the token where it is put, ${where}: it was ${how}; ${doubt}.${elsewhere && ` ${elsewhere}`}`, readToken[auth]);
}

async function findToken(exam: Exam, openUpgrade: NonNullable<Exam['parts']['openUpgrade']>, token: string): Promise<string> {
  const { address, auth } = exam.parts;
  const origin = exam.openOrigin;
  const works = async (url: string, request: UpgradeRequest): Promise<boolean> => (await openUpgrade(url, { origin, ...request })).status === 101;
  if (await works(address.socket, { headers: { Authorization: `Bearer ${token}` } })) return 'It takes it from the header Authorization, which a browser cannot send with a WebSocket.';
  if (auth !== 'subprotocol' && (await works(address.socket, { protocols: ['unified-chat', `bearer.${base64url(token)}`] }))) return 'It takes it as a subprotocol: auth="subprotocol" on <chat-connection> would do.';
  if (auth !== 'query' && (await works(`${address.socket}?token=${encodeURIComponent(token)}`, {}))) return 'It takes it from the query: auth="query" would do.';
  return '';
}

/** Anything but 'you may not': what stands in the way, and is it a proxy? */
async function explainObstacle(exam: Exam, { status, headers, body, because }: UpgradeAnswer): Promise<void> {
  const { findings, parts } = exam;
  const path = new URL(parts.address.socket).pathname;
  const wrong = (says: string, mend: string): void => findings.wrong('socket.upgrade', says, mend);
  if (status === undefined) {
    if (/timed? ?out/i.test(because)) return wrong('The handshake is not answered.', `The server or a proxy holds it back. ${nginx(path)}`);
    return wrong(`The handshake gets no answer (${because}).`, `Something cuts the connection: a proxy or firewall that does not know WebSockets, or a server that breaks at the handshake; its log would say so. ${nginx(path)}`);
  }
  if (status >= 300 && status < 400) return wrong(`The handshake is answered with a redirect (${status}) to ${headers.get('Location') ?? 'nowhere'}. A WebSocket follows none.`, 'Give the url and ws-path that it leads to.');
  if (status === 404 && !(await isPlainAnswer(exam, status, body))) {
    findings.pass('socket.upgrade', 'Handshakes are answered.');
    return findings.wrong('socket.route', `There is no WebSocket at ${path} (404).`, 'Route this path to the chat consumer, or say where it is: ws-path on <chat-connection>, --ws-path here. Slashes count.');
  }
  if (status === 429) return wrong('Too many handshakes (429).', 'Wait, or raise the limit: a page opens one socket, and tries again after a wait that grows.');
  if (status >= 500) return wrong(`The handshake is answered with ${status}.`, status === 500 ? 'The server fails at the handshake: its log has the reason.' : `The proxy does not reach the server for WebSockets, though REST may go elsewhere. Is the ASGI server running? ${nginx(path)}`);
  const page = body ? ` and ${describePage({ text: body, headers }).is}` : '';
  wrong(`The handshake is answered with ${status}${page}, as if no upgrade had been asked for: the upgrade does not reach the server.${status === 404 ? ` (Or nothing at all is at ${path}: then correct ws-path.)` : ''}`, nginx(path));
}

/** Whether a plain request for the socket's path is answered in the same way: then the upgrade was not seen. */
async function isPlainAnswer(exam: Exam, status: number, body: string): Promise<boolean> {
  const asked = await exam.ask(exam.parts.address.socket.replace(/^ws/, 'http'), { token: undefined });
  return isAnswer(asked) && asked.status === status && asked.text.slice(0, 200) === body.slice(0, 200);
}
