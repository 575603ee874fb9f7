/**
 * `npm run test:mutants`: disables each guard of test/mutants/list.mjs in turn, and checks that a test fails.
 *   --only TEXT,…   mutants whose name or file contains one of the texts
 *   --runs N        scenarios per mutant (default 400)
 * The source files are not changed: mutants exist in the tested bundle only.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundle } from '../model/bundle.mjs';
import { MUTANTS } from './list.mjs';

const { values: flags } = parseArgs({
  options: { only: { type: 'string', default: '' }, runs: { type: 'string', default: '400' } },
});
const root = join(import.meta.dirname, '../..');
const file = join(root, 'node_modules/.cache/unified-chat/model/mutant.mjs');
/** Longest run of the random scenarios, in milliseconds. */
const MAX_SCENARIOS_MS = 180_000;
/** Longest run of browser tests without a mutant, in milliseconds. */
const MAX_RUN_MS = 600_000;
/**
 * A mutant may loop forever; that counts as detected. So its runs may take this many times as long as one without a
 * mutant, on the same machine, and not a fixed time.
 */
const PATIENCE = 3;
/** How long each set of tests takes without a mutant, in milliseconds. @type {Map<string, number>} */
const durations = new Map();

/** @param {string[]} args @param {number} timeout @param {Partial<NodeJS.ProcessEnv>} env */
const passes = (args, timeout, env = {}) =>
  spawnSync(process.execPath, args, {
    cwd: root,
    stdio: 'ignore',
    timeout,
    killSignal: 'SIGKILL',
    env: { ...process.env, ...env },
  }).status === 0;

/** Whether the random scenarios pass. @param {string} runs */
const scenariosPass = (runs) => passes([file], MAX_SCENARIOS_MS, { RUNS: runs, SHRINK: '0' });

/**
 * Whether browser tests pass. @param {string} tests @param {{ file: string, find: string, replace: string } |
 * undefined} mutant Default: none.
 */
const testsPass = (tests, mutant) =>
  passes(
    [
      '--import',
      'tsx',
      'node_modules/@web/test-runner/dist/bin.js',
      '--config',
      'test/config/web-test-runner.config.mjs',
      '--files',
      tests,
    ],
    mutant ? PATIENCE * (durations.get(tests) ?? MAX_RUN_MS) : MAX_RUN_MS,
    {
      BROWSERS: 'chromium',
      ...(mutant && { MUTANT: JSON.stringify({ file: mutant.file, find: mutant.find, replace: mutant.replace }) }),
    },
  );

const texts = flags.only.split(',');
const chosen = MUTANTS.filter((mutant) => texts.some((text) => `${mutant.name} ${mutant.file}`.includes(text)));
const entry = join(root, 'test/model/connection.node.test.ts');
await bundle(entry, file);
if (!scenariosPass('40')) {
  console.error('The random scenarios fail without any mutant. Fix that first.');
  process.exit(1);
}
// A test that always fails would detect every mutant.
for (const tests of new Set(chosen.flatMap((mutant) => mutant.tests ?? []))) {
  const from = Date.now();
  const isPassed = testsPass(tests);
  durations.set(tests, Date.now() - from);
  if (isPassed) continue;
  console.error(`${tests} fails without any mutant. Fix that first.`);
  process.exit(1);
}
let undetected = 0;
for (const [index, mutant] of chosen.entries()) {
  const from = Date.now();
  const where = `${String(index + 1).padStart(2)}/${chosen.length}`;
  /** @param {string} result */
  const report = (result) =>
    console.log(
      `${where}  ${result.padEnd(10)}${String(Math.round((Date.now() - from) / 1000)).padStart(4)} s  ${mutant.name}`,
    );
  await bundle(entry, file, mutant);
  if (mutant.tests && !testsPass(mutant.tests, mutant)) report('detected');
  else if (!mutant.survives && !scenariosPass(flags.runs)) report('detected');
  else if (mutant.survives) report('harmless');
  else {
    report('SURVIVES');
    undetected++;
  }
}
console.log(
  undetected === 0
    ? `\nAll ${chosen.length} mutants are detected, or harmless for the reason given in test/mutants/list.mjs.`
    : `\n${undetected} of ${chosen.length} mutants survive.`,
);
process.exit(undetected === 0 ? 0 : 1);
