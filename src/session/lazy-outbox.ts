/**
 * The outbox and its vault, whose code is loaded beside the first connection: a page can be read before it is there. What is
 * written until then waits here.
 */
import type { Inside } from './inside.js';
import { partLoader } from './load-part.js';
import type { Outbox } from './outbox.js';
import type { Outgoing, Vault } from './vault.js';

/** A message, what to call when it is kept and may be shown as being sent, and whose it is. */
type Written = [outgoing: Outgoing, shown: () => void, scope: string];

const load = partLoader(() => import('./sending.js'));

export class LazyOutbox {
  readonly #session: Inside;
  /** The outbox, as soon as it is loaded. */
  box: Outbox | undefined;
  #vault: Vault | undefined;
  #loading: Promise<void> | undefined;
  #early: Written[] = [];
  #scope = '';
  #leads = false;

  /** @param vault where messages are kept. Default: this device. */
  constructor(session: Inside, vault: Vault | undefined) {
    this.#session = session;
    this.#vault = vault;
  }

  /** Makes it that of one person, and tells the tab that sends what waits here. */
  enter(scope: string): void {
    this.#scope = scope;
    const { box } = this;
    if (box) void box.enter(scope).then(() => box.announce());
    else void this.#load();
  }

  /** From now on this tab sends, or does not any more. */
  lead(on: boolean): void {
    this.#leads = on;
    void this.box?.lead(on);
  }

  add(outgoing: Outgoing, shown: () => void): void {
    if (this.box) return void this.box.add(outgoing, shown);
    this.#early.push([outgoing, shown, this.#scope]);
    void this.#load();
  }

  /** Forgets a message that is not stored yet. */
  discard(localId: string): void {
    this.#early = this.#early.filter(([outgoing]) => outgoing.localId !== localId);
    this.box?.discard(localId);
  }

  /** Something works again: whatever waits is tried now. */
  wake(): void {
    if (this.box) this.box.wake();
    else void this.#load();
  }

  /** Forgets everything here; the vault keeps it for its author. @returns the messages that were not stored. */
  clear(): Outgoing[] {
    this.#scope = '';
    const waiting = this.#early.map(([outgoing]) => outgoing);
    this.#early = this.#early.filter(([, , scope]) => scope !== '');
    return this.box?.clear() ?? waiting;
  }

  /** @returns nothing where its code cannot be had. */
  async vault(): Promise<Vault | undefined> {
    await this.#load();
    return this.#vault;
  }

  #load(): Promise<void> {
    return (this.#loading ??= load().then(
      ({ DeviceVault, Outbox }) => {
        const { report } = this.#session;
        this.#vault ??= new DeviceVault(() => report({ type: 'not-durable' }));
        this.box = new Outbox(this.#session, this.#vault);
        if (this.#scope) this.enter(this.#scope);
        this.lead(this.#leads);
        for (const [outgoing, shown, scope] of this.#early.splice(0)) {
          // Somebody else has signed in meanwhile: it waits for its author.
          if (scope && scope !== this.#scope) void this.#vault.put(scope, { ...outgoing, at: this.#session.clock.now() });
          else this.add(outgoing, shown);
        }
      },
      () => {
        // Without a network it waits in memory, and is shown; once more when something is to be sent, or works again.
        this.#loading = undefined;
        this.#session.report({ type: 'not-durable' });
        this.#early = this.#early.map(([outgoing, shown, scope]) => (shown(), [outgoing, () => {}, scope]));
      },
    ));
  }
}
