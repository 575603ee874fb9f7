/**
 * Handles an open room that cannot be read while others can: the connection stays up, and the room is read again at
 * growing intervals. Loaded on demand: see deferred.ts.
 */
import { idKey } from '../../protocol/index.js';
import { sleep, type ChatError, type ErrorCode } from '../../transport/index.js';
import { backoff } from '../backoff.js';
import type { SessionContext } from '../session-context.js';
import type { RoomCursor } from './history-source.js';
import { timeLeft, type Wait } from '../time-left.js';

type RoomRetryHost = Pick<SessionContext, 'clock' | 'platform' | 'roomSync' | 'socket'>;

/** Errors that concern one room. Any other failure concerns the server or the network. */
const ABOUT_A_ROOM: readonly ErrorCode[] = ['server_error', 'unexpected_answer', 'invalid', 'too_large'];
/**
 * The number of failed reads in a row after which the failure is attributed to the room. A restarting server fails
 * briefly.
 */
const MAX_FAILURES = 3;

/** Rooms that are being retried. */
const beingRead = new WeakSet<RoomCursor>();
/** The wait until a poll may read a failing room again. */
const waits = new WeakMap<RoomCursor, Wait>();

/** Whether a poll skips this room for now. */
export function isResting({ clock }: RoomRetryHost, history: RoomCursor): boolean {
  const wait = waits.get(history);
  return history.failures > 0 && wait !== undefined && timeLeft(clock, wait) > 0;
}

/**
 * Whether the connection may continue without this room, whose thread shows the failure.
 * @param read reads the room again. It is called until it succeeds while a socket is up. Without one, a later poll
 *   reads the room.
 * @param one the room, if only this room was read, so that nothing else depends on it.
 */
export function canContinueWithout(
  session: RoomRetryHost,
  history: RoomCursor,
  error: ChatError,
  read: () => Promise<void>,
  one?: RoomCursor,
): boolean {
  if (error.code === 'aborted') return false;
  history.failures++;
  // 502, 503 and 504 concern the server.
  const isAboutRoom = ABOUT_A_ROOM.includes(error.code) && (error.code !== 'server_error' || error.status === 500);
  if (!one && (!isAboutRoom || history.failures < MAX_FAILURES)) return false;
  const { clock, socket, platform } = session;
  waits.set(history, { from: clock.now(), ms: backoff(history.failures, platform.random) });
  if (socket) void readUntilItSucceeds(session, history, socket.signal, read);
  return true;
}

const isOpen = ({ roomSync }: RoomRetryHost, history: RoomCursor): boolean =>
  roomSync.openRooms.get(idKey(history.roomId)) === history;

async function readUntilItSucceeds(
  session: RoomRetryHost,
  history: RoomCursor,
  signal: AbortSignal,
  read: () => Promise<void>,
): Promise<void> {
  if (beingRead.has(history)) return;
  beingRead.add(history);
  try {
    while (history.failures > 0 && history.rechecks === undefined && isOpen(session, history) && !signal.aborted) {
      await sleep(session.clock, backoff(history.failures, session.platform.random), signal);
      if (!signal.aborted) await read().catch(() => history.failures++);
    }
  } finally {
    beingRead.delete(history);
  }
}
