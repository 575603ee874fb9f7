/** Lists from the network: invalid items are left out, and a long list does not block the page. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkEach, checkInSlices, Receipt } from '../../src/protocol/index.js';

const list = (length: number): unknown[] =>
  Array.from({ length }, (_, index) => (index % 150 === 149 ? 'not a receipt' : { user_id: index, up_to: index }));

describe('12.15: a list that is validated in slices', () => {
  for (const [length, pauses] of [
    [0, 1],
    [100, 1],
    [101, 2],
    [350, 4],
  ] as const)
    it(`${length} items: ${pauses} pauses, and the result of checkEach`, async () => {
      let count = 0;
      const pause = (): Promise<void> => Promise.resolve(void count++);
      const result = await checkInSlices(Receipt, list(length), 'GET receipts/', pause);
      assert.deepEqual(result, checkEach(Receipt, list(length), 'GET receipts/'));
      assert.equal(count, pauses);
      assert.equal(result.problems.length, Math.floor(length / 150));
      if (length > 149) assert.match(result.problems[0]!.detail, /^GET receipts\/\[149\]/);
    });
});
