/**
 * Runs the scenarios of test/model in Node:
 *
 *   node test/model/run.mjs                 2,000, always the same, so that changes are comparable
 *   node test/model/run.mjs --runs 300      another number
 *   node test/model/run.mjs --soak 30       random ones, for a number of minutes
 *   node test/model/run.mjs --seed -42      repeats those of a seed, as printed by a failure
 *   … --only 'blocks cookies' --path 172:5 --replay A:f   repeats one failure, with the path and replayPath that it printed
 *   --tap FILE                              also writes the results to a file
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundle } from './bundle.mjs';

const { values: flags } = parseArgs({
  options: {
    runs: { type: 'string', default: '2000' },
    soak: { type: 'string', default: '0' },
    seed: { type: 'string' },
    only: { type: 'string', default: '' },
    path: { type: 'string', default: '' },
    replay: { type: 'string', default: '' },
    tap: { type: 'string' },
  },
});
const seed = flags.seed ?? (flags.soak === '0' ? '20261123' : undefined);
const root = join(import.meta.dirname, '../..');
const file = join(root, 'node_modules/.cache/unified-chat/model/connection.mjs');

await bundle(join(root, 'test/model/connection.node.test.ts'), file);
const reporters = [
  '--test-reporter=spec',
  '--test-reporter-destination=stdout',
  ...(flags.tap ? ['--test-reporter=tap', `--test-reporter-destination=${flags.tap}`] : []),
];
const child = spawn(process.execPath, ['--enable-source-maps', ...reporters, '--test', file], {
  stdio: 'inherit',
  env: {
    ...process.env,
    RUNS: flags.runs,
    SOAK: flags.soak,
    ONLY: flags.only,
    FAILURE_PATH: flags.path,
    REPLAY_PATH: flags.replay,
    ...(seed && { SEED: seed }),
  },
});
child.on('exit', (code) => process.exit(code ?? 1));
