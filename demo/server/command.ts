/** What every command that starts a server reads from its flags and its environment. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DIFFERENCES, isDifference, type Difference } from './quirks.js';
import type { DatabaseKind, Options } from './options.js';

/** Ends the command with one sentence. */
export function stop(sentence: string): never {
  console.error(sentence);
  process.exit(1);
}

/** `all`, or names with commas. */
export function readDifferences(list: string): Difference[] {
  if (list === 'all') return DIFFERENCES.map(({ name }) => name);
  return list.split(',').filter(Boolean).map((name) => {
    if (!isDifference(name)) stop(`There is no difference '${name}'. There are: ${DIFFERENCES.map((difference) => difference.name).join(', ')}.`);
    return name;
  });
}

/** A number from a flag that may be absent. */
export function readNumber(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) stop(`--${flag} is a whole number, not '${text}'.`);
  return Number(text);
}

/** The key of the tokens: given, or made once and kept, so that tokens survive a restart. */
export async function readSecret(folder: string): Promise<string> {
  if (process.env['JWT_SECRET']) return process.env['JWT_SECRET'];
  const file = join(folder, 'jwt-secret');
  const kept = await readFile(file, 'utf8').catch(() => '');
  if (kept) return kept;
  const made = crypto.randomUUID() + crypto.randomUUID();
  await mkdir(folder, { recursive: true });
  await writeFile(file, made, { mode: 0o600 });
  return made;
}

/** Where everything is kept, by DATABASE_URL and REDIS_URL; `folder` is for a server that is alone. */
export function readPlaces(folder: string): Pick<Options, 'database' | 'redis'> {
  const { DATABASE_URL: url, REDIS_URL: redis } = process.env;
  const database: DatabaseKind = url ? { kind: 'url', url } : { kind: 'folder', path: folder };
  return { database, redis: redis || undefined };
}
