/** The list of mutants is about the code as it is: each guard that one switches off is there, once. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { MUTANTS } from './list.mjs';

it('each mutant finds what it changes, once', () => {
  const wrong = MUTANTS.filter(({ file, find }) => readFileSync(file, 'utf8').split(find).length !== 2).map(({ name }) => name);
  assert.deepEqual(wrong, []);
});

it('no two mutants have one name', () => {
  assert.equal(new Set(MUTANTS.map(({ name }) => name)).size, MUTANTS.length);
});
