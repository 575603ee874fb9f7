/**
 * Browser tests, in every engine that is found, or in those that BROWSERS names:
 *   BROWSERS=chromium node --import tsx node_modules/@web/test-runner/dist/bin.js --config test/config/web-test-runner.config.mjs --files test/session/outbox.browser.test.ts
 * which is what `npm test -- --browser chromium --files test/session/outbox.browser.test.ts` runs.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { esbuildPlugin } from '@web/dev-server-esbuild';
import { defaultReporter } from '@web/test-runner';
import { chromeLauncher } from '@web/test-runner-chrome';
import { backendPlugin } from '../support/backend-plugin.ts';
import { ENGINES, findBrowsers } from '../support/browsers.mjs';
import { strictPage } from '../support/strict-page.mjs';
import { webkitLauncher } from '../support/webkit-launcher.mjs';

const rootDir = fileURLToPath(new URL('../..', import.meta.url));
const found = findBrowsers();
const wanted = process.env.BROWSERS?.split(',') ?? ENGINES.filter((engine) => found[engine]);

const CHROMIUM_ARGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'];

const launchers = {
  chromium: (executablePath) => named('Chromium', chromeLauncher({ launchOptions: { executablePath, args: CHROMIUM_ARGS } })),
  firefox: (executablePath) => named('Firefox', chromeLauncher({ launchOptions: { browser: 'firefox', executablePath } })),
  webkit: webkitLauncher,
};

const named = (name, launcher) => Object.assign(launcher, { name });

function launch(engine) {
  if (!launchers[engine]) throw new Error(`There is no engine '${engine}'. There are: ${ENGINES.join(', ')}.`);
  if (!found[engine]) throw new Error(`${engine} is not on this machine. 'npm test' says how to get it.`);
  return launchers[engine](found[engine]);
}

/** For test/mutants: one guard of the sources is switched off in what is served. */
function mutant() {
  if (!process.env.MUTANT) return [];
  const { file, find, replace } = JSON.parse(process.env.MUTANT);
  return [
    {
      name: 'mutant',
      transform: ({ path, body }) => (path.endsWith(`/${file}`) ? { body: String(body).replace(find, () => replace) } : undefined),
    },
  ];
}

/** Adds up what was run, for test/run.mjs. A file that could not be run counts as one failed test. */
const countingReporter = () => ({
  stop({ sessions }) {
    const totals = { passed: 0, failed: 0, skipped: 0 };
    const count = ({ tests, suites }) => {
      for (const test of tests) totals[test.skipped ? 'skipped' : test.passed ? 'passed' : 'failed']++;
      suites.forEach(count);
    };
    for (const session of sessions) {
      const before = totals.failed;
      if (session.testResults) count(session.testResults);
      if (!session.passed && totals.failed === before) totals.failed++;
    }
    if (process.env.TEST_TOTALS) writeFileSync(process.env.TEST_TOTALS, JSON.stringify(totals));
  },
});

export default {
  rootDir,
  files: ['test/**/*.browser.test.ts'],
  // As a page gets it: Lit without its development warnings.
  nodeResolve: { browser: true, exportConditions: ['browser', 'production'] },
  browsers: wanted.map(launch),
  concurrentBrowsers: Number(process.env.CONCURRENT_BROWSERS ?? 2),
  // One page at a time and engine: a page in the background is throttled, and says that it is not visible.
  concurrency: 1,
  browserStartTimeout: 60_000,
  testsStartTimeout: 60_000,
  // Of one file: a busy machine takes several times as long, and only one that is stuck is to be stopped.
  testsFinishTimeout: 600_000,
  // Real waits of up to 10 s are among them, and a busy machine.
  testFramework: { config: { timeout: 60_000 } },
  // 'esnext': what is JavaScript already stays as it is, to the byte: dist/ is tested by its hashes.
  plugins: [...mutant(), esbuildPlugin({ ts: true, target: 'esnext', tsconfig: `${rootDir}/tsconfig.json` }), backendPlugin()],
  middleware: [
    // MSW's service worker: one may only look after what lies below it.
    function mockServiceWorker(context, next) {
      if (context.path === '/mockServiceWorker.js') context.url = '/node_modules/msw/lib/mockServiceWorker.js';
      return next();
    },
    strictPage,
    // The same loader, beside a chat.js that somebody has changed on its way.
    function changedScript(context, next) {
      if (context.path === '/changed/loader.js') context.url = '/dist/loader.js';
      if (context.path !== '/changed/chat.js') return next();
      context.type = 'js';
      context.body = `globalThis.changed = true;\n${readFileSync(`${rootDir}/dist/chat.js`, 'utf8')}`;
      return undefined;
    },
  ],
  reporters: [defaultReporter({ reportTestResults: true, reportTestProgress: Boolean(process.stdout.isTTY) }), countingReporter()],
};
