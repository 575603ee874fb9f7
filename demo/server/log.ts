/** Structured logs. A token cannot get into them: not by name, and not inside any text. */
import { pino, type Logger, type LoggerOptions } from 'pino';
import type { ResolvedOptions } from './options.js';

export type { Logger };

/** A JWT in any text: an error's message, a URL, a header. */
const JWT = /eyJ[\w-]+(\.|%2E)[\w-]*(\.|%2E)[\w-]*/gi;
const TOKEN_PARAMETER = /([?&]token=)[^&\s"]*/gi;

export function createLog({ logLevel, logTo }: Pick<ResolvedOptions, 'logLevel' | 'logTo'>): Logger {
  const options: LoggerOptions = {
    level: logLevel,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    redact: ['token', 'authorization', 'secret', '*.token', '*.authorization', '*.secret', '*.*.authorization'],
    hooks: {
      streamWrite: (line) => line.replace(JWT, '[redacted]').replace(TOKEN_PARAMETER, '$1[redacted]'),
    },
  };
  return logTo ? pino(options, logTo) : pino(options);
}
