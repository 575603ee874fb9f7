/**
 * `npm test`: runs all tests from a fresh clone. Plain Node: installs missing packages, finds the browsers, and runs
 * the steps below, two at a time where they do not affect each other.
 *
 *   npm test                                       everything, in every engine found
 *   npm test -- --only lint,types                  some steps
 *   npm test -- --browser chromium                 one engine, or several, separated by commas
 *   npm test -- --files 'test/session/*.test.ts'   some test files only (also several, separated by commas)
 *                                                  (*.node.test.ts run in Node, *.browser.test.ts in browsers)
 *   FUZZ_SEED=7 npm test -- --only fuzz            repeats the input of a seed; FUZZ_SECONDS sets the duration
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { elementsPage } from '../scripts/element-docs.mjs';
import { DEBIAN_PACKAGES, ENGINES, findBrowsers, HOW_TO_GET } from './support/browsers.mjs';
import { checkNode, install, npmCommand, ROOT, whyInstall } from '../scripts/install.mjs';
import {
  DJANGO_PACKAGES,
  findDjango,
  findProgram,
  missingPrograms,
  PROSODY_PACKAGES,
  SERVICE_PACKAGES,
} from './support/find-programs.mjs';
import { findTests, isNodeTest } from './support/test-files.mjs';

process.chdir(ROOT);
checkNode();
const { values: flags } = parseArgs({
  options: { only: { type: 'string' }, browser: { type: 'string' }, files: { type: 'string' } },
});
const list = (flag) => flag?.split(',').filter(Boolean);
const isCI = /^(1|true)$/.test(process.env.CI ?? '');
const scratch = mkdtempSync(join(tmpdir(), 'unified-chat-test-'));
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    console.error(`\nStopped by ${signal}.`);
    process.exit(130);
  });
}
const begun = Date.now();
/** The requested engines that are installed, and those that are not. */
let present = [];
let missing = [];
/** Missing programs for the cluster step. */
let missingServices = [];

// --- test files ---

let allTests = [];
try {
  allTests = findTests('test');
} catch (error) {
  stop(error.message);
}
/** `*` matches within a folder, `**` any number of folders. */
const glob = (pattern) =>
  new RegExp(
    `^${pattern.replace(/[.+^$()[\]{}|]/g, '\\$&').replace(/\*\*\/|\*/g, (star) => (star === '*' ? '[^/]*' : '(.*/)?'))}$`,
  );
