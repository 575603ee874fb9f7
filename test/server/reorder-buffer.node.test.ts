import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import fc from 'fast-check';
import { Sequencer, type Numbered } from '../../demo/server/cluster/reorder-buffer.js';

const item = (seq: number, roomId = 1): Numbered => ({ roomId, seq });
/** So much time passes, and whatever it set going has happened. */
const tick = async (ms: number): Promise<void> => {
  mock.timers.tick(ms);
  await new Promise((resolve) => setImmediate(resolve));
};

/** Delivers into `out`; what is not told can be found from `stored`. */
function make(stored: () => number[] = () => []) {
  const out: number[] = [];
  const asked: number[] = [];
  const sequencer = new Sequencer<Numbered>(
    ({ roomId, seq }) => void (roomId === 1 && out.push(seq)),
    async (roomId, after) => {
      asked.push(after);
      return stored().filter((seq) => seq > after).map((seq) => item(seq, roomId));
    },
  );
  return { sequencer, out, asked, accept: (...seqs: number[]) => seqs.forEach((seq) => sequencer.accept(item(seq))) };
}

describe('what is told of a room comes in order', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
  afterEach(() => mock.timers.reset());

  it('whatever the order in which it was told, each once, and without asking', async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([2, 3, 4, 5, 6, 7, 8], { minLength: 7 }), fc.array(fc.integer({ min: 1, max: 8 })), async (shuffled, again) => {
        const { sequencer, out, asked, accept } = make();
        accept(1, ...shuffled, ...again);
        assert.deepEqual(out, [1, 2, 3, 4, 5, 6, 7, 8]);
        assert.deepEqual([asked, sequencer.last(1)], [[], 8]);
        sequencer.close();
      }),
    );
  });

  it('what is not told is asked for, and what comes while it is asked for waits too', async () => {
    let stored = [2, 3, 4];
    const { out, asked, accept } = make(() => stored);
    accept(1, 4);
    assert.deepEqual(out, [1]);
    await tick(20);
    stored = [2, 3, 4, 5, 6];
    accept(6);
    await tick(30);
    assert.deepEqual(out, [1, 2, 3, 4, 5, 6]);
    assert.deepEqual(asked, [1]);
    accept(7);
    assert.deepEqual(out.at(-1), 7);
  });

  it('what cannot be found holds nothing up for ever', async () => {
    const { out, accept } = make();
    accept(1, 5, 3);
    await tick(49);
    assert.deepEqual(out, [1]);
    await tick(1);
    assert.deepEqual(out, [1, 3, 5]);
    accept(4, 6);
    assert.deepEqual(out, [1, 3, 5, 6]);
  });

  it('what was before the first that was heard of is late, and not lost', () => {
    const { out, accept } = make();
    accept(8, 7, 9);
    assert.deepEqual(out, [8, 7, 9]);
  });

  it('rooms do not wait for each other', () => {
    const { sequencer, out, accept } = make();
    sequencer.accept(item(1, 2));
    sequencer.accept(item(9, 2));
    accept(1, 2);
    assert.deepEqual(out, [1, 2]);
    sequencer.close();
  });
});
