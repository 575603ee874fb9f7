/** The vault in IndexedDB: see vault.ts. */
import { openDB, type DBSchema, type IDBPDatabase, type IDBPObjectStore } from 'idb';
import { idKey, type Id } from '../protocol/index.js';
import { systemClock, type Clock } from '../transport/index.js';
import type { Kept, Vault } from './vault.js';

interface Schema extends DBSchema {
  outbox: { key: [string, string]; value: { scope: string; localId: string; order: number; kept: Kept } };
  drafts: { key: [string, string]; value: { scope: string; room: string; text: string } };
}

const NAME = 'unified-chat';
/** How long storage may take for one thing, in milliseconds; a browser that is broken never answers. */
const DEADLINE_MS = 2_000;

/** How long it is remembered that a message was given up, in milliseconds. */
const REMEMBER_MS = 86_400_000;

/** All keys of one scope: an array sorts after every string. */
const of = (scope: string): IDBKeyRange => IDBKeyRange.bound([scope], [scope, []]);

export class DeviceVault implements Vault {
  readonly #clock: Clock;
  readonly #onTrouble: () => void;
  #database: Promise<IDBPDatabase<Schema>> | undefined;
  #isBroken = false;
  #last = 0;

  /** @param onTrouble called once, when nothing can be kept (any more). */
  constructor(onTrouble: () => void, clock = systemClock) {
    this.#onTrouble = onTrouble;
    this.#clock = clock;
  }

  async load(scope: string): Promise<Kept[]> {
    const rows = (await this.#in('outbox', (store) => store.getAll(of(scope)))) ?? [];
    const isOver = ({ kept }: (typeof rows)[number]): boolean => kept.discarded === true && kept.at < this.#clock.now() - REMEMBER_MS;
    for (const { localId } of rows.filter(isOver)) void this.delete(scope, localId);
    return rows.filter((row) => !isOver(row)).sort((a, b) => a.order - b.order).map(({ kept }) => kept);
  }

  async put(scope: string, kept: Kept): Promise<void> {
    const { localId } = kept;
    // By the wall clock, so that it holds between tabs, and never twice the same within one.
    const order = (this.#last = Math.max(this.#clock.now(), this.#last + 0.001));
    await this.#in('outbox', async (store) => {
      const known = await store.get([scope, localId]);
      await store.put({ scope, localId, order: known?.order ?? order, kept });
    });
  }

  async delete(scope: string, localId: string): Promise<void> {
    await this.#in('outbox', (store) => store.delete([scope, localId]));
  }

  async draft(scope: string, roomId: Id): Promise<string> {
    return (await this.#in('drafts', (store) => store.get([scope, idKey(roomId)])))?.text ?? '';
  }

  async putDraft(scope: string, roomId: Id, text: string): Promise<void> {
    const room = idKey(roomId);
    await this.#in<'drafts', unknown>('drafts', (store) => (text ? store.put({ scope, room, text }) : store.delete([scope, room])));
  }

  async purge(): Promise<void> {
    await Promise.all([this.#in('outbox', (store) => store.clear()), this.#in('drafts', (store) => store.clear())]);
  }

  /** Does something in one store. @returns when it is safe on the device; nothing where that is not to be had. */
  #in<Name extends 'outbox' | 'drafts', T>(name: Name, run: (store: IDBPObjectStore<Schema, [Name], Name, 'readwrite'>) => Promise<T>): Promise<T | undefined> {
    return this.#try(async (database) => {
      const { store, done } = database.transaction(name, 'readwrite');
      const [result] = await Promise.all([run(store), done]);
      return result;
    });
  }

  /** Twice: a database that was deleted under us, or closed by the browser, is simply opened again. */
  async #try<T>(run: (database: IDBPDatabase<Schema>) => Promise<T>): Promise<T | undefined> {
    for (let attempt = 1; attempt <= 2; attempt++) {
      let cancel = (): void => {};
      try {
        // Real time, whatever the clock of the connection: it is the browser that is waited for.
        const late = new Promise<never>((_, reject) => (cancel = systemClock.after(DEADLINE_MS, () => reject(new Error('late')))));
        return await Promise.race([this.#open().then(run), late]);
      } catch {
        this.#database = undefined;
        if (this.#isBroken) return undefined;
      } finally {
        cancel();
      }
    }
    this.#isBroken = true;
    this.#onTrouble();
    return undefined;
  }

  #open(): Promise<IDBPDatabase<Schema>> {
    return (this.#database ??= openDB<Schema>(NAME, 1, {
      upgrade(database) {
        database.createObjectStore('outbox', { keyPath: ['scope', 'localId'] });
        database.createObjectStore('drafts', { keyPath: ['scope', 'room'] });
      },
      // Another tab deletes or changes the database: do not stand in its way.
      blocking: (_current, _wanted, event) => (event.target as IDBDatabase).close(),
      terminated: () => (this.#database = undefined),
    }));
  }
}
