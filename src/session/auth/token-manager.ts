import { readClaims } from '../../internal/claims.js';
import { sameId, type Id, type Message } from '../../protocol/index.js';
import type { Clock } from '../../transport/index.js';

/**
 * Whether two tokens belong to one user; undefined if they do not say so.
 * @param ownerOfA the owner of the first token, for a token without a user id.
 */
export function isSamePerson(a: string, b: string, ownerOfA: Id | null = null): boolean | undefined {
  if (a.trim() === b.trim()) return true;
  const [before, now] = [readClaims(a).userId ?? ownerOfA, readClaims(b).userId];
  return before === null || now === null ? undefined : sameId(before, now);
}

/** The most that the server's timestamp may have been on its way, in milliseconds. */
const LATENCY_MS = 5_000;

/** Holds the token, in memory only, and its owner as far as the token or the server names one. */
export class TokenManager {
  readonly #clock: Clock;
  #token = '';
  #refused = '';
  /** The last one that was not empty. */
  #known = '';
  /** Its owner, as the server has said. */
  #confirmed: Id | null = null;
  /** When the present token came here. */
  since = 0;
  /** By how much the server's clock is ahead of ours, where we know. */
  skewMs: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get token(): string {
    return this.#token;
  }

  set token(token: string) {
    token = token.trim();
    if (token) {
      if (!this.isSameUser(token)) this.#confirmed = null;
      this.#known = token;
    }
    this.#token = token;
    this.since = this.#clock.now();
  }

  /**
   * Names the user, until another one signs in: by the token where it does that (it always has), or else by the server's
   * word; null where neither has said so.
   */
  get owner(): Id | null {
    return readClaims(this.#known).userId ?? this.#confirmed;
  }

  /** What `person` would be, if the server said that the token is of `id`. */
  ownerIfConfirmed(id: Id): Id {
    return readClaims(this.#known).userId ?? id;
  }

  /** The backend's id of the user. */
  get userId(): Id | null {
    return this.#confirmed ?? readClaims(this.#known).userId;
  }

  /** Whether the server has named the owner. */
  get isConfirmed(): boolean {
    return this.#confirmed !== null;
  }

  /** Whether the user is the author of a message. A token may use another id (`sub`) than the backend does. */
  isOwn(message: Message): boolean {
    return sameId(message.sender?.id, this.userId) || (!this.isConfirmed && message.is_own_message);
  }

  /** Whether a token is of the same user as the last one; undefined: not known. */
  isSameUser(token: string): boolean | undefined {
    return isSamePerson(this.#known, token, this.#confirmed);
  }

  /** Whether a token is certainly of another user than the last one was. */
  isOtherUser(token: string): boolean {
    return this.isSameUser(token) === false;
  }

  /** Whether it is another token than the last one, of any user. */
  isNew(token: string): boolean {
    return this.#known !== '' && token !== this.#known;
  }

  /** The server has named the owner of the present token. */
  confirm(person: Id): void {
    this.#known = this.#token;
    this.#confirmed = person;
  }

  /** The user has signed out. */
  forget(): void {
    this.#known = '';
    this.#confirmed = null;
  }

  /** The server has refused this one. */
  refuse(token: string): void {
    this.#refused = token;
  }

  /** Whether there is a token that the server has not refused. */
  get isUsable(): boolean {
    return this.#token !== '' && this.#token !== this.#refused;
  }

  /** Whether the present token has expired: by the server's clock if it is known, because the device's clock may be a day off. */
  get isExpired(): boolean {
    const { expiresAt } = readClaims(this.#token);
    return expiresAt !== null && expiresAt <= this.#clock.now() + (this.skewMs ?? 0) + LATENCY_MS;
  }
}
