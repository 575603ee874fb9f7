/**
 * The reference backend as a command: `node --import tsx demo/server/main.ts [flags]`.
 *
 *   --port N        default: $PORT, or any free port      --data DIR    where data lives (default .data)
 *   --host H        default 127.0.0.1                     --reset       forget the data first
 *   --origin URL    a page that may connect (repeatable)  --baseline    no capability, as the oldest backends
 *   --with a,b|all  differences of real backends, listed by --help
 *   --prepare       makes ready what the first start on a machine would take seconds for, and ends
 *
 * Environment: DATABASE_URL (a Postgres server instead of the embedded one), JWT_SECRET, LOG_LEVEL.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { emptyCluster } from './database.js';
import { DIFFERENCES, isDifference, type Difference } from './differences.js';
import type { DatabaseKind, Options } from './options.js';
import { startServer } from './server.js';

const { values: flags } = parseArgs({
  options: {
    port: { type: 'string', default: process.env['PORT'] ?? '0' },
    host: { type: 'string', default: '127.0.0.1' },
    data: { type: 'string', default: '.data' },
    origin: { type: 'string', multiple: true, default: [] },
    with: { type: 'string', default: '' },
    reset: { type: 'boolean', default: false },
    baseline: { type: 'boolean', default: false },
    prepare: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (flags.help) {
  console.log('Flags: --port --host --data --reset --origin --baseline --with --prepare. Differences for --with:');
  for (const { name, description } of DIFFERENCES) console.log(`  ${name.padEnd(20)}${description}`);
  process.exit(0);
}

if (flags.prepare) {
  await emptyCluster();
  process.exit(0);
}

function readDifferences(list: string): Difference[] {
  if (list === 'all') return DIFFERENCES.map(({ name }) => name);
  return list.split(',').filter(Boolean).map((name) => {
    if (!isDifference(name)) throw new Error(`There is no difference '${name}'. --help lists them.`);
    return name;
  });
}

/** The key of the tokens: given, or made once and kept, so that tokens survive a restart. */
async function readSecret(folder: string): Promise<string> {
  if (process.env['JWT_SECRET']) return process.env['JWT_SECRET'];
  const file = join(folder, 'jwt-secret');
  const kept = await readFile(file, 'utf8').catch(() => '');
  if (kept) return kept;
  const made = crypto.randomUUID() + crypto.randomUUID();
  await mkdir(folder, { recursive: true });
  await writeFile(file, made, { mode: 0o600 });
  return made;
}

const url = process.env['DATABASE_URL'];
const database: DatabaseKind = url ? { kind: 'url', url } : { kind: 'folder', path: flags.data };
if (flags.reset) await rm(flags.data, { recursive: true, force: true });

const server = await startServer({
  port: Number(flags.port),
  host: flags.host,
  secret: await readSecret(flags.data),
  database,
  allowedOrigins: flags.origin,
  baseline: flags.baseline,
  differences: readDifferences(flags.with),
  logLevel: (process.env['LOG_LEVEL'] as Options['logLevel'] | undefined) ?? 'info',
});
console.log(`The reference backend is at ${server.url}`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void server.close().then(() => process.exit(0)));
}
