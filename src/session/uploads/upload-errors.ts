import { ChatError, type ErrorCode } from '../../transport/index.js';

export const LOST = (): ChatError =>
  new ChatError('file_lost', 'The file is not on this device any more. Attach it again.');

/** Errors after which the same upload may succeed. */
const TEMPORARY: readonly ErrorCode[] = [
  'aborted',
  'disconnected',
  'file_lost',
  'rate_limited',
  'server_error',
  'timeout',
  'token_missing',
  'unauthorized',
  'unexpected_answer',
  'unreachable',
];

export const isTemporary = ({ code }: ChatError): boolean => TEMPORARY.includes(code);

/** The error for a message whose file has failed: its outbox repeats temporary errors. */
export const finalError = (error: ChatError): ChatError =>
  isTemporary(error) && error.code !== 'file_lost' ? new ChatError('invalid', error.message, error.status) : error;

/** Whether the server does not know an upload any more: it has expired, or belongs to another message. */
export const isUnknownUpload = ({ answer }: ChatError): boolean =>
  (answer as { code?: unknown } | null | undefined)?.code === 'unknown_upload';

/** The problem that `chat-error` reports if the device does not store a file. */
export const NOT_STORED = {
  code: 'file_not_stored',
  detail: 'Keep this page open until your files are sent: this device has no space for them.',
} as const;
