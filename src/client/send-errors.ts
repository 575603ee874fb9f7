import { ChatError } from '../transport/index.js';

/**
 * Why a message cannot be sent at all. Loaded on demand: see deferred.ts.
 * @param limit the most characters that the server takes, where it says so.
 */
export function sendError(text: string, isSignedOut: boolean, limit: number | undefined): ChatError {
  if (isSignedOut) return new ChatError('unauthorized', 'You are not signed in.');
  if (!text) return new ChatError('empty_message', 'A message needs some text.');
  return new ChatError('message_too_long', `The message has ${text.length} characters; this server takes ${limit}.`);
}

/** The message that is to be sent again is not there. */
export const noSuchMessage = (): ChatError => new ChatError('not_found', 'There is no such message to send again.');
