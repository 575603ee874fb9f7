/**
 * Installs the packages if they are missing or out of date. Used by `npm test`, and run before `npm run build`. Plain
 * Node without dependencies, because it runs in a fresh clone.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Exits with an error message if this version of Node is too old. */
export function checkNode() {
  const minimum = /(\d+)\.(\d+)/.exec(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).engines.node);
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [needMajor, needMinor] = [Number(minimum[1]), Number(minimum[2])];
  if (major > needMajor || (major === needMajor && minor >= needMinor)) return;
  console.error(
    `unified-chat needs Node ${needMajor}.${needMinor} or newer; this is Node ${process.versions.node}. Download it from https://nodejs.org.`,
  );
  process.exit(1);
}

/** @returns why packages have to be installed; empty: they are up to date. */
export function whyInstall() {
  const installed = join(ROOT, 'node_modules/.package-lock.json');
  if (!existsSync(installed)) return 'not installed yet';
  return statSync(join(ROOT, 'package-lock.json')).mtimeMs > statSync(installed).mtimeMs
    ? 'package-lock.json has changed'
    : '';
}

/** @returns the program that runs npm, and the arguments to put before npm's own. */
export function npmCommand() {
  const cli = [process.env.npm_execpath, join(dirname(process.execPath), 'node_modules/npm/bin/npm-cli.js')].find(
    (path) => path?.endsWith('.js') && existsSync(path),
  );
  return cli ? [process.execPath, [cli]] : ['npm', []];
}

/** @returns npm's output if it failed; empty: success. */
export function install() {
  const [command, before] = npmCommand();
  const env = { ...process.env, PUPPETEER_SKIP_DOWNLOAD: '1' };
  return new Promise((resolve) => {
    const child = spawn(command, [...before, 'ci', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: command === 'npm' && process.platform === 'win32',
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
    child.on('error', (error) => resolve(String(error)));
    child.on('close', (code) => resolve(code === 0 ? '' : output || `npm exited with code ${code}.`));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  checkNode();
  const problem = whyInstall() && (await install());
  if (problem) console.error(problem);
  process.exitCode = problem ? 1 : 0;
}
