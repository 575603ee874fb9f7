import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { afterClose, CloseCode } from '../../src/protocol/close-codes.js';

it('the close codes in docs/PROTOCOL.md match the code', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/PROTOCOL.md'), 'utf8');
  const rows = [...text.matchAll(/^\| (\d{4}) \| `(\w+)` \| [^|]+ \| (backoff|spread|renew|now)\b/gm)].map(
    ([, code, name, does]) => [Number(code), name, does],
  );
  const inCode = Object.entries(CloseCode)
    .map(([name, code]) => [code, name, afterClose(code)])
    .sort((a, b) => Number(a[0]) - Number(b[0]));
  assert.deepEqual(rows, inCode);
});
