import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import fc from 'fast-check';
import { ReorderBuffer, type Sequenced } from '../../demo/server/cluster/reorder-buffer.js';

const item = (seq: number, roomId = 1): Sequenced => ({ roomId, seq });
/** Advances the clock, and waits for everything triggered. */
const tick = async (ms: number): Promise<void> => {
  mock.timers.tick(ms);
  await new Promise((resolve) => setImmediate(resolve));
};

/** Delivers into `out`; missing items are read from `stored`. */
function createBuffer(stored: () => number[] = () => []) {
  const delivered: number[] = [];
  const fetches: number[] = [];
  const buffer = new ReorderBuffer<Sequenced>(
    ({ roomId, seq }) => void (roomId === 1 && delivered.push(seq)),
    async (roomId, after) => {
      fetches.push(after);
      return stored()
        .filter((seq) => seq > after)
        .map((seq) => item(seq, roomId));
    },
  );
  return { buffer, delivered, fetches, accept: (...seqs: number[]) => seqs.forEach((seq) => buffer.accept(item(seq))) };
}

describe('ReorderBuffer', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
  afterEach(() => mock.timers.reset());

  it('delivers in order, each item once, without fetching, whatever the order of arrival', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray([2, 3, 4, 5, 6, 7, 8], { minLength: 7 }),
        fc.array(fc.integer({ min: 1, max: 8 })),
        async (shuffled, again) => {
          const { buffer, delivered, fetches, accept } = createBuffer();
          accept(1, ...shuffled, ...again);
          assert.deepEqual(delivered, [1, 2, 3, 4, 5, 6, 7, 8]);
          assert.deepEqual([fetches, buffer.last(1)], [[], 8]);
          buffer.close();
        },
      ),
    );
  });

  it('fetches missing items; items that arrive meanwhile wait too', async () => {
    let stored = [2, 3, 4];
    const { delivered, fetches, accept } = createBuffer(() => stored);
    accept(1, 4);
    assert.deepEqual(delivered, [1]);
    await tick(20);
    stored = [2, 3, 4, 5, 6];
    accept(6);
    await tick(30);
    assert.deepEqual(delivered, [1, 2, 3, 4, 5, 6]);
    assert.deepEqual(fetches, [1]);
    accept(7);
    assert.deepEqual(delivered.at(-1), 7);
  });

  it('continues after a gap that cannot be filled', async () => {
    const { delivered, accept } = createBuffer();
    accept(1, 5, 3);
    await tick(49);
    assert.deepEqual(delivered, [1]);
    await tick(1);
    assert.deepEqual(delivered, [1, 3, 5]);
    accept(4, 6);
    assert.deepEqual(delivered, [1, 3, 5, 6]);
  });

  it('delivers items older than the first one seen, late', () => {
    const { delivered, accept } = createBuffer();
    accept(8, 7, 9);
    assert.deepEqual(delivered, [8, 7, 9]);
  });

  it('keeps rooms independent of each other', () => {
    const { buffer, delivered, accept } = createBuffer();
    buffer.accept(item(1, 2));
    buffer.accept(item(9, 2));
    accept(1, 2);
    assert.deepEqual(delivered, [1, 2]);
    buffer.close();
  });
});
