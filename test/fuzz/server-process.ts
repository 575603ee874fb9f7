/** The reference backend in a separate process with little memory. Prints its address, and logs to standard output. */
import { startServer } from '../../demo/server/server.js';

const server = await startServer({
  database: process.env.FUZZ_DATABASE ? { kind: 'url', url: process.env.FUZZ_DATABASE } : { kind: 'memory' },
  seed: true,
  limits: { rate: 1_000_000 },
  logLevel: 'info',
  secret: process.env.FUZZ_SECRET!,
  logTo: { write: (line) => void process.stdout.write(line) },
});
process.stdout.write(`listening ${server.url}\n`);
