/** The open sockets of each client address in this process, and their maximum number. */
import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';

export class AddressSockets {
  readonly #count = new Map<string, number>();

  /** @param trustProxy Whether a proxy in front of this server appends the address of its client. */
  constructor(
    private readonly max: number,
    private readonly trustProxy: boolean,
  ) {}

  /** The address of the client. Earlier entries of the header are what the client itself claims. */
  addressOf({ headers, socket }: IncomingMessage): string {
    const forwarded = this.trustProxy ? String(headers['x-forwarded-for'] ?? '') : '';
    return forwarded.split(',').at(-1)!.trim() || (socket.remoteAddress ?? '');
  }

  isFull(address: string): boolean {
    return (this.#count.get(address) ?? 0) >= this.max;
  }

  /** Adds a socket until it closes. */
  add(address: string, socket: WebSocket): void {
    this.#count.set(address, (this.#count.get(address) ?? 0) + 1);
    socket.on('close', () => {
      const left = this.#count.get(address)! - 1;
      if (left > 0) this.#count.set(address, left);
      else this.#count.delete(address);
    });
  }
}
