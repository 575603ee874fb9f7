/** The open sockets of each client address in this process, and their maximum number. */
import type { WebSocket } from 'ws';

export class AddressSockets {
  readonly #count = new Map<string, number>();

  constructor(private readonly max: number) {}

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
