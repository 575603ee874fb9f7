/** The token of a session: whose it is, and what is kept when another one takes its place. What follows a refusal: see token-flow.ts. */
import { ChatError, type AuthMode } from '../../transport/index.js';
import type { OutboxRegistry } from '../outbox/outbox-registry.js';
import type { AuthHost, SessionAuthOptions, TokenFlow } from './token-flow.js';
import { TokenManager } from './token-manager.js';
import type { TokenRefresher } from './token-refresher.js';

/** What is used of the session. */
interface SessionAuthHost extends AuthHost {
  readonly outboxes: OutboxRegistry;
  /** What was read may belong to another user. */
  clearRooms(): void;
}

export class SessionAuth {
  readonly tokens: TokenManager;
  /** As soon as it is loaded. */
  flow: TokenFlow | undefined;
  /** The token that the present socket was opened with, and those that it was given since and has not confirmed. */
  socketTokens: string[] = [];
  readonly #session: SessionAuthHost;
  readonly #options: SessionAuthOptions;

  constructor(session: SessionAuthHost, options: SessionAuthOptions) {
    this.#session = session;
    this.#options = options;
    this.tokens = new TokenManager(session.clock);
  }

  /** The code that refreshes tokens is loaded. */
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

  /** Goes on with a token. What was written and shown under another one is kept only if both are certainly of one user. */
  apply(token: string): void {
    const { outboxes, report, config } = this.#session;
    const isUncertain = token !== '' && this.tokens.isNew(token) && this.tokens.isSameUser(token) === undefined;
    if (isUncertain) {
      // Nothing can be kept for an unknown user: it will never be known who that was.
      const lost = outboxes.scope ? [] : outboxes.current.detachUnowned();
      this.#session.clearRooms();
      report({ type: 'person-uncertain', lost });
    }
    this.tokens.token = token;
    const { url, apiPath, wsPath } = config!;
    const name = token && `${url} ${apiPath} ${wsPath} ${token}`;
    // The last time that this user was here, something was left behind.
    if (isUncertain || (!outboxes.scope && outboxes.isSetAside(name))) outboxes.switchTo('', name);
    outboxes.nameUnknown(name);
    const { userId } = this.tokens;
    if (token && userId !== null && !this.tokens.isConfirmed)
      report({ type: 'user', id: userId, username: '', isOther: false, isHidden: false });
  }
}
