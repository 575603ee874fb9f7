import { readClaims } from '../../internal/claims.js';
import { sameId, type Id, type Message } from '../../protocol/index.js';
import type { Clock } from '../../transport/index.js';

/**
 * Whether two tokens belong to the same user; undefined if they do not reveal it.
 * @param ownerOfA the owner of the first token, for a token without a user id.
 */
export function isSamePerson(a: string, b: string, ownerOfA: Id | null = null): boolean | undefined {
  if (a.trim() === b.trim()) return true;
  const [before, now] = [readClaims(a).userId ?? ownerOfA, readClaims(b).userId];
  return before === null || now === null ? undefined : sameId(before, now);
}

/** The longest time that the server's timestamp may have been in transit, in milliseconds. */
const LATENCY_MS = 5_000;

/** Holds the token, in memory only, and its owner, if the token or the server names one. */
export class TokenManager {
  readonly #clock: Clock;
  #token = '';
  #refused = '';
  /** The last token that was not empty. */
  #known = '';
  /** The owner of that token, as named by the server. */
  #confirmed: Id | null = null;
  /** When the current token was set, in milliseconds since 1970. */
  since = 0;
  /** How far the server's clock is ahead of the local one, in milliseconds; undefined if unknown. */
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
   * The user, until another one signs in: named by the token or else by the server; null if neither names one. The
   * token comes first, because it has named the user from the start.
   */
  get owner(): Id | null {
    return readClaims(this.#known).userId ?? this.#confirmed;
  }

  /** The `owner` that would result if the server reported that the token belongs to `id`. */
  ownerIfConfirmed(id: Id): Id {
    return readClaims(this.#known).userId ?? id;
  }

  /** The backend's id of the user; null if unknown. */
  get userId(): Id | null {
    return this.#confirmed ?? readClaims(this.#known).userId;
  }

  /** Whether the server has named the owner. */
  get isConfirmed(): boolean {
    return this.#confirmed !== null;
  }

  /** Whether the user is the author of a message. A token may contain another id (`sub`) than the backend uses. */
  isOwn(message: Message): boolean {
    return sameId(message.sender?.id, this.userId) || (!this.isConfirmed && message.is_own_message);
  }

  /** Whether a token belongs to the same user as the last one; undefined if unknown. */
  isSameUser(token: string): boolean | undefined {
    return isSamePerson(this.#known, token, this.#confirmed);
  }

  /** Whether a token certainly belongs to another user than the last one. */
  isOtherUser(token: string): boolean {
    return this.isSameUser(token) === false;
  }

  /** Whether a token differs from the last one, regardless of its user. */
  isNew(token: string): boolean {
    return this.#known !== '' && token !== this.#known;
  }

  /** Records the owner of the current token, as named by the server. */
  confirm(person: Id): void {
    this.#known = this.#token;
    this.#confirmed = person;
  }

  /** Forgets the user, who has signed out. */
  forget(): void {
    this.#known = '';
    this.#confirmed = null;
  }

  /** Records that the server has refused a token. */
  refuse(token: string): void {
    this.#refused = token;
  }

  /** Whether there is a token that the server has not refused. */
  get isUsable(): boolean {
    return this.#token !== '' && this.#token !== this.#refused;
  }

  /**
   * Whether the current token has expired: by the server's clock if it is known, because the device's clock may be
   * wrong by a day.
   */
  get isExpired(): boolean {
    const { expiresAt } = readClaims(this.#token);
    return expiresAt !== null && expiresAt <= this.#clock.now() + (this.skewMs ?? 0) + LATENCY_MS;
  }
}
