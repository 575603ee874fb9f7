/** Message storage in IndexedDB: see message-storage.ts. */
import type { StoredMessage, StorageState } from '../../model/index.js';
import { idKey, type Id } from '../../protocol/index.js';
import { ChatError, systemClock, type Clock } from '../../transport/index.js';
import { evictOldest } from '../../internal/evict-oldest.js';
import { lazyImport } from '../../internal/lazy-import.js';
import { noop } from '../../internal/noop.js';
import { DATABASE, done, inStore, keysOf } from './indexeddb.js';
import type { MessageStorage } from './message-storage.js';

interface OutboxRow {
  scope: string;
  localId: string;
  order: number;
  kept: StoredMessage;
}

interface DraftRow {
  scope: string;
  room: string;
  text: string;
}

type Store = (typeof STORES)[number][0];
/** An operation on one object store: see `inStore`. */
type Work<T> = (store: IDBObjectStore) => Promise<T> | T;

/** The object stores: the key of a row is its scope and this field. */
const STORES = [
  ['outbox', 'localId'],
  ['drafts', 'room'],
  ['files', 'uploadId'],
] as const;
/** Version 2: a scope includes the API path and the socket path. Version 3: files, for file-storage.ts. */
const VERSION = 3;
/** The deadline for one storage operation, in milliseconds: a broken browser never answers. */
const DEADLINE_MS = 2_000;
/**
 * The interval between two checks whether broken storage works again, in milliseconds. It doubles, up to
 * `MAX_PROBE_MS`.
 */
const PROBE_MS = 10_000;
const MAX_PROBE_MS = 300_000;

/** How long the id of a discarded message is kept, in milliseconds. */
const REMEMBER_MS = 86_400_000;

/**
 * Errors after which the operation is not repeated at once. After others it is: the database may have been closed or
 * deleted in the meantime.
 */
const FINAL = /^(Timeout|Version)/;

const loadUpgrade = lazyImport(() => import('./upgrade-database.js'));

export class IndexedDbStorage implements MessageStorage {
  readonly #clock: Clock;
  readonly #onChange: (state: StorageState) => void;
  #database: Promise<IDBDatabase> | undefined;
  #state: StorageState = 'kept';
  /** Upgrades a database of an earlier version. Loaded only if there is one. */
  #upgrade: ((transaction: IDBTransaction, oldVersion: number) => void) | undefined;
  #loading: Promise<unknown> | undefined;
  /** When broken storage is tried again, in milliseconds since 1970. */
  #probeAt = 0;
  #probeMs = PROBE_MS;
  /** Running connections and unfinished operations. The database stays open while there are any. */
  #holders = 0;
  /** Writes that are not completed yet, by row. The last one of each row is repeated when storage works again. */
  readonly #unsafe = new Map<string, [Store, Work<unknown>]>();
  #isHeld = false;
  #last = 0;

  /** @param onChange called when the storage fails, and when it works again. */
  constructor(onChange: (state: StorageState) => void, clock = systemClock) {
    this.#onChange = onChange;
    this.#clock = clock;
  }

