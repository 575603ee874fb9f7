/** `npm run bench`: prints the figures of docs/PERFORMANCE.md. Needs a build (`npm run build`) and Chromium. */
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import puppeteer from 'puppeteer-core';
import { findBrowsers } from '../support/browsers.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TYPES = { html: 'text/html', js: 'text/javascript', map: 'application/json' };
const RUNS = 7;

const server = createServer((request, response) => {
  const path = join(ROOT, new URL(request.url, 'http://x').pathname);
  response.setHeader('Content-Type', TYPES[path.split('.').at(-1)] ?? 'text/plain');
  createReadStream(path)
    .on('error', () => response.writeHead(404).end())
    .pipe(response);
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

const executablePath = process.env.CHROME_PATH ?? findBrowsers().chromium;
if (!executablePath) throw new Error('No Chrome, Chromium or Edge was found. Set CHROME_PATH to one.');
const browser = await puppeteer.launch({ executablePath, args: ['--no-sandbox', '--disable-background-networking'] });
const page = await browser.newPage();
await page.setViewport({ width: 800, height: 800 });
page.on('pageerror', (error) => console.error(error));
await page.goto(`http://127.0.0.1:${server.address().port}/test/bench/thread.html`);
await page.waitForFunction('window.bench && customElements.get("chat-thread")');

const call = (name, ...values) => page.evaluate((called, given) => window.bench[called](...given), name, values);
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

console.log(`Chromium ${(await browser.version()).split('/')[1]}, median of ${RUNS} runs\n`);
const rows = [];
const claim = (what, figure, limit, holds) => rows.push({ what, figure, limit, holds: holds ? 'yes' : 'NO' });

await call('show', 100); // warm-up
const shown = { 100: [], 10_000: [] };
let big;
for (let run = 0; run < RUNS; run++) {
  shown[100].push((await call('show', 100)).shown);
  big = await call('show', 10_000);
  shown[10_000].push(big.shown);
}
const [few, many] = [median(shown[100]), median(shown[10_000])];
claim('DOM nodes of 10,000 messages', `${big.nodes} (${big.elements} elements)`, '1,500', big.nodes <= 1_500);
claim(
  'time to show 10,000 messages',
  `${many.toFixed(1)} ms, ${(many / few).toFixed(2)} × that of 100 (${few.toFixed(1)} ms)`,
  '1.5 ×',
  many <= few * 1.5,
);

const live = await call('live', 1_000, 200);
claim(
  '1,000 live messages at 200/s: longest task',
  `${live.longest.toFixed(0)} ms (${live.seconds.toFixed(1)} s, ${live.away} frames away from the end)`,
  '50 ms',
  live.longest <= 50,
);
claim('… and then at the end', String(live.atEnd), 'true', live.atEnd);

await call('show', 200, 50);
const older = await call('older');
claim(
  '50 older messages above: text moves',
  `${older.moved.toFixed(2)} px in ${older.frames} frames`,
  '1 px',
  older.moved <= 1 && older.messages === 250,
);

console.table(rows);
await browser.close();
server.close();
if (rows.some(({ holds }) => holds !== 'yes')) process.exitCode = 1;
