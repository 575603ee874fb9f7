/** A minimal client that loses nothing: it reconnects, resends, tracks seqs, and syncs missed changes. */
import type { ChangeFrame } from '../../src/protocol/sync.js';
import { openSocket, type Client, type Frame } from './support.js';

const WAIT_MS = 100;

export class ReliableClient {
  /** Known messages of the room, by id. */
  readonly known = new Map<unknown, string>();
  /** Texts acknowledged by the server. */
  readonly acknowledged = new Set<string>();
  /** Gaps in seq, and lost connections. */
  gaps = 0;
  disconnects = 0;
  seq: number;
  readonly #unacknowledged = new Map<string, string>();
  #client: Client | undefined;
  #ended = false;
  #onChange = (): void => {};

  /** @param seq The seq up to which the room is already known. */
  constructor(
    private readonly url: string,
    private readonly token: string,
    private readonly room: number,
    seq: number,
  ) {
    this.seq = seq;
  }

  /** Connects, and reconnects until `end`. @returns a promise for the first connection. */
  start(): Promise<void> {
    return new Promise((resolve) => void this.#run(resolve));
  }

  send(content: string): void {
    const tempId = crypto.randomUUID();
    this.#unacknowledged.set(tempId, content);
    this.#sendMessage(tempId, content);
  }

  /** Waits until everything sent is acknowledged, and the given seq is reached. */
  async caughtUp(seq: number): Promise<void> {
    while (this.#unacknowledged.size > 0 || this.seq < seq)
      await new Promise<void>((resolve) => (this.#onChange = resolve));
  }

  get progress(): string {
    return `${this.#unacknowledged.size} not acknowledged, at ${this.seq}`;
  }

  end(): void {
    this.#ended = true;
    this.#client?.close();
  }

  async #run(onOpen: () => void): Promise<void> {
    while (!this.#ended) {
      try {
        const client = await openSocket({ url: this.url }, this.token);
        this.#client = client;
        client.socket.on('message', () => client.frames.splice(0).forEach((frame) => this.#onFrame(frame)));
        client.frames.splice(0).forEach((frame) => this.#onFrame(frame));
        this.#sync();
        for (const [tempId, content] of this.#unacknowledged) this.#sendMessage(tempId, content);
        onOpen();
        await client.closed;
      } catch {
        // Connection refused: retry.
      }
      this.#client = undefined;
      if (this.#ended) return;
      this.disconnects++;
      await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
    }
  }

  #sendMessage(tempId: string, content: string): void {
    this.#client?.send({ type: 'send_message', room_id: this.room, content, _tempId: tempId });
  }

  #sync(): void {
    this.#client?.send({ type: 'sync', rooms: { [this.room]: this.seq } });
  }

  #onFrame(frame: Frame): void {
    if (frame.type === 'message_ack') {
      const tempId = String(frame['_tempId']);
      this.acknowledged.add(this.#unacknowledged.get(tempId) ?? '');
      this.#unacknowledged.delete(tempId);
    } else if (frame.type === 'sync_result') {
      const [room] = frame['rooms'] as [{ seq: number; has_more: boolean; expired: boolean; changes: ChangeFrame[] }];
      if (room.expired) throw new Error('expired');
      room.changes.forEach((change) => this.#apply(change));
      this.seq = Math.max(this.seq, room.seq);
      if (room.has_more) this.#sync();
    } else if (typeof frame['seq'] === 'number' && frame['seq'] > this.seq) {
      if (frame['seq'] === this.seq + 1) {
        this.#apply(frame as unknown as ChangeFrame);
        this.seq++;
      } else {
        this.gaps++;
        this.#sync();
      }
    }
    this.#onChange();
  }

  #apply(change: ChangeFrame): void {
    if (change.type === 'new_message') this.known.set(change.message.id, change.message.content);
  }
}
