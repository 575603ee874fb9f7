// Finds the test files. A test is named by where it runs: `*.node.test.ts` in Node, `*.browser.test.ts` in browsers.
import { readdirSync } from 'node:fs';

/** @param {string} path */
export const isNodeTest = (path) => path.endsWith('.node.test.ts');

/**
 * The tests below a folder, sorted.
 * @param {string} folder
 * @throws if a test has neither suffix: no runner would select it.
 */
export function findTests(folder) {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(
    (path) => `${folder}/${path.replaceAll('\\', '/')}`,
  );
  const tests = paths.filter((path) => /\.(test|spec)\.[cm]?[jt]sx?$/.test(path)).sort();
  const misnamed = tests.filter((path) => !/\.(node|browser)\.test\.ts$/.test(path));
  if (misnamed.length > 0)
    throw new Error(`Name tests *.node.test.ts or *.browser.test.ts, by where they run: ${misnamed.join(', ')}`);
  return tests;
}
