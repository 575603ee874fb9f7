import type { StoredMessage, MessageStorage } from '../../src/session/index.js';
import { idKey, type Id } from '../../src/protocol/index.js';

/** In-memory message storage. Like a real device, it outlives the connections that use it. */
export class MemoryVault implements MessageStorage {
  readonly messages = new Map<string, { scope: string; kept: StoredMessage }>();
  readonly drafts = new Map<string, string>();
  /** Number of operations requested. */
  asked = 0;
  /** Delays every operation. Default: no delay. */
  latency: () => Promise<void> | undefined = () => undefined;
  /** Number of connections that hold it open, and of pending operations. Both are 0 after everything is disposed. */
  holders = 0;
  underWay = 0;

  /** The storage as seen by one connection. */
  handle(): MessageStorage {
    let isHeld = false;
    const hold = (on: boolean): void => {
      if (on !== isHeld) this.holders += on ? 1 : -1;
      isHeld = on;
    };
    return {
      load: (scope) => this.load(scope),
      put: (scope, kept) => this.put(scope, kept),
      delete: (scope, localId) => this.delete(scope, localId),
      draft: (scope, roomId) => this.draft(scope, roomId),
      putDraft: (scope, roomId, text) => this.putDraft(scope, roomId, text),
      purge: () => this.purge(),
      open: () => hold(true),
      close: () => hold(false),
    };
  }

  async load(scope: string): Promise<StoredMessage[]> {
    await this.#take();
    return [...this.messages.values()].filter((row) => row.scope === scope).map(({ kept }) => kept);
  }

  async put(scope: string, kept: StoredMessage): Promise<void> {
    // Stores a copy, like a real browser.
    const copy = structuredClone(kept);
    await this.#take();
    this.messages.set(kept.localId, { scope, kept: copy });
  }

  async delete(_scope: string, localId: string): Promise<void> {
    await this.#take();
    this.messages.delete(localId);
  }

  async draft(scope: string, roomId: Id): Promise<string> {
    await this.#take();
    return this.drafts.get(`${scope} ${idKey(roomId)}`) ?? '';
  }

  async putDraft(scope: string, roomId: Id, text: string): Promise<void> {
    await this.#take();
    this.drafts.set(`${scope} ${idKey(roomId)}`, text);
  }

  async purge(): Promise<void> {
    await this.#take();
    this.messages.clear();
    this.drafts.clear();
  }

  async #take(): Promise<void> {
    this.asked++;
    this.underWay++;
    await this.latency();
    this.underWay--;
  }
}

/** Storage that keeps nothing, as in a browser that blocks cookies. */
export const NO_VAULT: MessageStorage = {
  load: async () => [],
  put: async () => {},
  delete: async () => {},
  draft: async () => '',
  putDraft: async () => {},
  purge: async () => {},
};
