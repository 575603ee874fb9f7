/** The outboxes of the users who were signed in on this page: one of them is open. */
import type { OutboxHost } from './outbox-context.js';
import type { MessageStorage } from './message-storage.js';
import { Outbox } from './outbox.js';

/** Outboxes of former users that are kept in memory too, for a device that keeps nothing. */
const MAX_SET_ASIDE = 8;

export class OutboxRegistry {
  /** What the present user has written, and the server has not stored. */
  current: Outbox;
  /** Which backend, and which user there; empty: not known. */
  scope = '';
  /** The last scope that was known. */
  lastScope = '';
  /** Backend and token of a user who is not known yet; empty: the user will never be known. */
  #anonymous = '';
  /** Outboxes of former users, by scope; of an unknown user by backend and token. */
  readonly #setAside = new Map<string, Outbox>();
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

  /** Whether the outbox of a user who was not known was set aside under this name. */
  isSetAside(name: string): boolean {
    return this.#setAside.has(name);
  }

  /** Names the user, who is not known, by backend and token. */
  nameUnknown(name: string): void {
    if (!this.scope && name) this.#anonymous = name;
  }

  /**
   * Opens the outbox of a user, and sets the present one aside.
   * @param scope empty: the user is not known.
   * @param name the key under which the outbox is found again.
   */
  switchTo(scope: string, name = scope): void {
    const before = this.current;
    if (scope) this.lastScope = scope;
    this.scope = scope;
    if (scope === '' || scope !== before.scope) this.#replace(before, scope, name);
    this.#onSwitch();
  }

  #replace(before: Outbox, scope: string, name: string): void {
    const next = (name && this.#setAside.get(name)) || new Outbox(this.#session, this.#storage, scope);
    this.#setAside.delete(name);
    this.current = next;
    // Written before the user was known; no other user has signed in since.
    if (scope && !before.scope) void next.adopt(before);
    before.close();
    if (!scope) void next.open();
    const left = before.scope || this.#anonymous;
    if (!scope) this.#anonymous = name;
    if (before.isEmpty || !left) return;
    this.#setAside.set(left, before);
    const [oldest] = this.#setAside.keys();
    if (this.#setAside.size > MAX_SET_ASIDE && oldest !== undefined) this.#setAside.delete(oldest);
  }

  /** Forgets the user. Messages of an unknown user stay without an author: the next user is another one. */
  forget(): void {
    this.lastScope = '';
    this.#anonymous = '';
    this.switchTo('', '');
  }

  /**
   * Forgets what memory keeps of all users, then what the device keeps.
   * @param discard gives up what was written here, as soon as all of it is queued.
   * @throws {ChatError} `unreachable` when the device does not answer.
   */
  async purge(discard: () => void): Promise<void> {
    await Promise.all([this.current, ...this.#setAside.values()].map((outbox) => outbox.purge()));
    this.#setAside.clear();
    discard();
    await this.#storage.purge();
  }
}
