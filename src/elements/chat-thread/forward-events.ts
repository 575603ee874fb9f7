import type { ChatConnection, ChatMessage } from '../../client/index.js';
import { sameId, type Id } from '../../protocol/index.js';
import { ChatSendEvent, ChatSendFailedEvent } from '../events.js';

/**
 * Dispatches the events of a connection that concern the room of an element.
 * @returns a function that stops it.
 */
export function forwardEvents(
  host: HTMLElement,
  connection: ChatConnection | undefined,
  getRoomId: () => Id | null,
  onMessage: (message: ChatMessage) => void,
): () => void {
  const subscriptions = connection && [
    connection.on('chat-message', ({ roomId, message }) => {
      if (sameId(roomId, getRoomId())) onMessage(message);
    }),
    connection.on('chat-send', ({ roomId, method, message }) => {
      if (sameId(roomId, getRoomId())) host.dispatchEvent(new ChatSendEvent(roomId, method, message));
    }),
    connection.on('chat-send-failed', ({ roomId, localId, error }) => {
      if (sameId(roomId, getRoomId())) host.dispatchEvent(new ChatSendFailedEvent(roomId, localId, error));
    }),
  ];
  return () => subscriptions?.forEach((stop) => stop());
}
