import { isId } from '../protocol/schema.js';
import { sameId, type Id } from '../protocol/index.js';
import type { Clock } from '../transport/index.js';

/** What a JWT says of itself, as far as we look. Read, not verified: only the server can do that. */
export interface Claims {
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
    const { user_id, exp, iat } = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    const time = (seconds: unknown): number | null => (typeof seconds === 'number' ? seconds * 1000 : null);
    return { userId: isId(user_id) ? user_id : null, expiresAt: time(exp), issuedAt: time(iat) };
  } catch {
    return nothing;
  }
}

/** What the server's clock said was some time on its way, in milliseconds. */
const LATENCY_MS = 5_000;

/** Holds the token, in memory alone, and knows whose it is as far as that can be known. */
export class TokenKeeper {
  readonly #clock: Clock;
  #token = '';
  #refused = '';
  /** The last one that was not empty, and whose it is, where the server has said so. */
  #known = '';
  #owner: Id | null = null;
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
      this.#owner = this.ownerOf(token);
      this.#known = token;
    }
    this.#token = token;
    this.since = this.#clock.now();
  }

  /** Whose a token is; null where neither it nor the server has said so. */
  ownerOf(token = this.#known): Id | null {
    return readClaims(token).userId ?? (token === this.#known ? this.#owner : null);
  }

  /** Whether a token is certainly of somebody else than the last one was. */
  isOther(token: string): boolean {
    const [before, now] = [this.ownerOf(), this.ownerOf(token)];
    return before !== null && now !== null && !sameId(before, now);
  }

  /** Whether it is another token than the last one, whosever it is. */
  isNew(token: string): boolean {
    return this.#known !== '' && token !== this.#known;
  }

  /** The server has said whose the present token is. */
  vouch(owner: Id): void {
    this.#known = this.#token;
    this.#owner = owner;
  }

  /** The person is gone. */
  forget(): void {
    this.#known = '';
    this.#owner = null;
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
