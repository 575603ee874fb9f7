/** Installs the packages when they are missing or out of date (run by itself, too: before `npm run build`). Plain Node: for a fresh clone. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Ends the process with one clear sentence where this Node is too old. */
export function checkNode() {
  const wanted = /(\d+)\.(\d+)/.exec(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).engines.node);
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [needMajor, needMinor] = [Number(wanted[1]), Number(wanted[2])];
  if (major > needMajor || (major === needMajor && minor >= needMinor)) return;
  console.error(`unified-chat needs Node ${needMajor}.${needMinor} or newer; this is Node ${process.versions.node}. Get one from https://nodejs.org.`);
  process.exit(1);
}

/** Why packages must be installed, or nothing. */
export function whyInstall() {
  const done = join(ROOT, 'node_modules/.package-lock.json');
  if (!existsSync(done)) return 'no packages yet';
  return statSync(join(ROOT, 'package-lock.json')).mtimeMs > statSync(done).mtimeMs ? 'package-lock.json has changed' : '';
}

/** How npm is called: a program, and what comes before its arguments. */
export function npmCommand() {
  const cli = [process.env.npm_execpath, join(dirname(process.execPath), 'node_modules/npm/bin/npm-cli.js')].find((path) => path?.endsWith('.js') && existsSync(path));
  return cli ? [process.execPath, [cli]] : ['npm', []];
}

/** @returns what npm said, where it failed. */
export function install() {
  const [command, before] = npmCommand();
  const env = { ...process.env, PUPPETEER_SKIP_DOWNLOAD: '1' };
  return new Promise((resolve) => {
    const child = spawn(command, [...before, 'ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'], shell: command === 'npm' && process.platform === 'win32' });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (said += data));
    child.on('error', (error) => resolve(String(error)));
    child.on('close', (code) => resolve(code === 0 ? '' : said || `npm ended with ${code}.`));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  checkNode();
  const problem = whyInstall() && (await install());
  if (problem) console.error(problem);
  process.exitCode = problem ? 1 : 0;
}
