/**
 * Checks a live backend against docs/PROTOCOL.md. Each check runs after those that it depends on. Runs in browsers and
 * in Node: `fetch`, `WebSocket` and `requestUpgrade` are options.
 */
import type { Id } from '../protocol/index.js';
import { ChatError, makeAddress, type AddressParts, type AuthMode } from '../transport/index.js';
import { checkAround } from './check-around.js';
import { checkBadCredentials } from './check-bad-credentials.js';
import { CheckContext, DEFAULT_TIMING, type DoctorTiming } from './check-context.js';
import { checkCors } from './check-cors.js';
import { checkFrames, checkGreeting } from './check-frames.js';
import { checkHandshake } from './check-handshake.js';
import { checkHidingReceipts } from './check-hide-receipts.js';
import { checkHistory, checkMarkRead } from './check-history.js';
import { checkIdempotency } from './check-idempotency.js';
import { checkIds } from './check-ids.js';
import { checkMessageChanges } from './check-message-changes.js';
import { checkForeignSubscription, checkNonMemberFrames } from './check-non-member.js';
import { checkNotifications } from './check-notifications.js';
import { checkPeople, checkRoomPages } from './check-people.js';
import { checkPermissions } from './check-permissions.js';
import { checkRest } from './check-rest.js';
import { checkRoomChanges } from './check-room-changes.js';
import { checkRoomConsistency } from './check-room-consistency.js';
import { checkRoomListUpdate } from './check-room-list-update.js';
import { checkForeignRooms, checkRooms } from './check-rooms.js';
import { checkSending, openWriteContext } from './check-send.js';
import { checkSync } from './check-sync.js';
import { checkTimes } from './check-times.js';
import { checkUploads } from './check-uploads.js';
import { checksFor, WRITE_CHECKS, type CheckId } from './checks.js';
import { countVerdicts, Findings, type Finding, type Report } from './findings.js';
import type { RecordingSocket } from './recording-socket.js';
import { Redactor } from './redact.js';
import type { RequestUpgrade } from './upgrade-request.js';

export interface DiagnoseOptions extends AddressParts {
  /** The user's token. It never appears in the report. Without one, only the checks that need none run. */
  token?: string | null | undefined;
  /** Called once for a token, which takes precedence over `token`. */
  tokenProvider?: (() => Promise<string>) | undefined;
  /** The token of a second user: checks that rooms are closed to non-members, and that messages are delivered. */
  userToken2?: string | undefined;
  /** How the WebSocket receives the token. @default 'query' */
  auth?: AuthMode | undefined;
  /** The origin of the site that uses the backend, such as `https://my.site`. @default the page's own, in a browser */
  origin?: string | undefined;
  /** Sends messages to `room`, changes one of them, reads its history, and marks those messages as read. @default false */
  write?: boolean | undefined;
  /** Whether to check the notifications WebSocket. @default true; in a browser false */
  notifications?: boolean | undefined;
  /** The room for the checks of one room; required with `write`. @default the first of the room list */
  room?: Id | undefined;
  /** @default the global `fetch` */
  fetch?: typeof fetch | undefined;
  /** `withWs` makes this option and `requestUpgrade` from the package `ws`. @default the global `WebSocket` */
  WebSocket?: typeof WebSocket | undefined;
  /** Performs a handshake and returns its HTTP status. Without it, the cause of a refused handshake is unknown. */
  requestUpgrade?: RequestUpgrade | undefined;
  /** Time limits in milliseconds. */
  timing?: Partial<DoctorTiming> | undefined;
  /** Called with each finding at once. If it throws, the diagnosis stops. */
  onFinding?: ((finding: Finding) => void) | undefined;
  /** Called when a check starts. */
  onCheck?: ((id: CheckId, title: string) => void) | undefined;
  /** Aborts the diagnosis. */
  signal?: AbortSignal | undefined;
}

/**
 * Checks a backend.
 * @throws {ChatError} `bad_url`; `backend_not_allowed`; `invalid` for `write` without `room`; `not_found` if the user
 *   is not in `room`; `aborted`.
 * @example
 * const report = await diagnose({ url: 'https://api.example.com', token });
 * if (!report.healthy) console.error(toText(report));
 */