  open(): void {
    if (!this.#isHeld) this.#holders++;
    this.#isHeld = true;
  }

  close(): void {
    if (this.#isHeld) this.#letGo();
    this.#isHeld = false;
  }

  async load(scope: string): Promise<StoredMessage[]> {
    const all =
      (await this.#in('outbox', (store) => done(store.getAll(keysOf(scope)) as IDBRequest<Partial<OutboxRow>[]>))) ??
      [];
    const rows = all.filter((row): row is OutboxRow => !!row.kept);
    // The clock may have been set back since the rows were written.
    for (const { order } of rows) if (order > this.#last) this.#last = order;
    const isOver = ({ kept }: (typeof rows)[number]): boolean =>
      kept.discarded === true && kept.at < this.#clock.now() - REMEMBER_MS;
    for (const { localId } of rows.filter(isOver)) void this.delete(scope, localId);
    return rows
      .filter((row) => !isOver(row))
      .sort((a, b) => a.order - b.order)
      .map(({ kept }) => kept);
  }

  async put(scope: string, kept: StoredMessage): Promise<void> {
    const { localId } = kept;
    // The wall clock makes the order comparable between tabs. Within a tab no value occurs twice.
    const order = (this.#last = Math.max(this.#clock.now(), this.#last + 0.001));
    await this.#in(
      'outbox',
      async (store) => {
        const known = await done(store.get([scope, localId]) as IDBRequest<OutboxRow | undefined>);
        store.put({ scope, localId, order: known?.order ?? order, kept });
      },
      scope + localId,
    );
  }

  async delete(scope: string, localId: string): Promise<void> {
    await this.#in('outbox', (store) => void store.delete([scope, localId]), scope + localId);
  }

  async draft(scope: string, roomId: Id): Promise<string> {
    return (
      (await this.#in('drafts', (store) => done(store.get([scope, idKey(roomId)]) as IDBRequest<DraftRow | undefined>)))
        ?.text ?? ''
    );
  }

  async putDraft(scope: string, roomId: Id, text: string): Promise<void> {
    const room = idKey(roomId);
    await this.#in(
      'drafts',
      (store) => {
        if (text) store.put({ scope, room, text });
        else store.delete([scope, room]);
        // The page may be left right now, which aborts what is not committed.
        store.transaction.commit();
      },
      scope + room,
    );
  }

  async purge(): Promise<void> {
    this.#unsafe.clear();
    // Broken storage is tried too: data that is still there must not be reported as deleted. A failed purge is repeated
    // later, like a failed write.
    const clear = (name: Store): Promise<IDBRequest | undefined> => {
      const run = (store: IDBObjectStore): IDBRequest => store.clear();
      this.#unsafe.set(name, [name, run]);
      return this.#try(name, run);
    };
    if ((await Promise.all([clear('outbox'), clear('drafts'), clear('files')])).includes(undefined))
      throw new ChatError('unreachable', 'Storage did not answer.');
  }

  /**
   * Runs an operation on one store. Does not wait for broken storage, which is tried in the background, at growing
   * intervals.
   * @returns the result, once the data is written; undefined if the storage does not work.
   */
  async #in<T>(name: Store, run: Work<T>, row?: string): Promise<T | undefined> {
    if (this.#state === 'outdated') return undefined;
    if (row) {
      this.#unsafe.set(row, [name, run]);
      evictOldest(this.#unsafe);
    }
    if (this.#state === 'kept') return this.#try(name, run);
    if (this.#clock.now() < this.#probeAt) return undefined;
    this.#probeAt = this.#clock.now() + this.#probeMs;
    this.#probeMs = Math.min(this.#probeMs * 2, MAX_PROBE_MS);
    void this.#try(name, run);
    return undefined;
  }

  /** Repeats the operation if the database was deleted or closed in the meantime. */
  async #try<T>(name: Store, run: Work<T>): Promise<T | undefined> {
    this.#holders++;
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          const result = await this.#once(name, run);
          for (const [row, [, write]] of this.#unsafe) if (write === run) this.#unsafe.delete(row);
          this.#become('kept');
          return result;
        } catch (thrown) {
          this.#shut();
          const { name: error } = thrown as Error;
          if (attempt === 1 && !FINAL.test(error)) {
            await this.#loading;
            continue;
          }
          // Another tab runs a newer version, and has upgraded the database.
          this.#become(error === 'VersionError' ? 'outdated' : 'not-kept');
          return undefined;
        }
      }
    } finally {
      this.#letGo();
    }
  }

  async #once<T>(name: Store, run: Work<T>): Promise<T> {
    const work = async (): Promise<T> => inStore(await this.#connect(), name, run);
    let cancel = (): void => {};
    // System time, not the clock of the connection, because this waits for the browser.
    const late = new Promise<never>(
      (_, reject) => (cancel = systemClock.after(DEADLINE_MS, () => reject(new DOMException('', 'TimeoutError')))),
    );
    return Promise.race([work(), late]).finally(cancel);
  }

  #become(state: StorageState): void {
    if (state === this.#state || this.#state === 'outdated') return;
    this.#state = state;
    if (state === 'kept') {
      this.#probeMs = PROBE_MS;
      for (const write of this.#unsafe.values()) void this.#try(...write);
    } else this.#probeAt = this.#clock.now() + this.#probeMs;
    this.#onChange(state);
  }

  /** Closes the database when it is not needed: an open one keeps this object and the page's data alive. */
  #letGo(): void {
    if (--this.#holders < 1) this.#shut();
  }

  #shut(): void {
    const database = this.#database;
    this.#database = undefined;
    void database?.then((opened) => opened.close(), noop);
  }

  #connect(): Promise<IDBDatabase> {
    return (this.#database ??= this.#openDatabase());
  }

  async #openDatabase(): Promise<IDBDatabase> {
    const request = indexedDB.open(DATABASE, VERSION);
    request.onupgradeneeded = ({ oldVersion }) => {
      if (oldVersion === 0)
        for (const [name, id] of STORES) request.result.createObjectStore(name, { keyPath: ['scope', id] });
      else if (this.#upgrade) this.#upgrade(request.transaction!, oldVersion);
      else {
        this.#loading = loadUpgrade().then(({ upgrade }) => (this.#upgrade = upgrade), noop);
        request.transaction!.abort();
      }
    };
    const database = await done(request);
    // Another tab deletes the database, or a newer version upgrades it: an open connection would block that.
    database.onversionchange = ({ newVersion }) => {
      database.close();
      this.#database = undefined;
      if (newVersion !== null) this.#become('outdated');
    };
    database.onclose = () => (this.#database = undefined);
    return database;
  }
}
