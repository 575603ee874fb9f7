/**
 * Announces the user of a backend to the other tabs of this origin. After a change each tab asks its own page who is
 * signed in. No token is sent, and no tab relies on another one. Loaded on demand: see deferred.ts.
 */
import { idKey, type Id } from '../../protocol/index.js';
import type { Clock } from '../../transport/index.js';
import { timeLeft } from '../time-left.js';
import { TabChannel, type TabApis } from './tab-channel.js';

/**
 * The minimum time between two requests to the page, in milliseconds: two tabs may have different users permanently.
 */
const SELDOM_MS = 5_000;

export interface PersonMessage {
  /** `idKey` of the user who has signed in; empty: signed out. */
  person: string;
}

interface UserChannelHost {
  readonly clock: Clock;
  readonly auth: { readonly refresher: { recheck(): Promise<void> } | undefined };
}

export class UserChannel {
  readonly #session: UserChannelHost;
  readonly #tabs: TabApis;
  #link: TabChannel<PersonMessage> | undefined;
  #backend = '';
  #person = '';
  #askedAt = -Infinity;
  #cancel: () => void = () => {};

  constructor(session: UserChannelHost, tabs: TabApis) {
    this.#session = session;
    this.#tabs = tabs;
  }

  /** @param person the user who is signed in at this backend; null if there is none, or an unknown one. */
  announce(backend: string, person: Id | null): void {
    if (backend !== this.#backend || !this.#link) {
      this.#link?.close();
      this.#link = new TabChannel(backend, this.#tabs, (message) => this.#hear(message), 'people');
      this.#backend = backend;
      this.#person = '';
    }
    const key = person === null ? '' : idKey(person);
    if (key === this.#person) return;
    this.#person = key;
    this.#link.broadcast({ person: key });
  }

  stop(): void {
    this.#cancel();
    this.#link?.close();
    this.#link = undefined;
  }

  #hear(message: PersonMessage | undefined): void {
    const { clock } = this.#session;
    const person = message?.person;
    if (typeof person !== 'string' || !this.#person || person === this.#person) return;
    this.#cancel();
    // Rate-limited, but the last message counts.
    this.#cancel = clock.after(timeLeft(clock, { from: this.#askedAt, ms: SELDOM_MS }), () => {
      this.#askedAt = clock.now();
      void this.#session.auth.refresher?.recheck();
    });
  }
}
