/**
 * The doctor: examines a live backend against docs/PROTOCOL.md, point by point, in the order in which one thing needs
 * another. It knows neither a page nor Node; what it looks with (`fetch`, `WebSocket`, `openUpgrade`) comes from outside.
 */
import type { Id } from '../protocol/index.js';
import { ChatError, makeAddress, type AddressParts, type AuthMode } from '../transport/index.js';
import { checkCors } from './check-cors.js';
import { checkCounts } from './check-counts.js';
import { checkHandshake } from './check-handshake.js';
import { checkHistory, checkReading } from './check-history.js';
import { checkIdempotence } from './check-idempotent.js';
import { checkProbes } from './check-probes.js';
import { checkRest } from './check-rest.js';
import { checkForeignRooms, checkRooms } from './check-rooms.js';
import { checkSending, openDesk } from './check-send.js';
import { checkSync } from './check-sync.js';
import { checkGreeting, checkTalk } from './check-talk.js';
import { DEFAULT_TIMING, Exam, type DoctorTiming } from './check-context.js';
import { countVerdicts, Findings, type Finding, type Report } from './findings.js';
import { pointsFor, WRITES, type PointId } from './checks.js';
import { Redactor } from './redact.js';
import type { Talk } from './recording-socket.js';
import { checkTimes } from './times.js';
import type { OpenUpgrade } from './upgrade.js';

export interface DiagnoseOptions extends AddressParts {
  /** Never in anything that the doctor says. Without one, it looks at what can be seen without. */
  token?: string | null | undefined;
  /** Asked for a token instead, where there is one: as a page's connection does. */
  tokenProvider?: (() => Promise<string>) | undefined;
  /** Of another person: whether rooms are closed to strangers, and messages reach the others. */
  userToken2?: string | undefined;
  /** How the token travels on the socket. Default `query`. */
  auth?: AuthMode | undefined;
  /** The site that is to use the backend: `https://my.site`. In a page: its own. */
  origin?: string | undefined;
  /** Sends messages, reads the history and marks as read, in `room`. Default false: nothing is changed. */
  write?: boolean | undefined;
  /** The room for `write`; without that, the one to subscribe to. Default: the first of the list. */
  room?: Id | undefined;
  fetch?: typeof fetch | undefined;
  /** Default: the global one. `withWs` makes one of the package `ws`, with `openUpgrade`. */
  WebSocket?: typeof WebSocket | undefined;
  openUpgrade?: OpenUpgrade | undefined;
  timing?: Partial<DoctorTiming> | undefined;
  /** Each finding, as soon as it is there. What this throws ends the examination. */
  onFinding?: ((finding: Finding) => void) | undefined;
  /** What is being looked at now. */
  onCheck?: ((id: PointId, title: string) => void) | undefined;
  /** Gives up. */
  signal?: AbortSignal | undefined;
}

/**
 * Examines a backend.
 * @throws {ChatError} `bad_url`; `invalid` for options that contradict each other; `not_found` where `room` is none of
 * this person's rooms; `aborted`.
 */
export async function diagnose(options: DiagnoseOptions): Promise<Report> {
  const { auth = 'query', write = false, room } = options;
  const address = makeAddress(options);
  if (write && room === undefined) throw new ChatError('invalid', 'To write, the doctor must be told into which room.');
  const began = Date.now();
  const provided = await options.tokenProvider?.().catch(() => undefined);
  const token = (provided ?? options.token ?? '').trim();
  const secondToken = options.userToken2?.trim() || undefined;
  const redactor = new Redactor(token, secondToken);
  const findings = new Findings(pointsFor({ auth, second: secondToken !== undefined }), redactor, options.onFinding ?? (() => {}));
  const inPage = !options.openUpgrade && (globalThis as { document?: unknown }).document !== undefined;
  const exam = new Exam({
    address,
    token,
    secondToken,
    auth,
    origin: options.origin ?? (inPage ? globalThis.location.origin : undefined),
    inPage,
    room,
    timing: { ...DEFAULT_TIMING, ...options.timing },
    findings,
    redactor,
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    WebSocket: options.WebSocket ?? (globalThis as { WebSocket?: typeof WebSocket }).WebSocket,
    openUpgrade: options.openUpgrade,
    signal: options.signal,
    onCheck: options.onCheck ?? (() => {}),
  });
  try {
    await examine(exam, write);
  } finally {
    exam.end();
  }
  const list = findings.list();
  const counts = countVerdicts(list);
  return { url: address.base, at: new Date(began).toISOString(), seconds: (Date.now() - began) / 1_000, healthy: counts.wrong === 0, counts, findings: list };
}

async function examine(exam: Exam, write: boolean): Promise<void> {
  const { findings } = exam;
  const rest = await checkRest(exam);
  if (rest === false) return findings.skipRest('the server cannot be reached');
  if (rest) {
    await checkRooms(exam, rest);
    await checkForeignRooms(exam);
  }
  const talk = await checkHandshake(exam);
  const greeted = talk && checkGreeting(exam, talk) ? talk : undefined;
  const still = greeted && (await checkTalk(exam, greeted));
  if (still) await checkCounts(exam, still);
  await checkProbes(exam);
  await checkCors(exam);
  if (!write) findings.skip('it would change something (reading a history marks it as read on some backends); --write --room <id> does it', ...WRITES);
  else if (still) await checkWriting(exam, still);
  checkTimes(exam);
  findings.skipRest(firstObstacle(findings));
}

async function checkWriting(exam: Exam, talk: Talk): Promise<void> {
  const desk = await openDesk(exam, talk, exam.room!);
  if (!desk) return;
  await checkSending(desk);
  await checkIdempotence(desk);
  await checkHistory(desk);
  await checkReading(desk);
  await checkSync(desk);
}

/** What everything that was not looked at has waited for. */
function firstObstacle(findings: Findings): string {
  const wrong = findings.list().find(({ verdict }) => verdict === 'wrong');
  return wrong ? `not before ${wrong.id} is mended` : 'there was nothing to look at';
}