const wantedFiles = list(flags.files)?.map(glob);
const tests = wantedFiles ? allTests.filter((path) => wantedFiles.some((wanted) => wanted.test(path))) : allTests;
if (tests.length === 0) stop(`No test matches ${flags.files}.`);
const nodeTestsIn = (start) => tests.filter((path) => isNodeTest(path) && path.startsWith(start));
const doctorTests = nodeTestsIn('test/doctor/');
const fleetTests = nodeTestsIn('test/server/cluster');
const pageTests = nodeTestsIn('test/pages/');
const fuzzTests = nodeTestsIn('test/fuzz/');
const modelTests = nodeTestsIn('test/model/');
const ownSteps = [doctorTests, fleetTests, pageTests, fuzzTests, modelTests].flat();
const nodeTests = tests.filter((path) => isNodeTest(path) && !ownSteps.includes(path));
const endToEnd = tests.filter((path) => path.startsWith('test/e2e/') && !isNodeTest(path));
/** Tests that depend on the engine: of elements, or of code that uses storage, locks or browser pages. */
const isOfEngine = (path) =>
  /^test\/(elements|controllers|locale)\//.test(path) ||
  /mounted\.js|indexeddb-storage|indexedDB|navigator\.locks|fixture\(/.test(readFileSync(path, 'utf8'));
const browserTests = tests.filter((path) => !isNodeTest(path) && !endToEnd.includes(path));
const unitTests = browserTests.filter(isOfEngine);
/** The others have clock, network and storage in memory: one engine is enough. */
const logicTests = browserTests.filter((path) => !isOfEngine(path));

// --- steps ---

const bin = (path, ...args) => [process.execPath, `node_modules/${path}`, ...args];
const wtr = (name, files, env = {}) => ({
  command: [
    process.execPath,
    '--import',
    'tsx',
    'node_modules/@web/test-runner/dist/bin.js',
    '--config',
    'test/config/web-test-runner.config.mjs',
    '--files',
    ...files,
  ],
  env: { ...env, TEST_TOTALS: join(scratch, `${name}.json`) },
  totals: () => JSON.parse(readFileSync(join(scratch, `${name}.json`), 'utf8')),
  needsBrowsers: true,
});

/** Tests run by Node's test runner. */
const inNode = (name, files, ...flags) => ({
  command: [
    process.execPath,
    '--import',
    'tsx',
    '--test',
    ...flags,
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    '--test-reporter=tap',
    `--test-reporter-destination=${join(scratch, `${name}.tap`)}`,
    ...files,
  ],
  totals: () => {
    const tap = readFileSync(join(scratch, `${name}.tap`), 'utf8');
    const count = (what) => Number(new RegExp(`^# ${what} (\\d+)$`, 'm').exec(tap)?.[1] ?? 0);
    return {
      passed: count('pass'),
      failed: count('fail') + count('cancelled'),
      skipped: count('skipped') + count('todo'),
    };
  },
  tests: files,
});

/** A random seed, to find more; printed, to reproduce. Fixed in CI, so that a failure is caused by the change. */
const fuzz = {
  FUZZ_SEED: process.env.FUZZ_SEED ?? (isCI ? '20261127' : String(Math.floor(Math.random() * 2 ** 32))),
  FUZZ_SECONDS: process.env.FUZZ_SECONDS ?? '60',
};

/**
 * `commands`: instead of one `command`. `alone`: runs without other steps, because it depends on time. `needs`: steps
 * that run first, requested or not.
 */
const STEPS = [
  {
    name: 'lint',
    what: 'Prettier, ESLint and knip',
    commands: [
      bin('prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'),
      bin('eslint/bin/eslint.js', '--max-warnings', '0', '.'),
      bin('knip/bin/knip.js'),
    ],
  },
  { name: 'server', what: 'the reference backend and the test tools, in Node', ...inNode('server', nodeTests) },
  {
    name: 'cluster',
    what: 'several backends on PostgreSQL, Redis and nginx',
    ...inNode('cluster', fleetTests),
    needsServices: true,
  },
  {
    name: 'model',
    what: '2,000 random scenarios against a simulated server',
    ...inNode('model', modelTests),
    command: [process.execPath, 'test/model/run.mjs', '--tap', join(scratch, 'model.tap')],
  },
  { name: 'doctor', what: 'the doctor, with simulated backend faults', ...inNode('doctor', doctorTests) },
  {
    name: 'layers',
    what: 'import rules',
    command: bin(
      'dependency-cruiser/bin/dependency-cruise.mjs',
      '--config',
      'test/config/layers.cjs',
      'src',
      'demo',
      'scripts',
      'test',
      'vite.config.ts',
    ),
  },
  { name: 'types', what: 'TypeScript, and code that must fail to compile', command: bin('typescript/bin/tsc') },
  {
    name: 'manifest',
    what: 'custom-elements.json and docs/ELEMENTS.md are current',
    command: bin(
      '@custom-elements-manifest/analyzer/cem.js',
      'analyze',
      '--config',
      'scripts/manifest.mjs',
      '--outdir',
      'node_modules/.cache/manifest',
    ),
    check: () => {
      const read = (path) => (existsSync(path) ? readFileSync(path, 'utf8').trim() : '');
      const made = read('node_modules/.cache/manifest/custom-elements.json');
      if (read('custom-elements.json') !== made)
        return 'custom-elements.json does not match the docstrings. Run `npm run manifest` and commit it.';
      return read('docs/ELEMENTS.md') === elementsPage(JSON.parse(made)).trim()
        ? ''
        : 'docs/ELEMENTS.md does not match custom-elements.json. Run `npm run manifest` and commit it.';
    },
  },
  { name: 'build', what: 'dist/chat.js', command: bin('vite/bin/vite.js', 'build', '--logLevel', 'warn') },
  {
    name: 'loader',
    what: 'dist/loader.js, which contains the hash of dist/chat.js',
    command: bin('vite/bin/vite.js', 'build', '--mode', 'loader', '--logLevel', 'warn'),
    needs: ['build'],
  },
  {
    name: 'package',
    what: 'modules, types and editor integrations',
    command: [npmCommand()[0], ...npmCommand()[1], 'run', '--silent', 'build:package'],
    needs: ['loader'],
  },
  {
    name: 'site',
    what: 'the playground and the studio',
    command: bin('vite/bin/vite.js', 'build', '--mode', 'site', '--logLevel', 'error'),
  },
  {
    name: 'examples',
    what: 'framework examples',
    command: bin('vite/bin/vite.js', 'build', '--mode', 'examples', '--logLevel', 'error'),
  },
  {
    name: 'fuzz',
    what: `hostile requests, frames and messages: FUZZ_SEED=${fuzz.FUZZ_SEED} FUZZ_SECONDS=${fuzz.FUZZ_SECONDS}`,
    ...inNode('fuzz', fuzzTests, '--test-concurrency=1'),
    env: fuzz,
    needs: ['loader'],
    needsBrowsers: true,
  },
  { name: 'size', what: 'the size budgets', command: bin('size-limit/bin.js'), needs: ['loader'] },
  {
    name: 'unit',
    what: 'elements, storage, tabs: in every engine',
    ...wtr('unit', unitTests),
    tests: unitTests,
    alone: true,
  },
  {
    name: 'logic',
    what: 'the library, with clock and network in memory',
    ...wtr('logic', logicTests),
    tests: logicTests,
    alone: true,
    engine: 'chromium',
  },
  // Mostly waiting, so all engines run at once.
  {
    name: 'e2e',
    what: 'real browsers, real server',
    ...wtr('e2e', endToEnd, { CONCURRENT_BROWSERS: '3' }),
    tests: endToEnd,
    alone: true,
    needs: ['loader'],
  },
  {
    name: 'pages',
    what: 'sites, apps and designs in Chromium',
    ...inNode('pages', pageTests, '--test-concurrency=2'),
    needs: ['package', 'site', 'examples'],
    alone: true,
    needsBrowsers: true,
  },
];

const only = list(flags.only);
const unknown = only?.filter((name) => !STEPS.some((step) => step.name === name)) ?? [];
if (unknown.length > 0)
  stop(`Unknown step: ${unknown.join(', ')}. Available: ${STEPS.map(({ name }) => name).join(', ')}.`);
const isWanted = ({ name, tests }) =>
  (!only || only.includes(name)) && (wantedFiles ? tests?.length > 0 : !tests || tests.length > 0);
const needed = new Set();
const need = (name) => {
  STEPS.find((step) => step.name === name).needs?.forEach(need);
  needed.add(name);
};
STEPS.filter(isWanted).forEach(({ name }) => need(name));
const steps = STEPS.filter(({ name }) => needed.has(name));

// --- prerequisites ---

const reason = whyInstall();
if (reason) {
  const at = Date.now();
  const problem = await install();
  report({ name: 'install', what: reason, seconds: (Date.now() - at) / 1000, problem });
  if (problem) finish([{ name: 'install', problem }]);
}

const engines = list(flags.browser) ?? ENGINES;
const strange = engines.filter((engine) => !ENGINES.includes(engine));
if (strange.length > 0) stop(`Unknown engine: ${strange.join(', ')}. Available: ${ENGINES.join(', ')}.`);
if (steps.some(({ needsBrowsers }) => needsBrowsers)) {
  const lacking = () => engines.filter((engine) => !findBrowsers()[engine]);
  missing = lacking();
  if (missing.length > 0 && existsSync('/etc/debian_version') && process.getuid?.() === 0) {
    const at = Date.now();
    const problem = await installByApt(missing.flatMap((engine) => DEBIAN_PACKAGES[engine]));
    missing = lacking();
    report({
      name: 'browsers',
      what: 'installed by apt',
      seconds: (Date.now() - at) / 1000,
      problem: missing.length > 0 ? problem : '',
    });
  }
  for (const engine of missing) console.log(`  skipped  ${engine}: not found; ${HOW_TO_GET[engine]}`);
}
present = engines.filter((engine) => !missing.includes(engine));

if (steps.some(({ needsServices }) => needsServices)) {
  missingServices = missingPrograms();
  if (missingServices.length > 0 && existsSync('/etc/debian_version') && process.getuid?.() === 0) {
    const at = Date.now();
    const problem = await installByApt(SERVICE_PACKAGES);
    missingServices = missingPrograms();
    report({
      name: 'services',
      what: 'installed by apt',
      seconds: (Date.now() - at) / 1000,
      problem: missingServices.length > 0 ? problem : '',
    });
  }
  if (missingServices.length > 0)
    console.log(
      `  skipped  cluster: ${missingServices.join(', ')} not found; install PostgreSQL, Redis and nginx (Debian: ${SERVICE_PACKAGES.join(' ')})`,
    );
}

/** Services for some tests, which are skipped without them. */
const EXTRAS = [
  { name: 'django', step: 'pages', find: findDjango, packages: DJANGO_PACKAGES },
  { name: 'prosody', step: 'server', find: () => findProgram('prosody'), packages: PROSODY_PACKAGES },
];
const missingExtras = [];
for (const { name, step, find, packages } of EXTRAS) {
  if (!steps.some((wanted) => wanted.name === step) || find()) continue;
  if (existsSync('/etc/debian_version') && process.getuid?.() === 0) {
    const at = Date.now();
    const problem = await installByApt(packages);
    report({ name, what: 'installed by apt', seconds: (Date.now() - at) / 1000, problem: find() ? '' : problem });
  }
  if (find()) continue;
  missingExtras.push(name);
  console.log(`  skipped  ${name}: not found; Debian: ${packages.join(' ')}`);
}

// --- run ---

const results = [];
if (isCI && missingExtras.length > 0) {
  const problem = `In CI everything must be tested; missing: ${missingExtras.join(', ')}.`;
  results.push({ name: 'extras', what: problem, seconds: 0, problem });
  console.log(`  FAILED   extras              ${problem}`);
}
const lacks =
  missing.length === 0
    ? ''
    : isCI
      ? `In CI every engine must be tested; missing: ${missing.join(', ')}.`
      : present.length === 0
        ? 'No browser is available.'
        : '';
if (lacks) {
  results.push({ name: 'engines', what: lacks, seconds: 0, problem: lacks });
  console.log(`  FAILED   engines             ${lacks}`);
}
const done = new Set();
const running = new Set();
const waiting = [...steps];
while (waiting.length > 0 || running.size > 0) {
  const free = (step) =>
    running.size === 0 ||
    (!step.alone &&
      running.size < 2 &&
      ![...running].some(({ step }) => step.alone) &&
      (step.needs ?? []).every((name) => done.has(name)));
  // In order: an `alone` step waits for the steps before it, and the steps after it wait for it.
  const next = waiting.find((step, index) => free(step) && !waiting.slice(0, index).some(({ alone }) => alone));
  if (next) {
    waiting.splice(waiting.indexOf(next), 1);
    const entry = { step: next };
    running.add(entry);
    entry.promise = run(next).then((result) => {
      results.push(result);
      done.add(next.name);
      running.delete(entry);
      report(result);
    });
  } else {
    await Promise.race([...running].map(({ promise }) => promise));
  }
}
finish(results);

async function run(step) {
  if (
    step.needsBrowsers &&
    (present.length === 0 || (/^(pages|fuzz)$/.test(step.name) && !present.includes('chromium')))
  )
    return { ...step, totals: undefined, seconds: 0, skipped: 'no browser' };
  if (step.needsServices && missingServices.length > 0) {
    const lacks = `${missingServices.join(', ')} not found`;
    return {
      ...step,
      totals: undefined,
      seconds: 0,
      ...(isCI ? { problem: `In CI the cluster must be tested; ${lacks}.` } : { skipped: lacks }),
    };
  }
  const at = Date.now();
  const browsers = step.engine && !flags.browser && present.includes(step.engine) ? [step.engine] : present;
  if (step.alone) console.log(`  …        ${step.name.padEnd(9)} in ${browsers.join(', ')}`);
  const env = {
    ...process.env,
    BROWSERS: browsers.join(','),
    ...(process.stdout.isTTY ? { FORCE_COLOR: '1' } : { NO_COLOR: '1' }),
    ...step.env,
  };
  if (!process.stdout.isTTY) delete env.FORCE_COLOR;
  // Otherwise a nested test runner would behave as a child of this one.
  delete env.NODE_TEST_CONTEXT;
  const { code, output } = await callAll(step.commands ?? [step.command], env);
  let problem = code === 0 ? (step.check?.() ?? '') : output.trim() || `exit code ${code}`;
  let totals;
  try {
    totals = step.totals?.();
  } catch {
    problem ||= `${output}\nIt exited without reporting the number of tests.`;
  }
  if (totals?.failed > 0) problem ||= output;
  return { ...step, seconds: (Date.now() - at) / 1000, problem, totals, output };
}

/** Runs all commands in turn, also after one has failed. */
async function callAll(commands, env) {
  const results = [];
  for (const command of commands) results.push(await call(command, env));
  return {
    code: results.find(({ code }) => code !== 0)?.code ?? 0,
    output: results.map(({ output }) => output).join(''),
  };
}

function call([command, ...args], env) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const endWithUs = () => child.kill();
    process.once('exit', endWithUs);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (data) => (output += data));
    child.on('error', (error) => resolve({ code: 1, output: String(error) }));
    child.on('close', (code, signal) => {
      process.off('exit', endWithUs);
      resolve({ code: code ?? 1, output: signal ? `${output}\nended by ${signal}` : output });
    });
  });
}

