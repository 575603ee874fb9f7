/** One person's client, as little of it as never loses anything: it comes back, sends again, counts, and asks for what it missed. */
import type { ChangeFrame } from '../../src/protocol/sync.js';
import { openSocket, type Client, type Frame } from './support.js';

const WAIT_MS = 100;

export class Talker {
  /** What is known of the room's messages, by id. */
  readonly known = new Map<unknown, string>();
  /** What the server has said that it has. */
  readonly acknowledged = new Set<string>();
  /** Holes between two frames, and lines that broke. */
  holes = 0;
  breaks = 0;
  seq: number;
  readonly #waiting = new Map<string, string>();
  #client: Client | undefined;
  #ended = false;
  #changed = (): void => {};

  /** @param seq up to where it knows the room already */
  constructor(
    private readonly url: string,
    private readonly token: string,
    private readonly room: number,
    seq: number,
  ) {
    this.seq = seq;
  }

  /** Stays connected from now on. @returns when it is, for the first time. */
  start(): Promise<void> {
    return new Promise((resolve) => void this.#live(resolve));
  }

  send(content: string): void {
    const tempId = crypto.randomUUID();
    this.#waiting.set(tempId, content);
    this.#say(tempId, content);
  }

  /** Waits until everything sent is acknowledged, and everything up to a seq is known. */
  async done(seq: number): Promise<void> {
    while (this.#waiting.size > 0 || this.seq < seq) await new Promise<void>((resolve) => (this.#changed = resolve));
  }

  get missing(): string {
    return `${this.#waiting.size} not acknowledged, at ${this.seq}`;
  }

  end(): void {
    this.#ended = true;
    this.#client?.close();
  }

  async #live(onOpen: () => void): Promise<void> {
    while (!this.#ended) {
      try {
        const client = await openSocket({ url: this.url }, this.token);
        this.#client = client;
        client.socket.on('message', () => client.frames.splice(0).forEach((frame) => this.#hear(frame)));
        client.frames.splice(0).forEach((frame) => this.#hear(frame));
        this.#sync();
        for (const [tempId, content] of this.#waiting) this.#say(tempId, content);
        onOpen();
        await client.closed;
      } catch {
        // Nobody there: again in a moment.
      }
      this.#client = undefined;
      if (this.#ended) return;
      this.breaks++;
      await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
    }
  }

  #say(tempId: string, content: string): void {
    this.#client?.send({ type: 'send_message', room_id: this.room, content, _tempId: tempId });
  }

  #sync(): void {
    this.#client?.send({ type: 'sync', rooms: { [this.room]: this.seq } });
  }

  #hear(frame: Frame): void {
    if (frame.type === 'message_ack') {
      const tempId = String(frame['_tempId']);
      this.acknowledged.add(this.#waiting.get(tempId) ?? '');
      this.#waiting.delete(tempId);
    } else if (frame.type === 'sync_result') {
      const [room] = frame['rooms'] as [{ seq: number; has_more: boolean; expired: boolean; changes: ChangeFrame[] }];
      if (room.expired) throw new Error('expired');
      room.changes.forEach((change) => this.#learn(change));
      this.seq = Math.max(this.seq, room.seq);
      if (room.has_more) this.#sync();
    } else if (typeof frame['seq'] === 'number' && frame['seq'] > this.seq) {
      if (frame['seq'] === this.seq + 1) {
        this.#learn(frame as unknown as ChangeFrame);
        this.seq++;
      } else {
        this.holes++;
        this.#sync();
      }
    }
    this.#changed();
  }

  #learn(change: ChangeFrame): void {
    if (change.type === 'new_message') this.known.set(change.message.id, change.message.content);
  }
}
