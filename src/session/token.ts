import { Id, maybe, z } from '../protocol/schema.js';
import { check, type Id as IdType } from '../protocol/index.js';

/** What a JWT says of itself, as far as we look. Read, not verified: only the server can do that. */
export interface Claims {
  userId: IdType | null;
  /** Milliseconds since 1970, or null where it does not say. */
  expiresAt: number | null;
}

const Payload = z.looseObject({
  user_id: maybe(Id),
  exp: maybe(z.number()),
});

/** Reads a token's claims; a token that is no JWT has none, and that is fine. */
export function readClaims(token: string): Claims {
  const nothing = { userId: null, expiresAt: null };
  try {
    const base64 = (token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/');
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    const payload = check(Payload, JSON.parse(new TextDecoder().decode(bytes)), 'token');
    if (!payload.ok) return nothing;
    const { user_id, exp } = payload.value;
    return { userId: user_id ?? null, expiresAt: exp == null ? null : exp * 1000 };
  } catch {
    return nothing;
  }
}

/** How to ask the page for a token: `tokenProvider`, or the event `chat-token-expired`. Undefined: it has none. */
export type AskForToken = () => Promise<string | undefined>;

/**
 * Holds the token, in memory alone, and asks the page for another when it is refused: once, however many ask at the
 * same time.
 */
export class TokenKeeper {
  #token = '';
  #refused = '';
  #asking: Promise<boolean> | undefined;
  readonly #ask: AskForToken;
  #giveUp: () => void = () => {};

  constructor(ask: AskForToken) {
    this.#ask = ask;
  }

  get token(): string {
    return this.#token;
  }

  set token(token: string) {
    this.#token = token.trim();
    // Whoever waits for the page's answer goes on with this one: that promise may never settle.
    this.#asking = undefined;
    this.#giveUp();
  }

  /** Whether the present token is one that the server has refused. */
  get isRefused(): boolean {
    return this.#token !== '' && this.#token === this.#refused;
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

  async #request(): Promise<boolean> {
    const before = this.#token;
    const givenUp = new Promise<undefined>((resolve) => (this.#giveUp = () => resolve(undefined)));
    const answer = await Promise.race([this.#ask().catch(() => undefined), givenUp]);
    // The page may have set another one in the meantime: that one counts.
    if (answer && this.#token === before) this.#token = answer.trim();
    return this.#token !== '' && !this.isRefused;
  }
}
