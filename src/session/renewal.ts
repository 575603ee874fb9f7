/** Renews a token before it runs out. Loaded on demand: see later.ts. */
import type { Inside } from './inside.js';
import { readClaims, type TokenKeeper } from './token.js';

/** How long before its end a token is renewed at the earliest, in milliseconds. */
const EARLY_MS = 60_000;
/** Two renewals of our own accord are at least this far apart, in milliseconds: a page may only have stale tokens. */
const SELDOM_MS = 30_000;
/** The longest that a browser's timer can wait. */
const MAX_DELAY_MS = 2 ** 31 - 1;

export class Renewal {
  readonly #session: Inside;
  readonly #tokens: TokenKeeper;
  readonly #renewed: () => void;
  #renewedAt = -Infinity;
  #cancel: () => void = () => {};

  /** @param renewed called when there is another token. */
  constructor(session: Inside, tokens: TokenKeeper, renewed: () => void) {
    this.#session = session;
    this.#tokens = tokens;
    this.#renewed = renewed;
  }

  /** Sets the time for the present token. */
  schedule(): void {
    this.#cancel();
    const { token, since, skewMs } = this.#tokens;
    const { expiresAt, issuedAt } = readClaims(token);
    const { clock, random, rest } = this.#session;
    if (expiresAt === null || !rest) return;
    const lifeMs = expiresAt - (issuedAt ?? since + (skewMs ?? 0));
    // Without the server's clock: a token lives no longer from when it came than from when it was made.
    const leftMs = skewMs === undefined && issuedAt !== null ? since + lifeMs - clock.now() : expiresAt - clock.now() - (skewMs ?? 0);
    const earlyMs = Math.min(EARLY_MS, lifeMs / 4) * (0.5 + random() / 2);
    const seldomMs = this.#renewedAt + SELDOM_MS - clock.now();
    this.#cancel = clock.after(Math.min(Math.max(leftMs - earlyMs, seldomMs, 0), MAX_DELAY_MS), () => void this.now());
  }

  /** Renews the token though nobody has refused it yet; where the page has none, nothing is lost. */
  async now(): Promise<void> {
    this.#cancel();
    const { clock } = this.#session;
    if (clock.now() - this.#renewedAt < SELDOM_MS) return;
    const before = this.#tokens.token;
    this.#renewedAt = clock.now();
    await this.#tokens.request();
    if (this.#tokens.token !== before) this.#renewed();
  }

  stop(): void {
    this.#cancel();
  }
}
