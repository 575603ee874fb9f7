/** RoomHistory: for any sequence of events and reads, the confirmed seq never passes a gap. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ChangeEvent } from '../../src/transport/index.js';
import { RoomHistory } from '../../src/session/sync/room-history.js';

const KNOWN = 10;
const change = (seq: number): ChangeEvent => ({
  type: 'message-deleted',
  roomId: 1,
  seq,
  messageId: seq,
  deletedAt: undefined,
});

/** An event with this seq arrives; or a read starts or ends. */
const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: KNOWN - 3, max: KNOWN + 12 }) },
    fc.constant('hold' as const),
    fc.constant('release' as const),
  ),
  { maxLength: 60 },
);

describe('RoomHistory', () => {
  it('never passes a gap, and delivers events in order, each once', () => {
    fc.assert(
      fc.property(steps, (happens) => {
        const letIn: number[] = [];
        const history = new RoomHistory(
          1,
          () => {},
          (event, wasHeld) => void (wasHeld || letIn.push(event.seq!)),
        );
        history.know(undefined, KNOWN);
        const came = new Set<number>();
        let holding = 0;
        for (const step of happens) {
          if (step === 'hold') {
            history.holdEvents();
            holding++;
          } else if (step === 'release') {
            if (holding > 0) history.releaseEvents();
            holding = Math.max(0, holding - 1);
          } else {
            came.add(step);
            history.accept(change(step));
          }
          let whole = KNOWN;
          while (came.has(whole + 1)) whole++;
          assert.ok(history.seq! <= whole, `${history.seq} of ${[...came].join()}`);
          assert.ok(history.seq! >= KNOWN);
        }
        assert.deepEqual(
          letIn,
          [...new Set(letIn)].sort((a, b) => a - b),
        );
      }),
      { numRuns: 2_000 },
    );
  });

  it('requests a read after a gap, and only then', () => {
    const history = new RoomHistory(
      1,
      () => {},
      () => {},
    );
    history.know(undefined, KNOWN);
    assert.deepEqual(
      [
        history.accept(change(KNOWN + 1)),
        history.accept(change(KNOWN + 1)),
        history.accept(change(KNOWN + 3)),
        history.seq,
      ],
      [true, true, false, KNOWN + 1],
    );
  });
});
