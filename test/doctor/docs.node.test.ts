import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { CHECKS } from '../../src/doctor/index.js';

it('docs/DOCTOR.md lists exactly the checks that exist', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/DOCTOR.md'), 'utf8');
  const section = /## Checks([^]*?)## /.exec(text)![1]!;
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  const ids = rows.flatMap((row) => [...row.split('|')[1]!.matchAll(/`([^`]+)`/g)].map(([, id]) => id!));
  assert.deepEqual(ids.sort(), Object.keys(CHECKS).sort());
});
