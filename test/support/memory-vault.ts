import type { Kept, Vault } from '../../src/session/index.js';
import { idKey, type Id } from '../../src/protocol/index.js';

/** A device in memory: what is put there outlives the connection that put it, as a real device outlives the page. */
export class MemoryVault implements Vault {
  readonly messages = new Map<string, { scope: string; kept: Kept }>();
  readonly drafts = new Map<string, string>();

  async load(scope: string): Promise<Kept[]> {
    return [...this.messages.values()].filter((row) => row.scope === scope).map(({ kept }) => kept);
  }

  async put(scope: string, kept: Kept): Promise<void> {
    // As a browser does: what is kept is a copy.
    this.messages.set(kept.localId, { scope, kept: structuredClone(kept) });
  }

  async delete(_scope: string, localId: string): Promise<void> {
    this.messages.delete(localId);
  }

  async draft(scope: string, roomId: Id): Promise<string> {
    return this.drafts.get(`${scope} ${idKey(roomId)}`) ?? '';
  }

  async putDraft(scope: string, roomId: Id, text: string): Promise<void> {
    this.drafts.set(`${scope} ${idKey(roomId)}`, text);
  }

  async purge(): Promise<void> {
    this.messages.clear();
    this.drafts.clear();
  }
}
