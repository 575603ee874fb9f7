/** Options that every command starting a server reads from flags and environment. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isRemovable, REMOVABLE, type Removable } from './capabilities.js';
import { DIFFERENCES, isDifference, type Difference } from './quirks.js';
import { DEFAULT_LIMITS, type DatabaseKind, type Limits, type Options, type UploadsKind } from './options.js';

/** Prints the message to stderr and exits with code 1. */
export function exitWithError(message: string): never {
  console.error(message);
  process.exit(1);
}

/** Parses `all`, or a comma-separated list of names. */
export function readDifferences(list: string): Difference[] {
  if (list === 'all') return DIFFERENCES.map(({ name }) => name);
  return list
    .split(',')
    .filter(Boolean)
    .map((name) => {
      if (!isDifference(name))
        exitWithError(
          `Unknown difference '${name}'. Available: ${DIFFERENCES.map((difference) => difference.name).join(', ')}.`,
        );
      return name;
    });
}

/** Parses a comma-separated list of capabilities. */
export function readWithout(list: string): Removable[] {
  return list
    .split(',')
    .filter(Boolean)
    .map((name) => {
      if (!isRemovable(name)) exitWithError(`Unknown capability '${name}'. Available: ${REMOVABLE.join(', ')}.`);
      return name;
    });
}

/** Parses an optional numeric flag. */
export function readNumber(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) exitWithError(`--${flag} must be a whole number, not '${text}'.`);
  return Number(text);
}

/** Parses `name=number` for each limit. */
export function readLimits(flag: string, texts: readonly string[]): Partial<Limits> {
  return Object.fromEntries(
    texts.map((text) => {
      const [name, number] = text.split('=', 2) as [string, string?];
      if (!Object.hasOwn(DEFAULT_LIMITS, name))
        exitWithError(`Unknown limit '${name}'. Available: ${Object.keys(DEFAULT_LIMITS).join(', ')}.`);
      return [name, readNumber(`${flag} ${name}`, number ?? '')];
    }),
  );
}

/** The token signing key: from JWT_SECRET, or generated once and stored, so that tokens survive a restart. */
export async function readSecret(folder: string): Promise<string> {
  if (process.env['JWT_SECRET']) return process.env['JWT_SECRET'];
  const file = join(folder, 'jwt-secret');
  const stored = await readFile(file, 'utf8').catch(() => '');
  if (stored) return stored;
  const generated = crypto.randomUUID() + crypto.randomUUID();
  await mkdir(folder, { recursive: true });
  await writeFile(file, generated, { mode: 0o600 });
  return generated;
}

/**
 * Storage by DATABASE_URL, REDIS_URL, UPLOADS_DIR and S3_URL, and the services SCAN_URL and CONTEXT_URL. `folder` holds
 * the embedded database of a single server, and the files.
 */
export function readStorageOptions(
  folder: string,
): Pick<Options, 'contextUrl' | 'database' | 'redis' | 'scanUrl' | 'uploads'> {
  const { DATABASE_URL: url, REDIS_URL: redis, UPLOADS_DIR, S3_URL, SCAN_URL, CONTEXT_URL } = process.env;
  if (UPLOADS_DIR && S3_URL) exitWithError('UPLOADS_DIR and S3_URL are both set. Files have one place: remove one.');
  if (SCAN_URL && !URL.canParse(SCAN_URL)) exitWithError('SCAN_URL must be an address: https://scanner.example/scan.');
  if (CONTEXT_URL && !URL.canParse(CONTEXT_URL))
    exitWithError('CONTEXT_URL must be an address: https://shop.example/chat-context.');
  const database: DatabaseKind = url ? { kind: 'url', url } : { kind: 'folder', path: folder };
  const uploads: UploadsKind = S3_URL
    ? { kind: 's3', url: S3_URL }
    : { kind: 'folder', path: UPLOADS_DIR || join(folder, 'uploads') };
  return {
    database,
    redis: redis || undefined,
    uploads,
    scanUrl: SCAN_URL || undefined,
    contextUrl: CONTEXT_URL || undefined,
  };
}
