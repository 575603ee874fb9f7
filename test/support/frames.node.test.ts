import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { closePayload, FrameReader, Opcode, writeFrame } from '../../demo/fault-proxy/frames.js';

/** Around every length at which the header size changes. */
const LENGTHS = [0, 1, 125, 126, 127, 65_535, 65_536, 70_001];

describe('frames', () => {
  it('reads the frames that were written, however the bytes are split', () => {
    const frame = fc.record({
      opcode: fc.constantFrom(Opcode.text, Opcode.binary, Opcode.close),
      length: fc.constantFrom(...LENGTHS),
      masked: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 4 }),
        fc.array(fc.integer({ min: 1, max: 30_000 }), { minLength: 1, maxLength: 5 }),
        (wanted, cuts) => {
          const frames = wanted.map(({ opcode, length, masked }) => ({
            opcode,
            payload: Buffer.alloc(length, 'chat'),
            masked,
          }));
          const bytes = Buffer.concat(frames.map(({ opcode, payload, masked }) => writeFrame(opcode, payload, masked)));
          const reader = new FrameReader();
          const read = [];
          for (let at = 0, n = 0; at < bytes.length; n++) {
            const size = cuts[n % cuts.length]!;
            read.push(...reader.read(bytes.subarray(at, at + size)));
            at += size;
          }
          assert.equal(reader.rest.length, 0);
          assert.deepEqual(
            read.map(({ opcode, payload }) => ({ opcode, payload })),
            frames.map(({ opcode, payload }) => ({ opcode, payload })),
          );
          assert.deepEqual(Buffer.concat(read.map(({ raw }) => raw)), bytes);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('recognises continuation frames, and keeps an incomplete frame', () => {
    const reader = new FrameReader();
    const [first, last] = [Buffer.from([0x01, 0x02, 0x61, 0x62]), Buffer.from([0x80, 0x01, 0x63])];
    assert.deepEqual(
      reader.read(Buffer.concat([first, last.subarray(0, 2)])).map(({ isFinal }) => isFinal),
      [false],
    );
    assert.equal(reader.rest.length, 2);
    assert.deepEqual(
      reader.read(last.subarray(2)).map(({ isFinal, opcode, payload }) => [isFinal, opcode, String(payload)]),
      [[true, 0, 'c']],
    );
  });

  it('writes close frames with and without a code', () => {
    assert.deepEqual([...closePayload()], []);
    assert.deepEqual([...closePayload(1012, 'so')], [0x03, 0xf4, 0x73, 0x6f]);
  });
});
