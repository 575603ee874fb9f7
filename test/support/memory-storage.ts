import type { StoredMessage } from '../../src/model/index.js';
import type { MessageStorage } from '../../src/session/index.js';
import type { FileRow, FileStorage } from '../../src/session/uploads/file-storage.js';
import { idKey, type Id } from '../../src/protocol/index.js';

/** In-memory storage of files. `capacity`: bytes that fit. */
class MemoryFiles implements FileStorage {
  readonly rows = new Map<string, FileRow>();
  capacity = Infinity;

  async put(scope: string, row: FileRow): Promise<boolean> {
    const size = [...this.rows.values()].reduce((sum, { file }) => sum + file.size, 0);
    const key = `${scope} ${row.uploadId}`;
    if (!this.rows.has(key) && size + row.file.size > this.capacity) return false;
    this.rows.set(key, row);
    return true;
  }

  async get(scope: string, uploadId: string): Promise<FileRow | undefined> {
    return this.rows.get(`${scope} ${uploadId}`);
  }

  async delete(scope: string, uploadId: string): Promise<void> {
    this.rows.delete(`${scope} ${uploadId}`);
  }

  async list(scope: string): Promise<FileRow[]> {
    return [...this.rows].filter(([key]) => key.startsWith(`${scope} `)).map(([, row]) => row);
  }
}

/** In-memory message storage. Like a real device, it outlives the connections that use it. */
export class MemoryStorage implements MessageStorage {
  readonly messages = new Map<string, { scope: string; message: StoredMessage }>();
  readonly drafts = new Map<string, string>();
  readonly files = new MemoryFiles();
  /** Number of operations requested. */
  operations = 0;
  /** Delays every operation. Default: no delay. */
  latency: () => Promise<void> | undefined = () => undefined;
  /** Number of connections that hold it open, and of pending operations. Both are 0 after everything is disposed. */
  holders = 0;
  pending = 0;

  /** The storage as seen by one connection. */
  handle(): MessageStorage {
    let isHeld = false;
    const hold = (on: boolean): void => {
      if (on !== isHeld) this.holders += on ? 1 : -1;
      isHeld = on;
    };
    return {
      load: (scope) => this.load(scope),
      put: (scope, message) => this.put(scope, message),
      delete: (scope, localId) => this.delete(scope, localId),
      draft: (scope, roomId) => this.draft(scope, roomId),
      putDraft: (scope, roomId, text) => this.putDraft(scope, roomId, text),
      purge: () => this.purge(),
      files: this.files,
      open: () => hold(true),
      close: () => hold(false),
    };
  }

  async load(scope: string): Promise<StoredMessage[]> {
    await this.#operation();
    return [...this.messages.values()].filter((row) => row.scope === scope).map(({ message }) => message);
  }

  async put(scope: string, message: StoredMessage): Promise<void> {
    // Stores a copy, like a real browser.
    const copy = structuredClone(message);
    await this.#operation();
    this.messages.set(message.localId, { scope, message: copy });
  }

  async delete(_scope: string, localId: string): Promise<void> {
    await this.#operation();
    this.messages.delete(localId);
  }

  async draft(scope: string, roomId: Id): Promise<string> {
    await this.#operation();
    return this.drafts.get(`${scope} ${idKey(roomId)}`) ?? '';
  }

  async putDraft(scope: string, roomId: Id, text: string): Promise<void> {
    await this.#operation();
    this.drafts.set(`${scope} ${idKey(roomId)}`, text);
  }

  async purge(): Promise<void> {
    await this.#operation();
    this.messages.clear();
    this.drafts.clear();
    this.files.rows.clear();
  }

  async #operation(): Promise<void> {
    this.operations++;
    this.pending++;
    await this.latency();
    this.pending--;
  }
}

/** Storage that keeps nothing, as in a browser that blocks cookies. */
export const NO_STORAGE: MessageStorage = {
  load: async () => [],
  put: async () => {},
  delete: async () => {},
  draft: async () => '',
  putDraft: async () => {},
  purge: async () => {},
};
