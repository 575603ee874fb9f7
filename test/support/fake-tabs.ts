/** Web Locks and BroadcastChannel for several tabs in one process, and tabs that can be killed. */

interface Request {
  name: string;
  tab: object;
  grant(): void;
  revoke(): void;
}

/** What all tabs of one browser share. */
export class FakeBrowser {
  readonly #held = new Map<string, Request>();
  readonly #queues = new Map<string, Request[]>();
  readonly #channels = new Set<FakeChannel>();
  readonly #dead = new WeakSet<object>();
  /** Everything that tabs have told each other. */
  readonly said: string[] = [];
  /** The same, with the name of the channel. */
  readonly told: { name: string; text: string }[] = [];
  /** How often a lock was asked for. */
  asked = 0;

  /** @param latency what locks and messages wait for; default: the present task. */
  constructor(readonly latency: (run: () => void) => void = (run) => queueMicrotask(run)) {}

  /** What is still open, in all tabs: 0 after everything has been taken down. */
  get open(): { channels: number; locks: number } {
    return { channels: this.#channels.size, locks: this.#held.size + [...this.#queues.values()].flat().length };
  }

  /** One more tab. `kill` ends it as a crash does: it does nothing more, and its locks are free. */
  tab(): { locks: LockManager; BroadcastChannel: typeof BroadcastChannel; kill(): void; open(): { channels: number; locks: number } } {
    const tab = {};
    const browser = this;
    return {
      locks: { request: (name: string, options: LockOptions, callback: LockGrantedCallback<unknown>) => this.#request(tab, name, options, callback) } as unknown as LockManager,
      BroadcastChannel: class {
        constructor(name: string) {
          return new FakeChannel(name, tab, browser.#channels, browser) as never;
        }
      } as unknown as typeof BroadcastChannel,
      open: () => ({
        channels: [...this.#channels].filter((channel) => channel.tab === tab).length,
        locks: [...this.#held.values(), ...[...this.#queues.values()].flat()].filter((request) => request.tab === tab).length,
      }),
      kill: () => {
        this.#dead.add(tab);
        for (const channel of [...this.#channels]) if (channel.tab === tab) channel.close();
        for (const queue of this.#queues.values()) queue.splice(0, queue.length, ...queue.filter((request) => request.tab !== tab));
        for (const [name, request] of [...this.#held]) if (request.tab === tab) this.#release(name, request);
      },
    };
  }

  #request(tab: object, name: string, options: LockOptions, callback: LockGrantedCallback<unknown>): Promise<unknown> {
    this.asked++;
    return new Promise((resolve, reject) => {
      if (this.#dead.has(tab)) return;
      const abort = (): DOMException => new DOMException('', 'AbortError');
      if (options.signal?.aborted) return reject(abort());
      const request: Request = {
        name,
        tab,
        grant: () => {
          this.#held.set(name, request);
          this.latency(() => {
            // Stolen, or its tab has crashed, before it was told that it has the lock.
            if (this.#held.get(name) !== request) return;
            void Promise.resolve(callback({ name, mode: 'exclusive' } as Lock)).then((value) => (this.#release(name, request), resolve(value)));
          });
        },
        revoke: () => reject(abort()),
      };
      const holder = this.#held.get(name);
      if (options.steal && holder) {
        this.#held.delete(name);
        holder.revoke();
      } else if (holder) {
        if (options.ifAvailable) return this.latency(() => resolve(callback(null)));
        const queue = this.#queues.get(name) ?? [];
        this.#queues.set(name, queue);
        queue.push(request);
        options.signal?.addEventListener('abort', () => {
          const at = queue.indexOf(request);
          if (at < 0) return;
          queue.splice(at, 1);
          reject(abort());
        });
        return;
      }
      request.grant();
    });
  }

  #release(name: string, request: Request): void {
    if (this.#held.get(name) !== request) return;
    this.#held.delete(name);
    this.#queues.get(name)?.shift()?.grant();
  }
}

class FakeChannel {
  onmessage: ((event: { data: unknown }) => void) | null = null;

  constructor(
    private readonly name: string,
    readonly tab: object,
    private readonly all: Set<FakeChannel>,
    private readonly browser: FakeBrowser,
  ) {
    all.add(this);
  }

  postMessage(data: unknown): void {
    const copy = structuredClone(data);
    const text = JSON.stringify(copy);
    this.browser.said.push(text);
    this.browser.told.push({ name: this.name, text });
    for (const other of this.all) {
      if (other !== this && other.name === this.name) this.browser.latency(() => this.all.has(other) && other.onmessage?.({ data: copy }));
    }
  }

  close(): void {
    this.all.delete(this);
  }
}

const refused = (): DOMException => new DOMException('The operation is insecure.', 'SecurityError');

/** What a tab has whose browser blocks cookies: everything is there, and nothing may be used. */
export const BLOCKED = {
  locks: { request: () => Promise.reject(refused()) } as unknown as LockManager,
  BroadcastChannel: class {
    constructor() {
      throw refused();
    }
  } as unknown as typeof BroadcastChannel,
};
