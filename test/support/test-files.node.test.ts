/** Every test file needs a suffix for where it runs; without one, no runner would select it. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { findTests, isNodeTest } from './test-files.mjs';

describe('the names of test files', () => {
  let folder: string;
  const write = (name: string): void => writeFileSync(join(folder, name), '');
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'unified-chat-names-'));
    mkdirSync(join(folder, 'deeper'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('tests are found in every folder, and nothing else is', () => {
    for (const name of ['b.node.test.ts', 'deeper/a.browser.test.ts', 'support.ts', 'test.ts']) write(name);
    assert.deepEqual(findTests(folder), [`${folder}/b.node.test.ts`, `${folder}/deeper/a.browser.test.ts`]);
    assert.deepEqual(findTests(folder).map(isNodeTest), [true, false]);
  });

  for (const name of ['a.test.ts', 'deeper/a.firefox.test.ts', 'a.node.test.mjs', 'a.spec.ts']) {
    it(`${name} is an error`, () => {
      write(name);
      assert.throws(() => findTests(folder), new RegExp(name.replaceAll('.', '\\.')));
    });
  }

  it('the tests of this project have their suffixes', () => assert.ok(findTests('test').length > 100));
});
