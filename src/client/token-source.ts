/** Where the token comes from, and whose it is as far as the page says: `token`, `tokenProvider`, `tokenUrl`, `user`, `chat-token-expired`. */
import { isSamePerson, loadDeferred } from '../session/index.js';
import type { Clock } from '../transport/index.js';
import type { ConnectionConfig } from './config.js';
import type { ListenerRegistry } from './events.js';

/** Whether the page can be asked for a token. */
const canAsk = ({ tokenProvider, tokenUrl }: ConnectionConfig): boolean => !!(tokenProvider || tokenUrl);

export interface ConfigChange {
  /** What the last user has fetched and written is not the next one's. */
  isOtherUser: boolean;
  /** Nothing else is new: a framework may give another closure at every rendering. */
  isProviderOnly: boolean;
}

export class TokenSource {
  config: ConnectionConfig = {};
  readonly #events: ListenerRegistry;
  readonly #clock: Clock;
  readonly #fetch: typeof fetch;
  /** The user who is signed in, as the page says; empty: none; undefined: it has never said. */
  #siteUser: string | undefined;
  /** The token that was left in place when its user signed out: it is not used again. */
  #left: { token: string; user: string | undefined | null } | undefined;
  /** The token at the last change of `user`; and the last one that was not empty. */
  #siteUserToken = '';
  #lastToken = '';
  /** What a listener of `chat-token-expired` has answered, before the session asks for it. */
  #answer: Promise<string> | string | undefined;

  constructor(events: ListenerRegistry, clock: Clock, fetchFunction: typeof globalThis.fetch) {
    this.#events = events;
    this.#clock = clock;
    this.#fetch = fetchFunction;
  }

  /** Whether the page has said that no user is signed in (`user`). */
  get isSignedOut(): boolean {
    return this.#siteUser === '';
  }

  /** @param isRunning a connection that does not run cannot ask the server whose a token is. @returns undefined: nothing has changed. */
  configure(changes: ConnectionConfig, isRunning: boolean): ConfigChange | undefined {
    const old = this.config;
    const config = { ...old, ...changes };
    const keys = Object.keys(config) as (keyof ConnectionConfig)[];
    if (keys.every((key) => config[key] === old[key])) return undefined;
    this.config = config;
    const before = this.#siteUser;
    if (config.user !== undefined || before !== undefined) this.#siteUser = String(config.user ?? '');
    const hasLeft = !!before && before !== this.#siteUser;
    if (config.token !== old.token) this.#left = undefined;
    // A token that certainly belongs to another user than the last one is already the new user's.
    else if (hasLeft && config.token && this.#left?.token !== config.token && isSamePerson(this.#siteUserToken, config.token) !== false) {
      this.#left = { token: config.token, user: before };
    }
    if (this.#siteUser !== before || !this.#siteUserToken) this.#siteUserToken = config.token ?? '';
    const isElsewhere = config.url !== old.url || config.apiPath !== old.apiPath || config.wsPath !== old.wsPath;
    const isSignedOut = !config.token && !canAsk(config) && (!!old.token || canAsk(old));
    const isUncertain = !isRunning && !!this.#lastToken && !!config.token && !isSamePerson(this.#lastToken, config.token);
    this.#lastToken = config.token || this.#lastToken;
    return {
      isOtherUser: hasLeft || isUncertain || ((isElsewhere || isSignedOut) && Object.keys(old).length > 0),
      isProviderOnly: keys.every((key) => config[key] === old[key] || (key === 'tokenProvider' && !!old.tokenProvider && !!config.tokenProvider)),
    };
  }

  /** The token to begin with; empty: none, or one of a user who has signed out. */
  usable(token = this.config.token ?? ''): string {
    return this.isSignedOut || (token === this.#left?.token && this.#siteUser !== this.#left.user) ? '' : token;
  }

  /** A session begins with this token. @returns whether the page can be asked for one. */
  begin(token: string): boolean {
    // An answer to an earlier question would be stale.
    this.#answer = undefined;
    return !this.isSignedOut && (canAsk(this.config) || (!token && (this.#answer = this.#askListeners()) !== undefined));
  }

  /** The page says that the user of the present token has signed out. */
  signedOut(): void {
    this.#left = { token: this.config.token ?? '', user: null };
  }

  /** Whether a question to the page is a request, which can be given up. */
  get isRequest(): boolean {
    return !this.config.tokenProvider && !!this.config.tokenUrl;
  }

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

  /** @returns undefined where no listener answers. */
  #askListeners(): Promise<string> | string | undefined {
    let answer: Promise<string> | string | undefined;
    this.#events.emit('chat-token-expired', { respondWith: (token) => (answer = token) });
    // The caller handles the rejection, perhaps later.
    void Promise.resolve(answer).catch(() => {});
    return answer;
  }
}
