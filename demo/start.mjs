/**
 * `npm start`: starts the demo from a fresh clone. Plain Node: installs missing packages, builds what is out of date,
 * and starts main.ts with all flags:
 *
 *   npm start -- --reset                 delete the data
 *   npm start -- --baseline --with all   a baseline backend with every known deviation
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { checkNode, install, ROOT, whyInstall } from '../scripts/install.mjs';

process.chdir(ROOT);
checkNode();

/** Prints a step and its duration; on failure, prints the error and exits. */
async function step(what, run) {
  const at = Date.now();
  console.log(`  ${what} …`);
  const problem = await run();
  if (problem) {
    console.error(`\n${problem.trimEnd()}\n\nFailed: ${what}.`);
    process.exit(1);
  }
  console.log(`  ${what}: ${((Date.now() - at) / 1000).toFixed(1)} s`);
}

/** Runs a Node script to its end. @returns its output if it failed, otherwise an empty string. */
const call = (...args) =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (said += data));
    child.on('error', (error) => resolve(String(error)));
    child.on('close', (code) => resolve(code === 0 ? '' : said || `Exit code ${code}.`));
  });

/** Modification time of a file, or the latest one in a folder. */
const changedAt = (path) => {
  const stat = statSync(path);
  return stat.isDirectory() ? Math.max(...readdirSync(path).map((name) => changedAt(join(path, name)))) : stat.mtimeMs;
};

const BUILT = 'dist/demo/chat.js';
const isCurrent = () =>
  existsSync(BUILT) &&
  statSync(BUILT).mtimeMs > Math.max(...['src', 'vite.config.ts', 'package-lock.json'].map(changedAt));

const reason = whyInstall();
if (reason) {
  await step(`installing packages (${reason})`, install);
  // Creating the empty database cluster takes seconds, once per machine.
  await step('preparing the embedded database', () => call('--import', 'tsx', 'demo/server/main.ts', '--prepare'));
}

const build = (mode) => call('node_modules/vite/bin/vite.js', 'build', '--mode', mode, '--logLevel', 'warn');

// Building and starting the server take equally long, so they run in parallel.
const building = isCurrent() ? undefined : step('building', async () => (await build('demo')) || build('demo-loader'));
if (!building) console.log('  the build is current');
const demo = spawn(process.execPath, ['--import', 'tsx', 'demo/main.ts', ...process.argv.slice(2)], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
// The address is printed only when the page is built.
let held = [];
demo.stdout.on('data', (data) => (held ? held.push(data) : process.stdout.write(data)));
await building;
for (const data of held) process.stdout.write(data);
held = undefined;
// Built in the background: studio and playground (/dist/site/), then the framework examples (/dist/examples/).
void (async () => {
  for (const mode of ['site', 'examples']) {
    if (!building && existsSync(`dist/demo/${mode}`)) continue;
    const problem = await build(mode);
    if (problem) console.error(problem);
  }
})();

// Ctrl-C signals the child directly; a signal to this process alone is forwarded. Receiving both does no harm.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => demo.kill('SIGTERM'));
demo.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
if (demo.exitCode !== null) process.exit(demo.exitCode);
