/** One proxied WebSocket. Bytes are forwarded unchanged, split into frames so that rules can apply to single frames. */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ThrottledLink, type Throttle } from './throttled-link.js';
import type { FrameContent, FrameRule, Rules, Direction as Direction } from './rules.js';
import { closePayload, FrameReader, Opcode, writeFrame, type Frame } from './frames.js';

export interface SocketParts {
  page: Duplex;
  server: Socket;
  /** Path and query. */
  path: string;
  faults: Throttle & { readonly blackhole: boolean | Direction };
  rules: Rules;
  /** Delay of the handshake response, in ms. */
  answerDelayMs: number;
}

/** Time for the peer to read what was written before a reset. */
const FLUSH_MS = 50;
const END_OF_HEAD = '\r\n\r\n';

/** Both ends of one WebSocket. */
export class SocketPair {
  readonly #parts: SocketParts;
  readonly #up: OneWayStream;
  readonly #down: OneWayStream;

  /** @param beginning What the page has sent so far: the request head, and the bytes after it. */
  constructor(parts: SocketParts, beginning: [head: Buffer, more: Buffer]) {
    this.#parts = parts;
    const { page, server } = parts;
    this.#up = new OneWayStream('up', server, this, parts);
    this.#down = new OneWayStream('down', page, this, parts);
    for (const event of ['end', 'close'] as const) {
      page.on(event, () => this.#up.receive(null));
      server.on(event, () => this.#down.receive(null));
    }
    for (const bytes of beginning) if (bytes.length > 0) this.#up.receive(bytes);
    page.on('data', (bytes: Buffer) => this.#up.receive(bytes));
    server.on('data', (bytes: Buffer) => this.#down.receive(bytes));
  }

  cut(how: 'reset' | 'close'): void {
    const { page, server } = this.#parts;
    end(page, how);
    end(server, how);
  }

  halfOpen(direction: Direction | 'both'): void {
    if (direction !== 'down') this.#up.discard();
    if (direction !== 'up') this.#down.discard();
  }

  /** Sends a close frame to both ends. */
  sendClose(code?: number, reason?: string): void {
    for (const stream of [this.#up, this.#down]) stream.sendClose(closePayload(code, reason));
  }

  inject(direction: Direction, content: FrameContent): void {
    (direction === 'up' ? this.#up : this.#down).inject(content);
  }
}

/** TCP RST, or a regular close. */
export function end(socket: Duplex, how: 'reset' | 'close'): void {
  if (how === 'reset' && 'resetAndDestroy' in socket) (socket as Socket).resetAndDestroy();
  else socket.destroy();
}

class OneWayStream {
  readonly #direction: Direction;
  readonly #parts: SocketParts;
  readonly #pair: SocketPair;
  readonly #lane: ThrottledLink;
  readonly #reader = new FrameReader();
  /** The bytes of an incomplete handshake head; null after the head. */
  #head: Buffer | null = Buffer.alloc(0);
  /** The server rejected the handshake: an HTTP response follows. */
  #isPlain = false;
  /** Frames held back for reordering. */
  readonly #held = new Set<{ raw: Buffer; left: number }>();

  constructor(direction: Direction, to: Duplex, pair: SocketPair, parts: SocketParts) {
    this.#direction = direction;
    this.#pair = pair;
    this.#parts = parts;
    this.#lane = new ThrottledLink(to, parts.faults);
  }

  discard(): void {
    this.#lane.discard();
  }

  /** @param bytes null: the end of the stream. */
  receive(bytes: Buffer | null): void {
    const { blackhole } = this.#parts.faults;
    if (blackhole === true) this.#pair.halfOpen('both');
    else if (blackhole === this.#direction) this.discard();
    if (bytes === null) {
      for (const entry of this.#held) this.#release(entry);
      if (this.#reader.rest.length > 0) this.#lane.push(this.#reader.rest);
      this.#lane.push(null);
    } else if (this.#isPlain) {
      this.#lane.push(bytes);
    } else {
      for (const frame of this.#reader.read(this.#head ? this.#readHead(this.#head, bytes) : bytes))
        this.#handleFrame(frame);
    }
  }

  /** @returns the bytes after the head. */
  #readHead(received: Buffer, more: Buffer): Buffer {
    const bytes = Buffer.concat([received, more]);
    const at = bytes.indexOf(END_OF_HEAD);
    this.#head = at < 0 ? bytes : null;
    if (at < 0) return Buffer.alloc(0);
    const isAnswer = this.#direction === 'down';
    const behind = bytes.subarray(at + END_OF_HEAD.length);
    this.#lane.push(bytes.subarray(0, at + END_OF_HEAD.length), isAnswer ? this.#parts.answerDelayMs : 0);
    this.#isPlain = isAnswer && !/^HTTP\/1.1 101 /.test(bytes.toString('latin1', 0, at));
    if (!this.#isPlain) return behind;
    if (behind.length > 0) this.#lane.push(behind);
    return Buffer.alloc(0);
  }

  #handleFrame(frame: Frame): void {
    const { opcode, payload, raw, isFinal } = frame;
    const isMessage = isFinal && (opcode === Opcode.text || opcode === Opcode.binary);
    const rule =
      isMessage &&
      this.#parts.rules.frame(this.#direction, this.#parts.path, opcode === Opcode.text ? String(payload) : undefined);
    if (!rule) this.#emit(raw);
    else this.#applyRule(rule, frame);
  }

  #applyRule(rule: FrameRule, { opcode, payload, raw }: Frame): void {
    switch (rule.do) {
      case 'pass':
        return this.#emit(raw);
      case 'drop':
        return;
      case 'duplicate':
        for (let n = 0; n < (rule.copies ?? 2); n++) this.#emit(raw);
        return;
      case 'reorder':
        return this.#hold(raw, rule.by ?? 1, rule.ms ?? 1_000);
      case 'corrupt':
        return this.#write(
          opcode,
          rule.how === 'utf8' ? Buffer.concat([payload, Buffer.from([0xff])]) : payload.subarray(0, payload.length / 2),
        );
      case 'inject': {
        const { place = 'after' } = rule;
        if (place === 'after') this.#emit(raw);
        this.inject(rule);
        if (place === 'before') this.#emit(raw);
        return;
      }
      case 'delay':
        return this.#emit(raw, rule.ms);
      case 'send-close':
        return this.#pair.sendClose(rule.code, rule.reason);
      case 'cut':
        return this.#pair.cut('close');
      case 'reset':
        if (!rule.inside) return this.#pair.cut('reset');
        // A reset discards pending bytes, so the first half must be read before.
        this.#lane.push(raw.subarray(0, raw.length / 2), 0, () => setTimeout(() => this.#pair.cut('reset'), FLUSH_MS));
        return this.discard();
      case 'half-open':
        return this.#pair.halfOpen(rule.direction ?? 'both');
    }
  }

  inject(content: FrameContent): void {
    if ('text' in content) this.#write(Opcode.text, Buffer.from(content.text));
    else this.#write(Opcode.binary, Buffer.from(content.base64, 'base64'));
  }

  sendClose(payload: Buffer): void {
    this.#write(Opcode.close, payload);
    this.#lane.push(null);
  }

  /** Sends a frame that did not come from the peer. */
  #write(opcode: number, payload: Buffer): void {
    this.#emit(writeFrame(opcode, payload, this.#direction === 'up'));
  }

  #hold(raw: Buffer, left: number, ms: number): void {
    const entry = { raw, left };
    this.#held.add(entry);
    setTimeout(() => this.#release(entry), ms).unref();
  }

  #emit(raw: Buffer, extraMs = 0): void {
    this.#lane.push(raw, extraMs);
    for (const entry of this.#held) if (--entry.left === 0) this.#release(entry);
  }

  #release(entry: { raw: Buffer; left: number }): void {
    if (this.#held.delete(entry)) this.#lane.push(entry.raw);
  }
}
