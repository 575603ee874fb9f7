import { ChatError } from '../transport/index.js';
import type { ConnectionParts } from './connection-parts.js';
import { countCharacters, sendableText } from './sendable-text.js';

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

/**
 * @param mayBeEmpty whether the message has something besides its text.
 * @returns the text as it is sent.
 * @throws {ChatError} `unauthorized`, `empty_message`, `message_too_long`.
 */
export function requireSendable(
  { store, tokens }: Pick<ConnectionParts, 'store' | 'tokens'>,
  content: string,
  mayBeEmpty = false,
): string {
  const text = sendableText(content);
  const limit = store.data.limits.content;
  const isMissing = !text && !mayBeEmpty;
  if (tokens.isSignedOut || isMissing || countCharacters(text) > (limit ?? Infinity))
    throw sendError(text, tokens.isSignedOut, limit);
  return text;
}

export const noSuchMessage = (): ChatError => new ChatError('not_found', 'There is no unsent message with this id.');