export async function diagnose(options: DiagnoseOptions): Promise<Report> {
  const { write = false, room } = options;
  const address = makeAddress(options);
  if (write && room === undefined) throw new ChatError('invalid', "The option 'write' requires the option 'room'.");
  const startedAt = Date.now();
  const context = await createContext(options, address);
  try {
    await runChecks(context, write);
  } finally {
    context.closeSockets();
  }
  const findings = context.findings.list();
  const counts = countVerdicts(findings);
  return {
    url: address.base,
    startedAt: new Date(startedAt).toISOString(),
    durationSeconds: (Date.now() - startedAt) / 1_000,
    healthy: counts.fail === 0,
    counts,
    findings,
  };
}

async function createContext(options: DiagnoseOptions, address: ReturnType<typeof makeAddress>): Promise<CheckContext> {
  const { auth = 'query', room, requestUpgrade, signal } = options;
  let tokenProblem: ChatError | undefined;
  const provided = await options.tokenProvider?.().catch((thrown: unknown) => {
    // Other errors of the page may contain anything.
    if (thrown instanceof ChatError) tokenProblem = thrown;
  });
  const token = (provided ?? options.token ?? '').trim();
  const secondToken = options.userToken2?.trim() || undefined;
  const redactor = new Redactor(token, secondToken);
  const planned = checksFor({ auth, hasSecondUser: secondToken !== undefined });
  const inBrowser = !requestUpgrade && (globalThis as { document?: unknown }).document !== undefined;
  return new CheckContext({
    address,
    token,
    tokenProblem,
    secondToken,
    auth,
    origin: options.origin ?? (inBrowser ? globalThis.location.origin : undefined),
    inBrowser,
    hasNotifications: options.notifications ?? !inBrowser,
    room,
    timing: { ...DEFAULT_TIMING, ...options.timing },
    findings: new Findings(planned, redactor, options.onFinding ?? (() => {})),
    redactor,
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    WebSocket: options.WebSocket ?? (globalThis as { WebSocket?: typeof WebSocket }).WebSocket,
    requestUpgrade,
    signal,
    onCheck: options.onCheck ?? (() => {}),
  });
}

async function runChecks(context: CheckContext, write: boolean): Promise<void> {
  const { findings } = context;
  const roomsResponse = await checkRest(context);
  if (roomsResponse === false) return findings.skipRemaining('the server is unreachable');
  if (roomsResponse) {
    await checkRooms(context, roomsResponse);
    await checkForeignRooms(context);
  }
  const opened = await checkHandshake(context);
  const greeted = opened && checkGreeting(context, opened) ? opened : undefined;
  const socket = greeted && (await checkFrames(context, greeted));
  if (socket) {
    await checkRoomConsistency(context, socket);
    await checkForeignSubscription(context);
    checkPermissions(context, socket);
    await checkAround(context, write);
    await checkHidingReceipts(context, write);
    await checkPeople(context);
    if (roomsResponse) await checkRoomPages(context);
    await checkNotifications(context);
  }
  await checkBadCredentials(context);
  await checkCors(context);
  if (!write) {
    const reason =
      'runs only with --write --room ID, because it changes data (on some backends, reading a history marks it read)';
    findings.skip(reason, ...WRITE_CHECKS);
  } else if (socket) await runWriteChecks(context, socket);
  checkTimes(context);
  checkIds(context);
  findings.skipRemaining(reasonForRemaining(findings));
}

async function runWriteChecks(context: CheckContext, socket: RecordingSocket): Promise<void> {
  const write = await openWriteContext(context, socket, context.room!);
  if (!write) return;
  await checkSending(write);
  await checkRoomListUpdate(write);
  await checkNonMemberFrames(write);
  await checkIdempotency(write);
  await checkHistory(write);
  await checkMarkRead(write);
  await checkSync(write);
  await checkUploads(write);
  await checkMessageChanges(write);
  await checkRoomChanges(write);
}

/** A check without a finding needs the result of a failed one. */
function reasonForRemaining(findings: Findings): string {
  const failed = findings.list().find(({ verdict }) => verdict === 'fail');
  return failed ? `needs ${failed.id}, which failed` : 'there was no data to check';
}
