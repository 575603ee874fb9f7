import { ChatError } from '../transport/index.js';
import { countCharacters } from './sendable-text.js';

/**
 * The error for a message that is rejected before it is sent. Deferred: see deferred.ts.
 * @param limit maximum length of a message, in characters.
 */
export function sendError(text: string, isSignedOut: boolean, limit: number | undefined): ChatError {
  if (isSignedOut) return new ChatError('unauthorized', 'You are not signed in.');
  if (!text) return new ChatError('empty_message', 'The message is empty.');
  return new ChatError(
    'message_too_long',
    `The message has ${countCharacters(text)} characters; the limit is ${limit}.`,
  );
}

export const noSuchMessage = (): ChatError => new ChatError('not_found', 'There is no unsent message with this id.');
