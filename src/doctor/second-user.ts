import type { CheckContext } from './check-context.js';
import { getCredential } from './credential.js';
import { hasType, isFrame, type RecordingSocket } from './recording-socket.js';

/** @returns a WebSocket of the second user, after the greeting; undefined if there is no such user, or none opens. */
export async function openAsSecondUser(context: CheckContext): Promise<RecordingSocket | undefined> {
  const { secondToken } = context.options;
  if (!secondToken) return undefined;
  const credential = await getCredential(context, secondToken);
  if (!('value' in credential)) return undefined;
  const socket = context.openSocket(credential.value);
  const greeting = await socket.waitFor(hasType('connection_established'), context.timing.greetingMs);
  return isFrame(greeting) ? socket : undefined;
}
