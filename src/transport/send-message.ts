import { check, Message, type Id } from '../protocol/index.js';
import type { RestClient } from './rest.js';
import type { SendMessageOptions } from './transport.js';

/** Stores a message over REST. @throws {ChatError} */
export async function sendMessage(
  rest: RestClient,
  roomId: Id,
  content: string,
  { replyTo, idempotencyKey, signal }: SendMessageOptions = {},
): Promise<Message> {
  const body = { room: roomId, content, message_type: 'text', ...(replyTo != null && { reply_to: replyTo }) };
  const headers: Record<string, string> = idempotencyKey ? { 'Idempotency-Key': idempotencyKey } : {};
  const answer = await rest.request(`rooms/${encodeURIComponent(roomId)}/send_message/`, {
    method: 'POST',
    body,
    headers,
    signal,
  });
  return rest.unwrap(check(Message, answer, 'POST rooms/{id}/send_message/'));
}