async function installByApt(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  console.log(`  …        installing ${packages.join(', ')} by apt`);
  const update = await call(['apt-get', 'update'], env);
  if (update.code !== 0) return update.output || 'apt-get update failed.';
  const { code, output } = await call(['apt-get', 'install', '-y', '--no-install-recommends', ...packages], env);
  return code === 0 ? '' : output || 'apt-get install failed.';
}

function report({ name, what, seconds, problem, skipped, totals }) {
  const mark = skipped ? 'skipped' : problem ? 'FAILED' : 'ok';
  const tests = totals ? `, ${totals.passed + totals.failed} tests` : '';
  console.log(
    `  ${mark.padEnd(8)} ${name.padEnd(9)} ${seconds.toFixed(1).padStart(6)} s  ${what}${tests}${skipped ? ` (${skipped})` : ''}`,
  );
  if (problem) console.log(`\n${problem.trimEnd()}\n`);
}

function finish(all) {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const { totals, problem, skipped } of all) {
    for (const name of Object.keys(sum)) sum[name] += totals?.[name] ?? 0;
    // A step without test results counts as one failure.
    if (problem && !totals?.failed) sum.failed++;
    if (skipped) sum.skipped++;
  }
  const width = 46;
  console.log(
    `\n  ${'step'.padEnd(10)}${'result'.padEnd(9)}${'seconds'.padStart(8)}${'passed'.padStart(8)}${'failed'.padStart(8)}\n  ${'─'.repeat(width)}`,
  );
  for (const { name, seconds = 0, problem, skipped, totals } of all) {
    const counts = totals ? `${String(totals.passed).padStart(8)}${String(totals.failed).padStart(8)}` : '';
    console.log(
      `  ${name.padEnd(10)}${(skipped ? 'skipped' : problem ? 'FAILED' : 'ok').padEnd(9)}${seconds.toFixed(1).padStart(8)}${counts}`,
    );
  }
  console.log(
    `  ${'─'.repeat(width)}\n  ${((Date.now() - begun) / 1000).toFixed(0)} s in all${present.length > 0 && steps.some(({ needsBrowsers }) => needsBrowsers) ? `; engines: ${present.join(', ')}` : ''}${missing.length > 0 ? `; not tested: ${missing.join(', ')}` : ''}\n`,
  );
  console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
  process.exit(sum.failed > 0 ? 1 : 0);
}

function stop(sentence) {
  console.error(sentence);
  process.exit(2);
}
