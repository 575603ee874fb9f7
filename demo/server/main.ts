/**
 * The reference backend as a command: `node --import tsx demo/server/main.ts [flags]`.
 *
 *   --port N        default: $PORT, or any free port      --data DIR    data folder (default .data)
 *   --host H        default 127.0.0.1                     --reset       delete the data first
 *   --origin URL    an allowed origin (repeatable)        --baseline    no capabilities, like the oldest backends
 *   --with a,b|all  deviations of real backends, listed by --help
 *   --without a,b   capabilities that the server does not have, listed by --help
 *   --rate N        messages per minute and user          --prepare     create the cached empty database, which takes
 *   --limit NAME=N  another limit: see                                  seconds once per machine, and exit
 *                   docs/SECURITY.md (repeatable)       --trust-proxy   clients are behind a proxy that appends to
 *   --all-people    users find all users, not only              X-Forwarded-For
 *                   those with whom they share a room
 *
 * Environment: DATABASE_URL (a Postgres server instead of the embedded one), REDIS_URL (shared by several processes on
 * one database), JWT_SECRET (the same for all of them), UPLOADS_DIR (default: uploads in the data folder) or S3_URL for
 * files, SCAN_URL (scans them), CONTEXT_URL (asked for the titles of contexts): see docs/SCALING.md; LOG_LEVEL.
 */
import { rm } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import {
  readDifferences,
  readLimits,
  readNumber,
  readStorageOptions,
  readSecret,
  readWithout,
  exitWithError,
} from './command-options.js';
import { REMOVABLE } from './capabilities.js';
import { emptyCluster } from './database/database.js';
import { DIFFERENCES } from './quirks.js';
import type { Options } from './options.js';
import { startServer } from './server.js';

const { values: flags } = parseArgs({
  options: {
    port: { type: 'string', default: process.env['PORT'] ?? '0' },
    host: { type: 'string', default: '127.0.0.1' },
    data: { type: 'string', default: '.data' },
    origin: { type: 'string', multiple: true, default: [] },
    with: { type: 'string', default: '' },
    without: { type: 'string', default: '' },
    rate: { type: 'string' },
    limit: { type: 'string', multiple: true, default: [] },
    reset: { type: 'boolean', default: false },
    baseline: { type: 'boolean', default: false },
    'all-people': { type: 'boolean', default: false },
    prepare: { type: 'boolean', default: false },
    'trust-proxy': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (flags.help) {
  console.log(
    'Flags: --port --host --data --reset --origin --baseline --with --without --rate --limit --all-people --trust-proxy --prepare.',
  );
  console.log(`For --without: ${REMOVABLE.join(', ')}.\nFor --with:`);
  for (const { name, description } of DIFFERENCES) console.log(`  ${name.padEnd(20)}${description}`);
  process.exit(0);
}

if (flags.prepare) {
  await emptyCluster();
  process.exit(0);
}

if (flags.reset) await rm(flags.data, { recursive: true, force: true });

const rate = readNumber('rate', flags.rate);
const server = await startServer({
  port: readNumber('port', flags.port) ?? 0,
  host: flags.host,
  secret: await readSecret(flags.data),
  ...readStorageOptions(flags.data),
  allowedOrigins: flags.origin,
  trustProxy: flags['trust-proxy'],
  baseline: flags.baseline,
  differences: readDifferences(flags.with),
  without: readWithout(flags.without),
  allPeople: flags['all-people'],
  limits: { ...readLimits('limit', flags.limit), ...(rate !== undefined && { rate }) },
  logLevel: (process.env['LOG_LEVEL'] as Options['logLevel'] | undefined) ?? 'info',
}).catch((error: unknown) => exitWithError(error instanceof Error ? error.message : String(error)));
console.log(`Reference backend listening at ${server.url}`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void server.close().then(() => process.exit(0)));
}
