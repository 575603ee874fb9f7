/** The outboxes of the users who have been signed in on this page. One of them is open. */
import type { OutboxHost } from './outbox-context.js';
import type { MessageStorage } from './message-storage.js';
import { Outbox } from './outbox.js';

/** The number of outboxes of former users that stay in memory, in case the device stores nothing. */
const MAX_SET_ASIDE = 8;

export class OutboxRegistry {
  /** The outbox of the current user. */
  current: Outbox;
  /** The scope of the current user; empty if the user is unknown. */
  scope = '';
  /** The last scope that was not empty. */
  lastScope = '';
  /** Backend and token of a user who is not known yet; empty if the user will never be known. */
  #anonymous = '';
  /** The outboxes that were set aside: by scope, or by backend and token if the user is unknown. */
  readonly setAside = new Map<string, Outbox>();
  readonly #session: OutboxHost;
  readonly #storage: MessageStorage;
  readonly #onSwitch: () => void;

  /** @param onSwitch called when the user may have changed. */
  constructor(session: OutboxHost, storage: MessageStorage, onSwitch: () => void) {
    this.#session = session;
    this.#onSwitch = onSwitch;
    this.#storage = storage;
    this.current = new Outbox(session, storage, '');
    void this.current.open();
  }

  /** Whether the outbox of an unknown user was set aside under this name. */
  isSetAside(name: string): boolean {
    return this.setAside.has(name);
  }

  /** Sets the name of an unknown user: backend and token. */
  nameUnknown(name: string): void {
    if (!this.scope && name) this.#anonymous = name;
  }

  /**
   * Opens the outbox of a user, and sets the current one aside.
   * @param scope empty if the user is unknown.
   * @param name the key of the outbox among those that were set aside.
   */
  switchTo(scope: string, name = scope): void {
    const before = this.current;
    if (scope) this.lastScope = scope;
    this.scope = scope;
    if (scope === '' || scope !== before.scope) this.#replace(before, scope, name);
    this.#onSwitch();
  }

  #replace(before: Outbox, scope: string, name: string): void {
    const next = (name && this.setAside.get(name)) || new Outbox(this.#session, this.#storage, scope);
    this.setAside.delete(name);
    this.current = next;
    // Its messages were written before the user was known, and no other user has signed in since.
    if (scope && !before.scope) void next.adopt(before);
    before.close();
    if (!scope) void next.open();
    const left = before.scope || this.#anonymous;
    if (!scope) this.#anonymous = name;
    if (before.isEmpty || !left) return;
    this.setAside.set(left, before);
    const [oldest] = this.setAside.keys();
    if (this.setAside.size > MAX_SET_ASIDE && oldest !== undefined) this.setAside.delete(oldest);
  }

  /** Forgets the user. Messages of an unknown user stay without an author, because the next user is another one. */
  forget(): void {
    this.lastScope = '';
    this.#anonymous = '';
    this.switchTo('', '');
  }

  /**
   * Deletes the data of all users: first from memory, then from the device.
   * @param discard discards the messages of this page. Called when all of them are queued.
   * @throws {ChatError} `unreachable` if the storage does not answer.
   */
  async purge(discard: () => void): Promise<void> {
    await Promise.all([this.current, ...this.setAside.values()].map((outbox) => outbox.purge()));
    this.setAside.clear();
    discard();
    await this.#storage.purge();
  }
}
