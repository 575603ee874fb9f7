/** Checks that the list of mutants matches the code: each `find` string occurs exactly once. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { MUTANTS } from './list.mjs';

it('every mutant matches exactly one place', () => {
  const wrong = MUTANTS.filter(({ file, find }) => readFileSync(file, 'utf8').split(find).length !== 2).map(
    ({ name }) => name,
  );
  assert.deepEqual(wrong, []);
});

it('mutant names are unique', () => {
  assert.equal(new Set(MUTANTS.map(({ name }) => name)).size, MUTANTS.length);
});
