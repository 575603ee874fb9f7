/** The table of docs/RELIABILITY.md and the tests beside this file are the same list, and say the same of each fault. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const FEWEST = 60;
const here = import.meta.dirname;

/** What a test asserts of states, reasons and attempts, as far as it stands there in letters. */
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
      shown: [...part.matchAll(/\.(?:shows|minute)\('(\w+)', '(\w+)'/g)].map(([, state, reason]) => `${state}, ${reason}`),
      attempts: [...part.matchAll(/\.minute\('\w+', '\w+', (\d+), (\d+)\)/g)].map(([, sockets, requests]) => `${sockets} / ${requests}`),
    });
  }
}

const rows = readFileSync(join(here, '../../docs/RELIABILITY.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\| \d+ \|/.test(line))
  .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '').trim()))
  .map(([number, , shown, attempts, , test]) => ({ number: Number(number), shown: shown!, attempts: attempts!, test: test! }));

describe('the fault matrix', () => {
  it('has a row for each test, and a test for each row', () => {
    assert.deepEqual(twice, [], 'two tests of one name');
    assert.deepEqual(rows.map(({ test }) => test).sort(), [...tests.keys()].sort());
  });

  it(`has ${FEWEST} rows or more, numbered`, () => {
    assert.ok(rows.length >= FEWEST, `${rows.length} rows`);
    assert.deepEqual(rows.map(({ number }) => number), rows.map((_, index) => index + 1));
  });

  it('says of states, reasons and attempts what its tests assert', () => {
    for (const { test, shown, attempts } of rows) {
      const { shown: asserted, attempts: most } = tests.get(test)!;
      const said = shown.split(/ → |; /);
      for (const each of asserted) assert.ok(said.includes(each), `${test}: the row does not say '${each}'`);
      // Where a test says it by the word, the row may not say more.
      if (most.length > 0) assert.deepEqual(attempts.split('; ').filter((each) => /^\d+ \/ \d+$/.test(each)), most, test);
    }
  });
});
