/** One WebSocket through a fault line: bytes pass as they came, cut into frames so that rules can touch single ones. */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Lane, type Slowness } from './lane.js';
import type { Content, FrameRule, Rules, Way } from './rules.js';
import { closePayload, FrameReader, Opcode, writeFrame, type Frame } from './frames.js';

export interface SocketParts {
  page: Duplex;
  server: Socket;
  /** Its path and query. */
  path: string;
  faults: Slowness & { readonly blackhole: boolean | Way };
  rules: Rules;
  /** So much later the handshake is answered, in milliseconds. */
  answerDelayMs: number;
}

/** In which somebody will have read what was written. */
const READ_MS = 50;
const END_OF_HEAD = '\r\n\r\n';

/** The two ends of one WebSocket. */
export class SocketPair {
  readonly #parts: SocketParts;
  readonly #up: Direction;
  readonly #down: Direction;

  /** @param beginning what the page has sent so far: the head of its request, and what came with it. */
  constructor(parts: SocketParts, beginning: [head: Buffer, more: Buffer]) {
    this.#parts = parts;
    const { page, server } = parts;
    this.#up = new Direction('up', server, this, parts);
    this.#down = new Direction('down', page, this, parts);
    for (const event of ['end', 'close'] as const) {
      page.on(event, () => this.#up.take(null));
      server.on(event, () => this.#down.take(null));
    }
    for (const bytes of beginning) if (bytes.length > 0) this.#up.take(bytes);
    page.on('data', (bytes: Buffer) => this.#up.take(bytes));
    server.on('data', (bytes: Buffer) => this.#down.take(bytes));
  }

  cut(how: 'reset' | 'close'): void {
    const { page, server } = this.#parts;
    end(page, how);
    end(server, how);
  }

  halfOpen(way: Way | 'both'): void {
    if (way !== 'down') this.#up.lose();
    if (way !== 'up') this.#down.lose();
  }

  /** Both ends are told that the other one closes. */
  hangUp(code?: number, reason?: string): void {
    for (const direction of [this.#up, this.#down]) direction.hangUp(closePayload(code, reason));
  }

  inject(way: Way, content: Content): void {
    (way === 'up' ? this.#up : this.#down).inject(content);
  }
}

/** TCP RST, or the end in order. */
export function end(socket: Duplex, how: 'reset' | 'close'): void {
  if (how === 'reset' && 'resetAndDestroy' in socket) (socket as Socket).resetAndDestroy();
  else socket.destroy();
}

class Direction {
  readonly #way: Way;
  readonly #parts: SocketParts;
  readonly #pair: SocketPair;
  readonly #lane: Lane;
  readonly #reader = new FrameReader();
  /** What came before the frames: the head of the handshake. Null behind it. */
  #head: Buffer | null = Buffer.alloc(0);
  /** The server refused: what comes is a page. */
  #isPlain = false;
  /** Frames that others are to overtake. */
  readonly #held = new Set<{ raw: Buffer; left: number }>();

  constructor(way: Way, to: Duplex, pair: SocketPair, parts: SocketParts) {
    this.#way = way;
    this.#pair = pair;
    this.#parts = parts;
    this.#lane = new Lane(to, parts.faults);
  }

  lose(): void {
    this.#lane.lose();
  }

  /** @param bytes null: the other end has ended. */
  take(bytes: Buffer | null): void {
    const { blackhole } = this.#parts.faults;
    if (blackhole === true) this.#pair.halfOpen('both');
    else if (blackhole === this.#way) this.lose();
    if (bytes === null) {
      for (const entry of this.#held) this.#release(entry);
      if (this.#reader.rest.length > 0) this.#lane.push(this.#reader.rest);
      this.#lane.push(null);
    } else if (this.#isPlain) {
      this.#lane.push(bytes);
    } else {
      for (const frame of this.#reader.read(this.#head ? this.#takeHead(this.#head, bytes) : bytes)) this.#pass(frame);
    }
  }

  /** @returns the bytes behind the head. */
  #takeHead(begun: Buffer, more: Buffer): Buffer {
    const bytes = Buffer.concat([begun, more]);
    const at = bytes.indexOf(END_OF_HEAD);
    this.#head = at < 0 ? bytes : null;
    if (at < 0) return Buffer.alloc(0);
    const isAnswer = this.#way === 'down';
    const behind = bytes.subarray(at + END_OF_HEAD.length);
    this.#lane.push(bytes.subarray(0, at + END_OF_HEAD.length), isAnswer ? this.#parts.answerDelayMs : 0);
    this.#isPlain = isAnswer && !/^HTTP\/1.1 101 /.test(bytes.toString('latin1', 0, at));
    if (!this.#isPlain) return behind;
    if (behind.length > 0) this.#lane.push(behind);
    return Buffer.alloc(0);
  }

  #pass(frame: Frame): void {
    const { opcode, payload, raw, isFinal } = frame;
    const isMessage = isFinal && (opcode === Opcode.text || opcode === Opcode.binary);
    const rule = isMessage && this.#parts.rules.frame(this.#way, this.#parts.path, opcode === Opcode.text ? String(payload) : undefined);
    if (!rule) this.#emit(raw);
    else this.#act(rule, frame);
  }

  #act(rule: FrameRule, { opcode, payload, raw }: Frame): void {
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
        return this.#write(opcode, rule.how === 'utf8' ? Buffer.concat([payload, Buffer.from([0xff])]) : payload.subarray(0, payload.length / 2));
      case 'inject': {
        const { place = 'after' } = rule;
        if (place === 'after') this.#emit(raw);
        this.inject(rule);
        if (place === 'before') this.#emit(raw);
        return;
      }
      case 'delay':
        return this.#emit(raw, rule.ms);
      case 'hang-up':
        return this.#pair.hangUp(rule.code, rule.reason);
      case 'cut':
        return this.#pair.cut('close');
      case 'reset':
        if (!rule.inside) return this.#pair.cut('reset');
        // The half must have been read before: a reset overtakes all that is waiting.
        this.#lane.push(raw.subarray(0, raw.length / 2), 0, () => setTimeout(() => this.#pair.cut('reset'), READ_MS));
        return this.lose();
      case 'half-open':
        return this.#pair.halfOpen(rule.way ?? 'both');
    }
  }

  inject(content: Content): void {
    if ('text' in content) this.#write(Opcode.text, Buffer.from(content.text));
    else this.#write(Opcode.binary, Buffer.from(content.base64, 'base64'));
  }

  hangUp(payload: Buffer): void {
    this.#write(Opcode.close, payload);
    this.#lane.push(null);
  }

  /** A frame of our own. */
  #write(opcode: number, payload: Buffer): void {
    this.#emit(writeFrame(opcode, payload, this.#way === 'up'));
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
