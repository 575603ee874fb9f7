/**
 * Obtains tokens from the page (`token`, `tokenProvider`, `tokenUrl`, `chat-token-expired`), and tracks which user they
 * belong to according to the page (`user`).
 */
import { isSamePerson, loadDeferred } from '../session/index.js';
import type { Clock } from '../transport/index.js';
import type { ConnectionConfig } from './config.js';
import type { ListenerRegistry } from './events.js';

/** Whether the page can be asked for a token. */
const canAsk = ({ tokenProvider, tokenUrl }: ConnectionConfig): boolean => !!(tokenProvider || tokenUrl);

export interface ConfigChange {
  /** The previous user's data must be discarded. */
  isOtherUser: boolean;
  /** Only `tokenProvider` has changed, to another function: frameworks may pass a new closure on every render. */
  isProviderOnly: boolean;
}

export class TokenSource {
  config: ConnectionConfig = {};
  readonly #events: ListenerRegistry;
  readonly #clock: Clock;
  readonly #fetch: typeof fetch;
  /** The signed-in user according to the page; empty: none; undefined: the page has never set `user`. */
  #siteUser: string | undefined;
  /** A token that is still configured although its user has signed out: it must not be used for another user. */
  #staleToken: { token: string; user: string | undefined | null } | undefined;
  /** The token at the last change of `user`. */
  #siteUserToken = '';
  /** The last token that was not empty. */
  #lastToken = '';
  /** A listener's answer to `chat-token-expired`, until the session asks for it. */
  #answer: Promise<string> | string | undefined;

  constructor(events: ListenerRegistry, clock: Clock, fetchFunction: typeof globalThis.fetch) {
    this.#events = events;
    this.#clock = clock;
    this.#fetch = fetchFunction;
  }

  /** Whether the page has signed the user out, by an empty `user`. */
  get isSignedOut(): boolean {
    return this.#siteUser === '';
  }

  /**
   * @param isRunning whether the connection is running. Only then can the server be asked which user a token belongs
   * to.
   * @returns undefined if nothing has changed.
   */
  configure(changes: ConnectionConfig, isRunning: boolean): ConfigChange | undefined {
    const old = this.config;
    const config = { ...old, ...changes };
    const keys = Object.keys(config) as (keyof ConnectionConfig)[];
    if (keys.every((key) => config[key] === old[key])) return undefined;
    this.config = config;
    const before = this.#siteUser;
    if (config.user !== undefined || before !== undefined) this.#siteUser = String(config.user ?? '');
    const hasLeft = !!before && before !== this.#siteUser;
    if (config.token !== old.token) this.#staleToken = undefined;
    // Unless the token certainly belongs to another user: then it is already the new user's.
    else if (
      hasLeft &&
      config.token &&
      this.#staleToken?.token !== config.token &&
      isSamePerson(this.#siteUserToken, config.token) !== false
    ) {
      this.#staleToken = { token: config.token, user: before };
    }
    if (this.#siteUser !== before || !this.#siteUserToken) this.#siteUserToken = config.token ?? '';
    const isElsewhere = config.url !== old.url || config.apiPath !== old.apiPath || config.wsPath !== old.wsPath;
    const isSignedOut = !config.token && !canAsk(config) && (!!old.token || canAsk(old));
    const isUncertain =
      !isRunning && !!this.#lastToken && !!config.token && !isSamePerson(this.#lastToken, config.token);
    this.#lastToken = config.token || this.#lastToken;
    const isReplacedProvider = !!old.tokenProvider && !!config.tokenProvider;
    // Also if the page has never named the user.
    const hasSignedOut = this.#siteUser === '' && before === undefined;
    return {
      isOtherUser:
        hasLeft || isUncertain || ((isElsewhere || isSignedOut || hasSignedOut) && Object.keys(old).length > 0),
      isProviderOnly: keys.every((key) => config[key] === old[key] || (key === 'tokenProvider' && isReplacedProvider)),
    };
  }

  /** The token to start a session with; empty if there is none, or its user has signed out. */
  usable(token = this.config.token ?? ''): string {
    return this.isSignedOut || (token === this.#staleToken?.token && this.#siteUser !== this.#staleToken.user)
      ? ''
      : token;
  }

  /**
   * A session starts with this token.
   * @returns whether the page can be asked for another one.
   */
  begin(token: string): boolean {
    // An earlier answer may be out of date.
    this.#answer = undefined;
    return (
      !this.isSignedOut && (canAsk(this.config) || (!token && (this.#answer = this.#askListeners()) !== undefined))
    );
  }

  /** The page has signed out the user of the current token. */
  signedOut(): void {
    this.#staleToken = { token: this.config.token ?? '', user: null };
  }

  /** Whether asking the page means sending a request, which can be aborted. */
  get isRequest(): boolean {
    return !this.config.tokenProvider && !!this.config.tokenUrl;
  }

  /** Asks the page for a token. Empty or undefined: no user is signed in. */
  async ask(signal: AbortSignal): Promise<string | undefined> {
    const { tokenProvider, tokenUrl } = this.config;
    if (tokenProvider) return tokenProvider();
    if (tokenUrl) {
      const { fetchToken, TOKEN_TIMEOUT_MS } = await loadDeferred();
      return fetchToken(tokenUrl, { fetch: this.#fetch, clock: this.#clock, timeoutMs: TOKEN_TIMEOUT_MS, signal });
    }
    const answer = this.#answer ?? this.#askListeners();
    this.#answer = undefined;
    return answer;
  }

  /** @returns undefined if no listener answers. */
  #askListeners(): Promise<string> | string | undefined {
    let answer: Promise<string> | string | undefined;
    this.#events.emit('chat-token-expired', { respondWith: (token) => (answer = token) });
    // The rejection is handled by the caller, but maybe too late to prevent an unhandled rejection.
    void Promise.resolve(answer).catch(() => {});
    return answer;
  }
}
