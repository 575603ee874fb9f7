/**
 * `npm run test:mutants`: switches off each guard of test/mutants/list.mjs in turn and shows that some test notices.
 *   --only TEXT   those whose name holds this text      --runs N   stories a mutant (default 400)
 * The sources are not touched: a mutant exists in the bundle that is tested alone.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundle } from '../model/bundle.mjs';
import { MUTANTS } from './list.mjs';

const { values: flags } = parseArgs({ options: { only: { type: 'string', default: '' }, runs: { type: 'string', default: '400' } } });
const root = join(import.meta.dirname, '../..');
const file = join(root, 'node_modules/.cache/unified-chat/model/mutant.mjs');
/** A mutant may turn in circles: that is noticed too. */
const LONGEST_MS = 120_000;

/** @param {Partial<NodeJS.ProcessEnv>} env @param {string[]} args */
const passes = (args, env = {}) => spawnSync(process.execPath, args, { cwd: root, stdio: 'ignore', timeout: LONGEST_MS, killSignal: 'SIGKILL', env: { ...process.env, ...env } }).status === 0;

/** Whether the stories go on as if nothing were wrong. @param {string} runs */
const storiesPass = (runs) => passes([file], { RUNS: runs, SHRINK: '0' });

/** Whether tests in a browser do. @param {string} tests @param {{ file: string, find: string, replace: string } | undefined} mutant Default: none. */
const testsPass = (tests, mutant) =>
  passes(['--import', 'tsx', 'node_modules/@web/test-runner/dist/bin.js', '--config', 'test/config/web-test-runner.config.mjs', '--files', tests], {
    BROWSERS: 'chromium',
    ...(mutant && { MUTANT: JSON.stringify({ file: mutant.file, find: mutant.find, replace: mutant.replace }) }),
  });

const chosen = MUTANTS.filter(({ name }) => name.includes(flags.only));
const entry = join(root, 'test/model/connection.node.test.ts');
await bundle(entry, file);
if (!storiesPass('40')) {
  console.error('The stories fail without any mutant: mend that first.');
  process.exit(1);
}
// A test that fails anyway would notice everything.
for (const tests of new Set(chosen.flatMap((mutant) => mutant.tests ?? []))) {
  if (testsPass(tests)) continue;
  console.error(`${tests} fails without any mutant: mend that first.`);
  process.exit(1);
}
let unnoticed = 0;
for (const [index, mutant] of chosen.entries()) {
  const from = Date.now();
  const where = `${String(index + 1).padStart(2)}/${chosen.length}`;
  /** @param {string} what */
  const say = (what) => console.log(`${where}  ${what.padEnd(10)}${String(Math.round((Date.now() - from) / 1000)).padStart(4)} s  ${mutant.name}`);
  await bundle(entry, file, mutant);
  if (mutant.tests && !testsPass(mutant.tests, mutant)) say('noticed');
  else if (!mutant.survives && !storiesPass(flags.runs)) say('noticed');
  else if (mutant.survives) say('harmless');
  else {
    say('SURVIVES');
    unnoticed++;
  }
}
console.log(unnoticed === 0 ? `\nEvery one of ${chosen.length} mutants is noticed, or harmless for the reason given in test/mutants/list.mjs.` : `\n${unnoticed} of ${chosen.length} mutants survive.`);
process.exit(unnoticed === 0 ? 0 : 1);
