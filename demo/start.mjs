/**
 * `npm start`: from a fresh clone to a marketplace page on which two people talk. Plain Node: it installs what is missing, builds
 * what is out of date, and starts main.ts, to which all flags go:
 *
 *   npm start -- --reset                 forget the data
 *   npm start -- --baseline --with all   a backend that can only do the baseline, with every known difference
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { checkNode, install, ROOT, whyInstall } from '../scripts/install.mjs';

process.chdir(ROOT);
checkNode();

/** Says what is done and how long it took; ends with what went wrong. */
async function step(what, run) {
  const at = Date.now();
  console.log(`  ${what} …`);
  const problem = await run();
  if (problem) {
    console.error(`\n${problem.trimEnd()}\n\nThat did not work: ${what}.`);
    process.exit(1);
  }
  console.log(`  ${what}: ${((Date.now() - at) / 1000).toFixed(1)} s`);
}

/** Runs a program of ours to its end. @returns what it said, where it failed. */
const call = (...args) =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (said += data));
    child.on('error', (error) => resolve(String(error)));
    child.on('close', (code) => resolve(code === 0 ? '' : said || `It ended with ${code}.`));
  });

/** When a file, or the last of a folder's, was changed. */
const changedAt = (path) => {
  const stat = statSync(path);
  return stat.isDirectory() ? Math.max(...readdirSync(path).map((name) => changedAt(join(path, name)))) : stat.mtimeMs;
};

const BUILT = 'dist/demo/chat.js';
const isCurrent = () => existsSync(BUILT) && statSync(BUILT).mtimeMs > Math.max(...['src', 'vite.config.ts', 'package-lock.json'].map(changedAt));

const reason = whyInstall();
if (reason) {
  await step(`installing packages (${reason})`, install);
  // Making the empty database cluster takes seconds, once on a machine.
  await step('preparing the embedded database', () => call('--import', 'tsx', 'demo/server/main.ts', '--prepare'));
}

const build = (mode) => call('node_modules/vite/bin/vite.js', 'build', '--mode', mode, '--logLevel', 'warn');

// The server takes as long to start as the build, so they do so together.
const building = isCurrent() ? undefined : step('building', async () => (await build('demo')) || build('demo-loader'));
if (!building) console.log('  the build is current');
const demo = spawn(process.execPath, ['--import', 'tsx', 'demo/main.ts', ...process.argv.slice(2)], { stdio: ['ignore', 'pipe', 'inherit'] });
// The address is shown when the page is there, too.
let held = [];
demo.stdout.on('data', (data) => (held ? held.push(data) : process.stdout.write(data)));
await building;
for (const data of held) process.stdout.write(data);
held = undefined;
// Built after the start: the studio and the playground (/dist/site/), then the examples with a framework (/dist/examples/).
void (async () => {
  for (const mode of ['site', 'examples']) {
    if (!building && existsSync(`dist/demo/${mode}`)) continue;
    const problem = await build(mode);
    if (problem) console.error(problem);
  }
})();

// Ctrl-C reaches the demo by itself; a signal to this process alone is passed on. Twice does no harm.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => demo.kill('SIGTERM'));
demo.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
if (demo.exitCode !== null) process.exit(demo.exitCode);
