/** Web Locks and BroadcastChannel for several tabs in one process. Tabs can be killed. */

interface Request {
  name: string;
  tab: object;
  grant(): void;
  revoke(): void;
}

/** The state shared by all tabs of one browser. */
export class FakeBrowser {
  readonly #held = new Map<string, Request>();
  readonly #queues = new Map<string, Request[]>();
  readonly #channels = new Set<FakeChannel>();
  readonly #dead = new WeakSet<object>();
  /** All messages between tabs. */
  readonly messages: string[] = [];
  /** The same, with channel names. */
  readonly channelLog: { name: string; text: string }[] = [];
  /** Number of lock requests. */
  lockRequests = 0;

  /** @param latency Delays locks and messages. Default: a microtask. */
  constructor(readonly latency: (run: () => void) => void = (run) => queueMicrotask(run)) {}

  /** Open channels and locks of all tabs; 0 after everything is disposed. */
  get open(): { channels: number; locks: number } {
    return { channels: this.#channels.size, locks: this.#held.size + [...this.#queues.values()].flat().length };
  }

  /** Opens a tab. `kill` simulates a crash: the tab stops, and its locks are released. */
  tab(): {
    locks: LockManager;
    BroadcastChannel: typeof BroadcastChannel;
    kill(): void;
    open(): { channels: number; locks: number };
  } {
    const tab = {};
    const browser = this;
    return {
      locks: {
        request: (name: string, options: LockOptions, callback: LockGrantedCallback<unknown>) =>
          this.#request(tab, name, options, callback),
      } as unknown as LockManager,
      BroadcastChannel: class {
        constructor(name: string) {
          return new FakeChannel(name, tab, browser.#channels, browser) as never;
        }
      } as unknown as typeof BroadcastChannel,
      open: () => ({
        channels: [...this.#channels].filter((channel) => channel.tab === tab).length,
        locks: [...this.#held.values(), ...[...this.#queues.values()].flat()].filter((request) => request.tab === tab)
          .length,
      }),
      kill: () => {
        this.#dead.add(tab);
        for (const channel of [...this.#channels]) if (channel.tab === tab) channel.close();
        for (const queue of this.#queues.values())
          queue.splice(0, queue.length, ...queue.filter((request) => request.tab !== tab));
        for (const [name, request] of [...this.#held]) if (request.tab === tab) this.#release(name, request);
      },
    };
  }

  #request(tab: object, name: string, options: LockOptions, callback: LockGrantedCallback<unknown>): Promise<unknown> {
    this.lockRequests++;
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
            // The lock was stolen, or the tab crashed, before the callback ran.
            if (this.#held.get(name) !== request) return;
            void Promise.resolve(callback({ name, mode: 'exclusive' } as Lock)).then(
              (value) => (this.#release(name, request), resolve(value)),
            );
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
    this.browser.messages.push(text);
    this.browser.channelLog.push({ name: this.name, text });
    for (const other of this.all) {
      if (other !== this && other.name === this.name)
        this.browser.latency(() => this.all.has(other) && other.onmessage?.({ data: copy }));
    }
  }

  close(): void {
    this.all.delete(this);
  }
}

const refused = (): DOMException => new DOMException('The operation is insecure.', 'SecurityError');

/** The APIs of a tab whose browser blocks cookies: they exist, but every use fails. */
export const BLOCKED = {
  locks: { request: () => Promise.reject(refused()) } as unknown as LockManager,
  BroadcastChannel: class {
    constructor() {
      throw refused();
    }
  } as unknown as typeof BroadcastChannel,
};
