import type { StoredMessage, MessageStorage } from '../../src/session/index.js';
import { idKey, type Id } from '../../src/protocol/index.js';

/** A device in memory: what is put there outlives the connection that put it, as a real device outlives the page. */
export class MemoryVault implements MessageStorage {
  readonly messages = new Map<string, { scope: string; kept: StoredMessage }>();
  readonly drafts = new Map<string, string>();
  /** How often it was asked for anything. */
  asked = 0;
  /** What everything waits for: a device takes its time. Default: nothing. */
  latency: () => Promise<void> | undefined = () => undefined;
  /** How many connections hold it open; and how many things are under way. Both are 0 after everything has been taken down. */
  holders = 0;
  underWay = 0;

  /** The same device, as one connection holds it. */
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
    // As a browser does: what is kept is a copy.
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

/** A device that may keep nothing, as a browser's that blocks cookies. */
export const NO_VAULT: MessageStorage = {
  load: async () => [],
  put: async () => {},
  delete: async () => {},
  draft: async () => '',
  putDraft: async () => {},
  purge: async () => {},
};
