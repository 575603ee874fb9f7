/**
 * The reference backend as a command: `node --import tsx demo/server/main.ts [flags]`.
 *
 *   --port N        default: $PORT, or any free port      --data DIR    where data lives (default .data)
 *   --host H        default 127.0.0.1                     --reset       forget the data first
 *   --origin URL    a page that may connect (repeatable)  --baseline    no capability, as the oldest backends
 *   --with a,b|all  differences of real backends, listed by --help
 *   --rate N        messages a minute and user            --prepare     makes ready what the first start on a machine
 *                                                                       would take seconds for, and ends
 *
 * Environment: DATABASE_URL (a Postgres server instead of the embedded one), REDIS_URL (where several processes on one
 * database meet), JWT_SECRET (one for all of them), LOG_LEVEL.
 */
import { rm } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { readDifferences, readNumber, readPlaces, readSecret, stop } from './command.js';
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
    rate: { type: 'string' },
    reset: { type: 'boolean', default: false },
    baseline: { type: 'boolean', default: false },
    prepare: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (flags.help) {
  console.log('Flags: --port --host --data --reset --origin --baseline --with --rate --prepare. Differences for --with:');
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
  ...readPlaces(flags.data),
  allowedOrigins: flags.origin,
  baseline: flags.baseline,
  differences: readDifferences(flags.with),
  ...(rate !== undefined && { limits: { rate } }),
  logLevel: (process.env['LOG_LEVEL'] as Options['logLevel'] | undefined) ?? 'info',
}).catch((error: unknown) => stop(error instanceof Error ? error.message : String(error)));
console.log(`The reference backend is at ${server.url}`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void server.close().then(() => process.exit(0)));
}
