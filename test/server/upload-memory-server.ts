/** A server in a process of its own, which reports its memory. */
import { startServer } from '../../demo/server/server.js';

const MAX_FILE_BYTES = 65_000_000;
const SAMPLE_MS = 5;

let peak = 0;
setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), SAMPLE_MS);

process.on('message', (question) => {
  void (async () => {
    if (question === 'rss') process.send!((peak = process.memoryUsage.rss()));
    if (question === 'peak') process.send!(peak);
    if (question !== 'start') return;
    const server = await startServer({ limits: { attachmentBytes: MAX_FILE_BYTES } });
    process.send!({ url: server.url, token: await server.signToken(1) });
  })();
});
