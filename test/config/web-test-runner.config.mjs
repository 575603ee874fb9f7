/**
 * Runs browser tests in every installed engine, or in the engines that BROWSERS lists:
 *   BROWSERS=chromium node --import tsx node_modules/@web/test-runner/dist/bin.js --config test/config/web-test-runner.config.mjs --files test/session/outbox.browser.test.ts
 * `npm test -- --browser chromium --files test/session/outbox.browser.test.ts` does the same.
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

const CHROMIUM_ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

const launchers = {
  chromium: (executablePath) =>
    named('Chromium', chromeLauncher({ launchOptions: { executablePath, args: CHROMIUM_ARGS } })),
  firefox: (executablePath) =>
    named('Firefox', chromeLauncher({ launchOptions: { browser: 'firefox', executablePath } })),
  webkit: webkitLauncher,
};

const named = (name, launcher) => Object.assign(launcher, { name });

function launch(engine) {
  if (!launchers[engine]) throw new Error(`Unknown engine '${engine}'. Available: ${ENGINES.join(', ')}.`);
  if (!found[engine]) throw new Error(`${engine} is not installed. 'npm test' prints how to install it.`);
  return launchers[engine](found[engine]);
}

/** For test/mutants: disables one guard in the served sources. */
function mutant() {
  if (!process.env.MUTANT) return [];
  const { file, find, replace } = JSON.parse(process.env.MUTANT);
  return [
    {
      name: 'mutant',
      transform: ({ path, body }) =>
        path.endsWith(`/${file}`) ? { body: String(body).replace(find, () => replace) } : undefined,
    },
  ];
}

/** Sums up results for test/run.mjs. A file that failed to run counts as one failed test. */
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
  // As in production: Lit without development warnings.
  nodeResolve: { browser: true, exportConditions: ['browser', 'production'] },
  browsers: wanted.map(launch),
  concurrentBrowsers: Number(process.env.CONCURRENT_BROWSERS ?? 2),
  // One page at a time per engine: background pages are throttled, and report that they are hidden.
  concurrency: 1,
  browserStartTimeout: 60_000,
  testsStartTimeout: 60_000,
  // Per file. The limit is high, because a busy machine is slow. It only ends tests that hang.
  testsFinishTimeout: 600_000,
  // Some tests wait up to 10 s in real time.
  testFramework: { config: { timeout: 60_000 } },
  // 'esnext' keeps JavaScript unchanged: dist/ is verified by hashes.
  plugins: [
    ...mutant(),
    esbuildPlugin({ ts: true, target: 'esnext', tsconfig: `${rootDir}/tsconfig.json` }),
    backendPlugin(),
    {
      name: 'wheel',
      /** Turns the wheel over a point, in `count` steps. `@web/test-runner-commands` has no such command. */
      async executeCommand({ command, payload: { x, y, deltaY, count } = {}, session }) {
        if (command !== 'wheel') return undefined;
        const { mouse } = session.browser.getPage(session.id);
        await mouse.move(x, y);
        for (let n = 0; n < count; n++) await mouse.wheel({ deltaY });
        return true;
      },
    },
  ],
  middleware: [
    // MSW's service worker must be served from the root, which is its scope.
    function mockServiceWorker(context, next) {
      if (context.path === '/mockServiceWorker.js') context.url = '/node_modules/msw/lib/mockServiceWorker.js';
      return next();
    },
    strictPage,
    // The same loader beside a modified chat.js.
    function changedScript(context, next) {
      if (context.path === '/changed/loader.js') context.url = '/dist/loader.js';
      if (context.path !== '/changed/chat.js') return next();
      context.type = 'js';
      context.body = `globalThis.changed = true;\n${readFileSync(`${rootDir}/dist/chat.js`, 'utf8')}`;
      return undefined;
    },
  ],
  reporters: [
    defaultReporter({ reportTestResults: true, reportTestProgress: Boolean(process.stdout.isTTY) }),
    countingReporter(),
  ],
};
