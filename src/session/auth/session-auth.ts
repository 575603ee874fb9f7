/**
 * The token of a session, its owner, and the data that is kept when another token replaces it. Refused tokens are
 * handled by token-flow.ts.
 */
import { ChatError, type AuthMode } from '../../transport/index.js';
import type { OutboxRegistry } from '../outbox/outbox-registry.js';
import type { AuthHost, SessionAuthOptions, TokenFlow } from './token-flow.js';
import { TokenManager } from './token-manager.js';
import type { TokenRefresher } from './token-refresher.js';

/** The interface of a session for its authentication. */
interface SessionAuthHost extends AuthHost {
  readonly outboxes: OutboxRegistry;
  /** Called when the loaded data may belong to another user. */
  clearRooms(): void;
}

export class SessionAuth {
  readonly tokens: TokenManager;
  /** Undefined until its code is loaded. */
  flow: TokenFlow | undefined;
  /**
   * The token that the server has accepted on the current socket, then those that were sent on it and are not confirmed
   * yet.
   */
  socketTokens: string[] = [];
  readonly #session: SessionAuthHost;
  readonly #options: SessionAuthOptions;

  constructor(session: SessionAuthHost, options: SessionAuthOptions) {
    this.#session = session;
    this.#options = options;
    this.tokens = new TokenManager(session.clock);
  }

  /** Called when the code that refreshes tokens is loaded. */
  onLoaded(Flow: typeof TokenFlow): void {
    this.flow ??= new Flow(this.#session, this, this.#options);
  }

  get mode(): AuthMode {
    return this.#session.config?.auth ?? 'query';
  }

  get refresher(): TokenRefresher | undefined {
    return this.flow?.refresher;
  }

  async credential(signal: AbortSignal): Promise<string> {
    if (this.mode !== 'ticket') return this.tokens.token;
    return (await this.#session.restOrThrow().deferred()).fetchTicket(signal);
  }

  async refreshRefused(refused: string, signal: AbortSignal): Promise<boolean> {
    const session = this.#session;
    await session.parts.load();
    if (signal.aborted) return false;
    if (this.flow) return this.flow.refreshRefused(refused, signal);
    // The code that asks the page could not be loaded.
    session.begin({ ...session.config!, token: '' }, new ChatError('unreachable', ''));
    return false;
  }

  setUnauthorized(token: string): void {
    const isExpired = token === this.tokens.token && this.tokens.isExpired;
    this.#session.end(true);
    this.#session.states.toUnauthorized(isExpired ? 'token_expired' : 'token_refused');
  }

  /** Continues with a token. The data of the previous one is kept only if both certainly belong to the same user. */
  apply(token: string): void {
    const { outboxes, report, config } = this.#session;
    const isUncertain = token !== '' && this.tokens.isNew(token) && this.tokens.isSameUser(token) === undefined;
    if (isUncertain) {
      // Nothing can be kept for an unknown user, because it will never be known who that was.
      const lost = outboxes.scope ? [] : outboxes.current.detachUnowned();
      this.#session.clearRooms();
      report({ type: 'person-uncertain', lost });
    }
    this.tokens.token = token;
    const { url, apiPath, wsPath } = config!;
    const name = token && `${url} ${apiPath} ${wsPath} ${token}`;
    // An outbox was set aside when this user was last here.
    if (isUncertain || (!outboxes.scope && outboxes.isSetAside(name))) outboxes.switchTo('', name);
    outboxes.nameUnknown(name);
    const { userId } = this.tokens;
    if (token && userId !== null && !this.tokens.isConfirmed)
      report({ type: 'user', id: userId, username: '', isOther: false, isHidden: false });
  }
}
