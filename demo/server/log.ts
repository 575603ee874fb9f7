/**
 * Structured logs without tokens, tickets and user content. Tokens are redacted by field name and inside any text. Of
 * an error, only its type and location are logged, because database errors quote values in their messages.
 */
import { pino, type Logger, type LoggerOptions } from 'pino';
import type { ResolvedOptions } from './options.js';
import { UnserialisableError } from './serialise.js';

export type { Logger };

// Each pattern matches in linear time, without backtracking, so that hostile text cannot slow it down.
const TOKEN_LIKE = /[\w.%~+/=-]+/g;
const PARAMETER = /([?&](?:token|ticket)=)[^&\s"\\]*/gi;
/** A token in a subprotocol. */
const SUBPROTOCOL = /\bbearer\.[\w-]+/gi;
const REDACTED = '[redacted]';
/** The base64url prefix of every JWT. */
const JWT_START = 'eyJ';

/** Limits of a log record: characters per text, array items, characters per stack, nesting depth. */
const MAX_TEXT = 300;
const MAX_ITEMS = 20;
const MAX_STACK = 3_000;
const MAX_DEPTH = 3;

/** Removes everything that could be a token, in linear time. */
export function redact(text: string): string {
  return text
    .replace(TOKEN_LIKE, (run) => {
      const at = run.indexOf(JWT_START);
      return at < 0 ? run : run.slice(0, at) + REDACTED;
    })
    .replace(PARAMETER, `$1${REDACTED}`)
    .replace(SUBPROTOCOL, REDACTED);
}

/** Limits the size of external values (a path, an `Origin`) before they are logged. */
function sanitize(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return sanitizeText(value);
  if (value instanceof Error) return describeError(value);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (depth >= MAX_DEPTH) return '[nested]';
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => sanitize(item, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, sanitize(field, depth + 1)]));
}

function sanitizeText(text: string): string {
  // Redacted before it is cut, so that a token at the cut is not logged in part.
  const redacted = redact(text.slice(0, MAX_TEXT * 2));
  return text.length > MAX_TEXT ? `${redacted.slice(0, MAX_TEXT)}… (${text.length} characters)` : redacted;
}

const IDENTIFIER = /^[\w-]{1,60}$/;
const identifierOrUndefined = (value: unknown): string | undefined =>
  typeof value === 'string' && IDENTIFIER.test(value) ? value : undefined;

/** Location fields of database errors, besides the message. */
const LOCATION_FIELDS = ['code', 'table', 'column', 'constraint', 'syscall'] as const;

/**
 * The loggable part of an error: its type and location. The message is included only if it cannot contain user content.
 */
function describeError(error: unknown, depth = 0): object {
  if (!(error instanceof Error)) return { type: typeof error };
  const fields = error as Error & Record<string, unknown>;
  const location = LOCATION_FIELDS.flatMap((field): [string, unknown][] =>
    identifierOrUndefined(fields[field]) ? [[field, fields[field]]] : [],
  );
  const isHarmless =
    error instanceof UnserialisableError ||
    (typeof fields['syscall'] === 'string' && typeof fields['errno'] === 'number');
  return {
    type: identifierOrUndefined(error.name) ?? 'Error',
    ...(Object.fromEntries(location) as Record<string, unknown>),
    ...(isHarmless && { message: sanitizeText(error.message) }),
    stack: framesOf(error),
    ...(error.cause !== undefined && depth < MAX_DEPTH && { cause: describeError(error.cause, depth + 1) }),
  };
}

/** The stack frames, without the error message before them. */
function framesOf({ stack = '', message }: Error): string {
  const at = stack.indexOf(message);
  if (at < 0) return '';
  return redact(stack.slice(at + message.length, at + message.length + MAX_STACK).trim());
}

export function createLog({ logLevel, logTo }: Pick<ResolvedOptions, 'logLevel' | 'logTo'>): Logger {
  const options: LoggerOptions = {
    level: logLevel,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    redact: [
      'token',
      'ticket',
      'authorization',
      'secret',
      '*.token',
      '*.ticket',
      '*.authorization',
      '*.secret',
      '*.*.authorization',
    ],
    formatters: { log: (fields) => sanitize(fields) as Record<string, unknown> },
    // Pino's default would add the message again.
    serializers: { err: (error: unknown) => error },
    hooks: { streamWrite: redact },
  };
  return logTo ? pino(options, logTo) : pino(options);
}
