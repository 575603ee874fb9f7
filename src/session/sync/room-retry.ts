/**
 * One open room that cannot be read, while the others can: the connection stays up, and the room is read again at growing intervals. Loaded on
 * demand: see deferred.ts.
 */
import { idKey } from '../../protocol/index.js';
import { sleep, type ChatError, type ErrorCode } from '../../transport/index.js';
import { backoff } from '../backoff.js';
import type { SessionContext } from '../session-context.js';
import type { RoomCursor } from './history-source.js';
import { timeLeft, type Wait } from '../time-left.js';

type RoomRetryHost = Pick<SessionContext, 'clock' | 'platform' | 'roomSync' | 'socket'>;

/** Answers about one room. Any other failure is about the server or the network. */
const ABOUT_A_ROOM: readonly ErrorCode[] = ['server_error', 'unexpected_answer', 'invalid', 'too_large'];
/** Reads of a room that fail in a row, before the failure is taken for the room's own. A restarting server answers 502 for a moment. */
const MAX_FAILURES = 3;

/** Rooms that are read until that succeeds. */
const beingRead = new WeakSet<RoomCursor>();
/** The wait until a failing room may be read again by a poll. */
const waits = new WeakMap<RoomCursor, Wait>();

/** Whether a poll leaves this room out for now. */
export function isResting({ clock }: RoomRetryHost, history: RoomCursor): boolean {
  const wait = waits.get(history);
  return history.failures > 0 && wait !== undefined && timeLeft(clock, wait) > 0;
}

/**
 * Whether the connection may go on without this room. The room's thread shows the failure.
 * @param read reads the room again. It is called until it succeeds, beside a socket: without one, a later poll reads the room.
 * @param one the room, if it alone was read: then nothing else waits for it.
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
  // 502, 503 and 504 are about the server.
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
