import { lazyImport } from '../internal/lazy-import.js';
import { check, Message, type Id } from '../protocol/index.js';
import { throwNotLoaded } from './errors.js';
import type { RestClient } from './rest.js';
import type { SendMessageOptions } from './transport.js';

const importUploads = lazyImport(() => import('./upload-request.js'));

/** @throws {ChatError} `unreachable` */
export const loadUploads = (): ReturnType<typeof importUploads> => importUploads().catch(throwNotLoaded);

/** Stores a message over REST. @throws {ChatError} */
export async function sendMessage(
  rest: RestClient,
  roomId: Id,
  content: string,
  { replyTo, idempotencyKey, attachments, file, signal }: SendMessageOptions = {},
): Promise<Message> {
  const path = `rooms/${encodeURIComponent(roomId)}/send_message/`;
  const body = {
    room: roomId,
    content,
    message_type: file ? 'file' : 'text',
    ...(replyTo != null && { reply_to: replyTo }),
    ...(attachments && { attachments }),
  };
  const headers: Record<string, string> = idempotencyKey ? { 'Idempotency-Key': idempotencyKey } : {};
  const answer = file
    ? await (await loadUploads()).sendForm(rest, path, { fields: body, file, headers, signal })
    : await rest.request(path, { method: 'POST', body, headers, signal });
  return rest.unwrap(check(Message, answer, 'POST rooms/{id}/send_message/'));
}
