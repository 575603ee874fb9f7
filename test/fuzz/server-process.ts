/** The reference backend in a separate process with little memory. Prints its address, and logs to standard output. */
import { startServer } from '../../demo/server/server.js';

const UNLIMITED = 1_000_000;

const server = await startServer({
  database: process.env.FUZZ_DATABASE ? { kind: 'url', url: process.env.FUZZ_DATABASE } : { kind: 'memory' },
  seed: true,
  // The limits would refuse most of the input before the code under test sees it.
  limits: {
    rate: UNLIMITED,
    deletesPerUser: UNLIMITED,
    typingPerUser: UNLIMITED,
    listsPerUser: UNLIMITED,
    directRoomsPerUser: UNLIMITED,
    ticketsPerUser: UNLIMITED,
    handshakesPerUser: UNLIMITED,
    handshakesPerAddress: UNLIMITED,
    failedSignInsPerAddress: UNLIMITED,
    invalidFramesPerSocket: UNLIMITED,
  },
  logLevel: 'info',
  secret: process.env.FUZZ_SECRET!,
  logTo: { write: (line) => void process.stdout.write(line) },
});
process.stdout.write(`listening ${server.url}\n`);
