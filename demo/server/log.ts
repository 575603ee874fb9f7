/**
 * Structured logs. A token or a ticket cannot get into them: not by name, and not inside any text. Nor can what people write:
 * of an error only what names its kind and place is kept, because a database repeats values in its messages.
 */
import { pino, type Logger, type LoggerOptions } from 'pino';
import type { ResolvedOptions } from './options.js';
import { UnserialisableError } from './serialise.js';

export type { Logger };

// Each pattern reads a text once, without backtracking: hostile text cannot make it slow.
const TOKEN_LIKE = /[\w.%~+/=-]+/g;
const PARAMETER = /([?&](?:token|ticket)=)[^&\s"\\]*/gi;
/** A token in a subprotocol. */
const SUBPROTOCOL = /\bbearer\.[\w-]+/gi;
const REDACTED = '[redacted]';
/** How a JWT begins, in base64url. */
const JWT_START = 'eyJ';

/** The longest text in a log, in characters, and how deep an object is followed. */
const LONGEST = 300;
const MOST_ITEMS = 20;
const LONGEST_STACK = 3_000;
const DEEPEST = 3;

/** A text without anything that could be a token. Takes time in proportion to its length. */
export function redact(text: string): string {
  return text
    .replace(TOKEN_LIKE, (run) => {
      const at = run.indexOf(JWT_START);
      return at < 0 ? run : run.slice(0, at) + REDACTED;
    })
    .replace(PARAMETER, `$1${REDACTED}`)
    .replace(SUBPROTOCOL, REDACTED);
}

/** What comes from outside and may be long (a path, an `Origin`), as a log may hold it. */
function tame(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return tameText(value);
  if (value instanceof Error) return errorOf(value);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (depth >= DEEPEST) return '[nested]';
  if (Array.isArray(value)) return value.slice(0, MOST_ITEMS).map((item) => tame(item, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, tame(field, depth + 1)]));
}

function tameText(text: string): string {
  // Cut before it is looked at, and again after: what is cut off in the middle of a token must not show its beginning.
  const known = redact(text.slice(0, LONGEST * 2));
  return text.length > LONGEST ? `${known.slice(0, LONGEST)}… (${text.length} characters)` : known;
}

const NAME = /^[\w-]{1,60}$/;
const nameOr = (value: unknown): string | undefined => (typeof value === 'string' && NAME.test(value) ? value : undefined);

/** What a database says of where an error is, besides its message. */
const PLACES = ['code', 'table', 'column', 'constraint', 'syscall'] as const;

/** What a log holds of an error: its kind and its place. Of its message only what certainly holds nothing that anybody wrote. */
function errorOf(error: unknown, depth = 0): object {
  if (!(error instanceof Error)) return { type: typeof error };
  const fields = error as Error & Record<string, unknown>;
  const places = PLACES.flatMap((place): [string, unknown][] => (nameOr(fields[place]) ? [[place, fields[place]]] : []));
  const isHarmless = error instanceof UnserialisableError || (typeof fields['syscall'] === 'string' && typeof fields['errno'] === 'number');
  return {
    type: nameOr(error.name) ?? 'Error',
    ...(Object.fromEntries(places) as Record<string, unknown>),
    ...(isHarmless && { message: tameText(error.message) }),
    stack: framesOf(error),
    ...(error.cause !== undefined && depth < DEEPEST && { cause: errorOf(error.cause, depth + 1) }),
  };
}

/** Where it was thrown, without its message, which stands before that. */
function framesOf({ stack = '', message }: Error): string {
  const at = stack.indexOf(message);
  if (at < 0) return '';
  return redact(stack.slice(at + message.length, at + message.length + LONGEST_STACK).trim());
}

export function createLog({ logLevel, logTo }: Pick<ResolvedOptions, 'logLevel' | 'logTo'>): Logger {
  const options: LoggerOptions = {
    level: logLevel,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    redact: ['token', 'ticket', 'authorization', 'secret', '*.token', '*.ticket', '*.authorization', '*.secret', '*.*.authorization'],
    formatters: { log: (fields) => tame(fields) as Record<string, unknown> },
    // Pino's own would add the message again.
    serializers: { err: (error: unknown) => error },
    hooks: { streamWrite: redact },
  };
  return logTo ? pino(options, logTo) : pino(options);
}
