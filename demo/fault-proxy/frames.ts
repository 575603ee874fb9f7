/** Reads and writes WebSocket frames (RFC 6455, section 5.2), without extensions. */
import { randomBytes } from 'node:crypto';

export const Opcode = { text: 1, binary: 2, close: 8 } as const;

export interface Frame {
  opcode: number;
  /** The last frame of its message. */
  isFinal: boolean;
  /** Unmasked. */
  payload: Buffer;
  /** The complete frame as received. */
  raw: Buffer;
}

/** Splits a byte stream into frames. */
export class FrameReader {
  /** The bytes of an incomplete frame. */
  rest: Buffer = Buffer.alloc(0);

  /** @returns the frames that these bytes complete. */
  read(bytes: Buffer): Frame[] {
    this.rest = Buffer.concat([this.rest, bytes]);
    const frames: Frame[] = [];
    for (let frame; (frame = firstFrame(this.rest)); this.rest = this.rest.subarray(frame.raw.length))
      frames.push(frame);
    return frames;
  }
}

function firstFrame(bytes: Buffer): Frame | undefined {
  if (bytes.length < 2) return undefined;
  const [first, second] = [bytes[0]!, bytes[1]!];
  const short = second & 0x7f;
  const isMasked = second >= 0x80;
  const maskAt = short === 126 ? 4 : short === 127 ? 10 : 2;
  const payloadAt = maskAt + (isMasked ? 4 : 0);
  if (bytes.length < payloadAt) return undefined;
  const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
  if (bytes.length < payloadAt + length) return undefined;
  const raw = bytes.subarray(0, payloadAt + length);
  const payload = Buffer.from(raw.subarray(payloadAt));
  if (isMasked) mask(payload, raw.subarray(maskAt, payloadAt));
  return { opcode: first & 0x0f, isFinal: first >= 0x80, payload, raw };
}

/** @param masked Required for everything that a client sends. */
export function writeFrame(opcode: number, payload: Buffer, masked: boolean): Buffer {
  const { length } = payload;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = 0x80 | opcode;
  head[1] = (masked ? 0x80 : 0) | (length < 126 ? length : length < 65_536 ? 126 : 127);
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  if (!masked) return Buffer.concat([head, payload]);
  const key = randomBytes(4);
  const hidden = Buffer.from(payload);
  mask(hidden, key);
  return Buffer.concat([head, key, hidden]);
}

/** The payload of a close frame; empty without a code. */
export function closePayload(code?: number, reason = ''): Buffer {
  if (code === undefined) return Buffer.alloc(0);
  const payload = Buffer.concat([Buffer.alloc(2), Buffer.from(reason)]);
  payload.writeUInt16BE(code);
  return payload;
}

/** Masks or unmasks in place. */
function mask(bytes: Buffer, key: Buffer): void {
  for (let n = 0; n < bytes.length; n++) bytes[n]! ^= key[n & 3]!;
}
