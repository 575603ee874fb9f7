import { Id, maybe, number, z } from '../protocol/schema.js';
import { check, type Id as IdType } from '../protocol/index.js';
import { ChatError, type Clock } from '../transport/index.js';

/** What a JWT says of itself, as far as we look. Read, not verified: only the server can do that. */
export interface Claims {
  userId: IdType | null;
  /** Milliseconds since 1970 by the clock of whoever made it, or null where it does not say. */
  expiresAt: number | null;
  /** Likewise, when it was made. */
  issuedAt: number | null;
}

const Payload = z.looseObject({
  user_id: maybe(Id),
  exp: maybe(number),
  iat: maybe(number),
});

/** Reads a token's claims; a token that is no JWT has none, and that is fine. */
export function readClaims(token: string): Claims {
  const nothing = { userId: null, expiresAt: null, issuedAt: null };
  if (!token.includes('.')) return nothing;
  try {
    const base64 = token.split('.')[1]!.replace(/-/g, '+').replace(/_/g, '/');
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    const payload = check(Payload, JSON.parse(new TextDecoder().decode(bytes)), 'token');
    if (!payload.ok) return nothing;
    const { user_id, exp, iat } = payload.value;
    const time = (seconds: number | undefined): number | null => (seconds == null ? null : seconds * 1000);
    return { userId: user_id ?? null, expiresAt: time(exp), issuedAt: time(iat) };
  } catch {
    return nothing;
  }
}

/** How to ask the page for a token: `tokenProvider`, or the event `chat-token-expired`. Undefined: it has none. */
export type AskForToken = () => Promise<string | undefined>;

/** What the server's clock said was some time on its way, in milliseconds. */
const LATENCY_MS = 5_000;
export interface TokenParts {
  clock: Clock;
  ask: AskForToken;
  /** How long the page may take to answer, in milliseconds. */
  answerMs: number;
  /** Something is wrong with the page's answer. Says so without the token. */
  onProblem(detail: string): void;
  /** The page has answered after all. */
  onLate(token: string): void;
}

/**
 * Holds the token, in memory alone, and asks the page for another when it is refused, or is about to run out (renewal.ts): once,
 * however many ask at the same time.
 */
export class TokenKeeper {
  readonly #parts: TokenParts;
  #token = '';
  #refused = '';
  #asking: Promise<boolean> | undefined;
  #answer: Promise<string | undefined> | undefined;
  #giveUp: () => void = () => {};
  /** When the present token came here. */
  since = 0;
  /** By how much the server's clock is ahead of ours, where we know. */
  skewMs: number | undefined;

  constructor(parts: TokenParts) {
    this.#parts = parts;
  }

  get token(): string {
    return this.#token;
  }

  set token(token: string) {
    this.#take(token);
    // Whoever waits for the page's answer goes on with this one: that promise may never settle.
    this.#asking = undefined;
    this.#giveUp();
  }

  /** Whether the present token is one that the server has refused. */
  get isRefused(): boolean {
    return this.#token !== '' && this.#token === this.#refused;
  }

  /** Whether the present token has run out. By the server's clock where we know it: ours may be a day off. */
  get isExpired(): boolean {
    const { expiresAt } = readClaims(this.#token);
    return expiresAt !== null && expiresAt <= this.#parts.clock.now() + (this.skewMs ?? 0) + LATENCY_MS;
  }

  /**
   * The server refused `token`: asks the page for another.
   * @returns whether there is one now that was not refused.
   */
  async renew(token: string): Promise<boolean> {
    if (token !== this.#token) return !this.isRefused; // somebody was faster
    this.#refused = token;
    return this.request();
  }

  /** Asks the page for a token. @returns whether there is a usable one now. */
  request(): Promise<boolean> {
    if (this.#asking) return this.#asking;
    const asking = this.#request().finally(() => {
      if (this.#asking === asking) this.#asking = undefined;
    });
    return (this.#asking = asking);
  }

  /** Asks nobody any more. */
  stop(): void {
    this.#asking = undefined;
    this.#giveUp();
  }

  #take(token: string): void {
    this.#token = token.trim();
    this.since = this.#parts.clock.now();
  }

  async #request(): Promise<boolean> {
    const { clock, answerMs, onProblem } = this.#parts;
    const before = this.#token;
    let cancel = (): void => {};
    const givenUp = new Promise<undefined>((resolve) => {
      this.#giveUp = () => resolve(undefined);
      cancel = clock.after(answerMs, () => {
        onProblem(`The page did not give a token within ${answerMs / 1000} s.`);
        resolve(undefined);
      });
    });
    const answer = await Promise.race([this.#question(), givenUp]);
    cancel();
    // The page may have set another one in the meantime: that one counts.
    if (answer && this.#token === before) this.#take(answer);
    return this.#token !== '' && !this.isRefused;
  }

  /** The page is asked one question at a time, however long it takes over it. */
  #question(): Promise<string | undefined> {
    const { ask, onProblem, onLate } = this.#parts;
    return (this.#answer ??= ask()
      // A message that is not ours is the page's own, and may hold anything.
      .catch((thrown: unknown) => onProblem(thrown instanceof ChatError ? thrown.message : 'The page failed to give a token: its function threw, or its promise was rejected.'))
      .then((answer) => {
        this.#answer = undefined;
        const token = typeof answer === 'string' ? answer.trim() : '';
        // Nobody waits for it any more, but a token is a token.
        if (!this.#asking && token && token !== this.#token) onLate(token);
        return token;
      }));
  }
}
