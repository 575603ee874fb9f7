/**
 * What must outlive the page: messages that are not stored yet, and drafts. Kept on the device (IndexedDB), each under
 * its *scope*, which is one backend and one person: nothing of one is ever read for another. Never a token.
 *
 * A browser may refuse storage (private windows, policies), run out of it, or lose it. Then everything goes on in memory,
 * and `onTrouble` says so once.
 */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import { idKey, type Id } from '../protocol/index.js';
import { systemClock, type Clock, type ErrorCode } from '../transport/index.js';
import type { Outgoing } from './events.js';

/** A message as it is kept until it is stored by the server. */
export interface Kept extends Outgoing {
  /** When it was written, in milliseconds since 1970. */
  readonly at: number;
  /** The newest message of the room then: whatever of ours the room holds up to there is an earlier message. */
  readonly after?: Id | undefined;
  /** Whether the backend then recognised messages by their names (`idempotent_send`). */
  readonly named?: boolean | undefined;
  /** Why the server refused it, where it did: it waits for its author. */
  readonly refused?: { code: ErrorCode; message: string; status?: number | undefined } | undefined;
}

/** Where messages and drafts are kept. */
export interface Vault {
  /** A scope's messages, in the order in which they were written. */
  load(scope: string): Promise<Kept[]>;
  /** Resolves when it is safe, or when it is clear that it will be in memory alone. Never rejects. */
  put(scope: string, kept: Kept): Promise<void>;
  delete(scope: string, localId: string): Promise<void>;
  /** Empty where there is none. */
  draft(scope: string, roomId: Id): Promise<string>;
  /** An empty text takes it away. */
  putDraft(scope: string, roomId: Id, text: string): Promise<void>;
  /** Forgets everything of everybody on this device. */
  purge(): Promise<void>;
}

interface Schema extends DBSchema {
  outbox: { key: [string, string]; value: { scope: string; localId: string; order: number; kept: Kept } };
  drafts: { key: [string, string]; value: { scope: string; room: string; text: string } };
}

const NAME = 'unified-chat';
/** How long storage may take for one thing, in milliseconds; a browser that is broken never answers. */
const DEADLINE_MS = 2_000;

/** All keys of one scope: an array sorts after every string. */
const of = (scope: string): IDBKeyRange => IDBKeyRange.bound([scope], [scope, []]);

export class DeviceVault implements Vault {
  readonly #clock: Clock;
  readonly #onTrouble: () => void;
  readonly #messages = new Map<string, { scope: string; order: number; kept: Kept }>();
  readonly #drafts = new Map<string, string>();
  #database: Promise<IDBPDatabase<Schema>> | undefined;
  #inMemory = false;
  #last = 0;

  constructor(onTrouble: () => void, clock = systemClock) {
    this.#onTrouble = onTrouble;
    this.#clock = clock;
  }

  async load(scope: string): Promise<Kept[]> {
    const rows = (await this.#try((database) => database.getAll('outbox', of(scope)))) ?? [];
    for (const row of rows) if (!this.#messages.has(row.localId)) this.#messages.set(row.localId, row);
    return [...this.#messages.values()]
      .filter((entry) => entry.scope === scope)
      .sort((a, b) => a.order - b.order)
      .map(({ kept }) => kept);
  }

  async put(scope: string, kept: Kept): Promise<void> {
    const { localId } = kept;
    // By the wall clock, so that it holds between tabs, and never twice the same within one.
    const order = this.#messages.get(localId)?.order ?? (this.#last = Math.max(this.#clock.now(), this.#last + 0.001));
    this.#messages.set(localId, { scope, order, kept });
    await this.#try((database) => database.put('outbox', { scope, localId, order, kept }));
  }

  async delete(scope: string, localId: string): Promise<void> {
    this.#messages.delete(localId);
    await this.#try((database) => database.delete('outbox', [scope, localId]));
  }

  async draft(scope: string, roomId: Id): Promise<string> {
    const room = idKey(roomId);
    const row = await this.#try((database) => database.get('drafts', [scope, room]));
    return row?.text ?? this.#drafts.get(`${scope} ${room}`) ?? '';
  }

  async putDraft(scope: string, roomId: Id, text: string): Promise<void> {
    const room = idKey(roomId);
    this.#drafts.set(`${scope} ${room}`, text);
    await this.#try<unknown>((database) => (text ? database.put('drafts', { scope, room, text }) : database.delete('drafts', [scope, room])));
  }

  async purge(): Promise<void> {
    this.#messages.clear();
    this.#drafts.clear();
    await this.#try((database) => Promise.all([database.clear('outbox'), database.clear('drafts')]));
  }

  /** Twice: a database that was deleted under us, or closed by the browser, is simply opened again. */
  async #try<T>(run: (database: IDBPDatabase<Schema>) => Promise<T>): Promise<T | undefined> {
    for (let attempt = 1; attempt <= 2 && !this.#inMemory; attempt++) {
      let cancel = (): void => {};
      try {
        const late = new Promise<never>((_, reject) => (cancel = systemClock.after(DEADLINE_MS, () => reject(new Error('late')))));
        return await Promise.race([this.#open().then(run), late]);
      } catch {
        this.#database = undefined;
      } finally {
        cancel();
      }
    }
    if (!this.#inMemory) {
      this.#inMemory = true;
      this.#onTrouble();
    }
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
