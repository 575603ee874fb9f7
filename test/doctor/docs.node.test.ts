/** docs/DOCTOR.md names every point, and no other. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { POINTS } from '../../src/doctor/index.js';

it('docs/DOCTOR.md names every point, and no other', () => {
  const table = /## Points([^]*?)## /.exec(readFileSync(join(import.meta.dirname, '../../docs/DOCTOR.md'), 'utf8'))![1]!;
  const rows = table.split('\n').filter((line) => line.startsWith('| `'));
  assert.deepEqual(rows.flatMap((row) => [...row.split('|')[1]!.matchAll(/`([^`]+)`/g)].map(([, id]) => id!)).sort(), Object.keys(POINTS).sort());
});
