/** Structured logs. A token or a ticket cannot get into them: not by name, and not inside any text. */
import { pino, type Logger, type LoggerOptions } from 'pino';
import type { ResolvedOptions } from './options.js';

export type { Logger };

/** A JWT in any text: an error's message, a URL, a header. */
const JWT = /eyJ[\w-]+(\.|%2E)[\w-]*(\.|%2E)[\w-]*/gi;
const PARAMETER = /([?&](?:token|ticket)=)[^&\s"]*/gi;
/** A token in a subprotocol. */
const SUBPROTOCOL = /\bbearer\.[\w-]+/gi;

export function createLog({ logLevel, logTo }: Pick<ResolvedOptions, 'logLevel' | 'logTo'>): Logger {
  const options: LoggerOptions = {
    level: logLevel,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    redact: ['token', 'ticket', 'authorization', 'secret', '*.token', '*.ticket', '*.authorization', '*.secret', '*.*.authorization'],
    hooks: {
      streamWrite: (line) => line.replace(JWT, '[redacted]').replace(PARAMETER, '$1[redacted]').replace(SUBPROTOCOL, '[redacted]'),
    },
  };
  return logTo ? pino(options, logTo) : pino(options);
}
