/** The user and the server's capabilities, for the greeting of a socket and for `GET me/`. */
import { announced, has } from '../capabilities.js';
import type { Viewer } from '../auth.js';
import type { SocketConnection } from './socket-connection.js';
import type { Context } from '../context.js';

/** What `uploads` adds to the limits. */
function uploadLimits({ options, storage }: Source): object {
  if (!has(options, 'uploads')) return {};
  const upload = storage.signPut ? 'presigned' : 'multipart';
  return { attachments: options.limits.attachments, accept: options.accept, upload };
}

type Source = Pick<Context, 'options' | 'storage'>;

/** The body of the greeting, without its type. */
export function describe(context: Source, viewer: Viewer): object {
  const { options } = context;
  const { content, attachmentBytes: attachment_bytes, rate, editSeconds } = options.limits;
  const extra = options.baseline
    ? {}
    : {
        protocol: 1,
        capabilities: announced(options),
        heartbeat_s: options.heartbeatSeconds,
        limits: {
          content,
          attachment_bytes,
          rate,
          ...(editSeconds > 0 && { edit_s: editSeconds }),
          ...uploadLimits(context),
        },
        ...(has(options, 'hide_receipts') && { hide_receipts: viewer.hidesReceipts === true }),
      };
  return { user_id: viewer.id, username: viewer.username, ...extra, timestamp: new Date() };
}

export function greet(context: Context, viewer: Viewer, connection: SocketConnection): void {
  const session = context.options.baseline ? undefined : crypto.randomUUID();
  connection.send({ type: 'connection_established', session, ...describe(context, viewer) });
  for (const frame of context.differences.greetings()) connection.send(frame);
}
