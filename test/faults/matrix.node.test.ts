/** Compares the fault matrix of docs/RELIABILITY.md with the tests in this folder. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const FEWEST = 60;
const here = import.meta.dirname;

/** The states, reasons and attempts that a test asserts with literals. */
interface Test {
  shown: string[];
  attempts: string[];
}

const tests = new Map<string, Test>();
const twice: string[] = [];
for (const name of readdirSync(here).filter((file) => file.endsWith('.browser.test.ts'))) {
  let suite = '';
  for (const part of readFileSync(join(here, name), 'utf8').split(/^(?=describe\(| {2}it\()/m)) {
    suite = /^describe\('([^']+)'/.exec(part)?.[1] ?? suite;
    const title = /^ {2}it\('([^']+)'/.exec(part)?.[1];
    if (title === undefined) continue;
    const full = `${suite} ${title}`;
    if (tests.has(full)) twice.push(full);
    tests.set(full, {
      shown: [...part.matchAll(/\.(?:expectState|expectMinute)\('(\w+)', '(\w+)'/g)].map(
        ([, state, reason]) => `${state}, ${reason}`,
      ),
      attempts: [...part.matchAll(/\.expectMinute\('\w+', '\w+', (\d+), (\d+)\)/g)].map(
        ([, sockets, requests]) => `${sockets} / ${requests}`,
      ),
    });
  }
}

const rows = readFileSync(join(here, '../../docs/RELIABILITY.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\| \d+ \|/.test(line))
  .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '').trim()))
  .map(([number, , shown, attempts, , test]) => ({
    number: Number(number),
    shown: shown!,
    attempts: attempts!,
    test: test!,
  }));

describe('the fault matrix', () => {
  it('has one row per test, and one test per row', () => {
    assert.deepEqual(twice, [], 'duplicate test titles');
    assert.deepEqual(rows.map(({ test }) => test).sort(), [...tests.keys()].sort());
  });

  it(`has at least ${FEWEST} rows, numbered consecutively`, () => {
    assert.ok(rows.length >= FEWEST, `${rows.length} rows`);
    assert.deepEqual(
      rows.map(({ number }) => number),
      rows.map((_, index) => index + 1),
    );
  });

  it('lists the states, reasons and attempts that the tests assert', () => {
    for (const { test, shown, attempts } of rows) {
      const { shown: asserted, attempts: most } = tests.get(test)!;
      const said = shown.split(/ → |; /);
      for (const each of asserted) assert.ok(said.includes(each), `${test}: '${each}' is missing in the row`);
      // If a test asserts attempts, the row must list exactly those.
      if (most.length > 0)
        assert.deepEqual(
          attempts.split('; ').filter((each) => /^\d+ \/ \d+$/.test(each)),
          most,
          test,
        );
    }
  });
});

describe('the faults of files, jumps and changes', () => {
  const folders = ['../client', '../session'].map((folder) => join(here, folder));
  const titles = folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((file) => /\.(node|browser)\.test\.ts$/.test(file))
      .flatMap((file) => [...readFileSync(join(folder, file), 'utf8').matchAll(/^ *it\('([^']+)'/gm)])
      .map(([, title]) => title!),
  );
  const [, section = ''] = readFileSync(join(here, '../../docs/RELIABILITY.md'), 'utf8').split(
    '## Faults of files, jumps and changes',
  );
  const named = section
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| fault') && !line.startsWith('| ---'))
    .map((line) => line.split(' | ').at(-1)!.replace(/ \|$/, '').replaceAll('*', ''));

  it('has at least 17 rows, each with a test', () => {
    assert.ok(named.length >= 17, `${named.length} rows`);
    for (const test of named) assert.equal(titles.filter((title) => title === test).length, 1, test);
  });
});
