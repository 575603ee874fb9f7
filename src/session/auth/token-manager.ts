import { isId } from '../../protocol/schema.js';
import { sameId, type Id } from '../../protocol/index.js';
import type { Clock } from '../../transport/index.js';

/** What a JWT says of itself, as far as we look. Read, not verified: only the server can do that. */
export interface Claims {
  /** `user_id`, or else `sub`. */
  userId: Id | null;
  /** Milliseconds since 1970 by the clock of whoever made it, or null where it does not say. */
  expiresAt: number | null;
  /** Likewise, when it was made. */
  issuedAt: number | null;
}

/** Reads a token's claims; a token that is no JWT has none, and that is fine. */
export function readClaims(token: string): Claims {
  const nothing = { userId: null, expiresAt: null, issuedAt: null };
  if (!token.includes('.')) return nothing;
  try {
    const base64 = token.split('.')[1]!.replace(/-/g, '+').replace(/_/g, '/');
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    const { user_id, sub, exp, iat } = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    const time = (seconds: unknown): number | null => (typeof seconds === 'number' ? seconds * 1000 : null);
    return { userId: isId(user_id) ? user_id : isId(sub) ? sub : null, expiresAt: time(exp), issuedAt: time(iat) };
  } catch {
    return nothing;
  }
}

/**
 * Whether two tokens belong to one person; undefined where they do not say so.
 * @param ownerOfA the owner of the first token, for a token without a user id.
 */
export function isSamePerson(a: string, b: string, ownerOfA: Id | null = null): boolean | undefined {
  if (a.trim() === b.trim()) return true;
  const [before, now] = [readClaims(a).userId ?? ownerOfA, readClaims(b).userId];
  return before === null || now === null ? undefined : sameId(before, now);
}

/** What the server's clock said was some time on its way, in milliseconds. */
const LATENCY_MS = 5_000;

/** Holds the token, in memory alone, and knows whose it is as far as that can be known. */
export class TokenManager {
  readonly #clock: Clock;
  #token = '';
  #refused = '';
  /** The last one that was not empty. */
  #known = '';
  /** Whose that is by the server's word. */
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

  /** The id under which the backend knows the person. */
  get userId(): Id | null {
    return this.#confirmed ?? readClaims(this.#known).userId;
  }

  /** Whether the server has said whose the token is. */
  get isConfirmed(): boolean {
    return this.#confirmed !== null;
  }

  /** Whether a token is of the same person as the last one; undefined: not known. */
  isSameUser(token: string): boolean | undefined {
    return isSamePerson(this.#known, token, this.#confirmed);
  }

  /** Whether a token is certainly of another user than the last one was. */
  isOtherUser(token: string): boolean {
    return this.isSameUser(token) === false;
  }

  /** Whether it is another token than the last one, whosever it is. */
  isNew(token: string): boolean {
    return this.#known !== '' && token !== this.#known;
  }

  /** The server has said whose the present token is. */
  confirm(person: Id): void {
    this.#known = this.#token;
    this.#confirmed = person;
  }

  /** The person is gone. */
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

  /** Whether the present token has run out. By the server's clock where we know it: ours may be a day off. */
  get isExpired(): boolean {
    const { expiresAt } = readClaims(this.#token);
    return expiresAt !== null && expiresAt <= this.#clock.now() + (this.skewMs ?? 0) + LATENCY_MS;
  }
}
