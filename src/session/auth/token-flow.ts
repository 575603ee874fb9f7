/** What follows when a token is refused, and when the page gives another one. Loaded on demand: see deferred.ts. */
import { toChatError, type ChatError } from '../../transport/index.js';
import type { ConnectionStateWriter } from '../connection-state.js';
import type { SessionConfig, SessionContext } from '../session-context.js';
import type { TokenManager } from './token-manager.js';
import { TokenRefresher, type AskForToken, type TokenRefresherHost } from './token-refresher.js';

export interface SessionAuthOptions {
  askForToken: AskForToken;
  /** Whether the page's token comes by a request, which can be given up. */
  asksByRequest: () => boolean;
  /** The page has given a token of its own accord or late, or one of another user: the owner of the session begins again with it. */
  onOtherToken: (token: string) => void;
  /** The page says that the user has signed out: the owner of the session has to forget the user. */
  onSignedOut: () => void;
}

/** What is used of the session. */
export interface AuthHost extends TokenRefresherHost, Pick<SessionContext, 'parts' | 'restOrThrow' | 'send'> {
  readonly states: ConnectionStateWriter;
  readonly config: SessionConfig | undefined;
  /** Begins again. @param failure why the page could not be asked for a token. */
  begin(config: SessionConfig, failure?: ChatError): void;
  /** Ends the socket, all requests and all timers. @param keepsChannel whether this tab still talks to the others. */
  end(keepsChannel?: boolean): void;
}

/** See SessionAuth. */
interface AuthState {
  readonly tokens: TokenManager;
  readonly socketTokens: string[];
  apply(token: string): void;
  setUnauthorized(token: string): void;
}

export class TokenFlow {
  readonly refresher: TokenRefresher;
  readonly #session: AuthHost;
  readonly #auth: AuthState;
  readonly #options: SessionAuthOptions;

  constructor(session: AuthHost, auth: AuthState, options: SessionAuthOptions) {
    this.#session = session;
    this.#auth = auth;
    this.#options = options;
    this.refresher = new TokenRefresher(session, auth.tokens, {
      ask: options.askForToken,
      canAbort: options.asksByRequest,
      onSignedOut: () => {
        options.onSignedOut();
        session.end();
        auth.tokens.token = '';
        session.states.toUnauthorized('token_missing');
      },
      onRenewed: () => this.onRefreshed(),
      onAnswer: (token) => this.#onAnswer(token),
      onLate: (token) => {
        if (session.state.is === 'unauthorized') return options.onOtherToken(token);
        if (!auth.tokens.isSameUser(token)) return;
        this.#onAnswer(token);
        this.onRefreshed();
      },
    });
  }

  /** The server refused a token. @returns whether there is another one. @throws {ChatError} where the page's token endpoint cannot be asked now. */
  async refresh(refused: string): Promise<boolean> {
    const { tokens } = this.#auth;
    // Another request has had it refreshed.
    if (refused !== tokens.token) return tokens.isUsable;
    tokens.refuse(refused);
    return this.refresher.request();
  }

  async refreshRefused(refused: string, signal: AbortSignal): Promise<boolean> {
    const session = this.#session;
    let failure: ChatError | undefined;
    const isRefreshed = await this.refresh(refused).catch((thrown: unknown) => void (failure = toChatError(thrown)));
    if (signal.aborted) return false;
    // It is not known who is signed in. That does not mean that no user is.
    if (failure) session.begin({ ...session.config!, token: '' }, failure);
    else if (!isRefreshed) this.#auth.setUnauthorized(refused);
    return isRefreshed === true;
  }

  /** There is another token, and the old one is still good: the open socket changes to it, where it can. */
  onRefreshed(): void {
    this.refresher.schedule();
    const { token } = this.#auth.tokens;
    if (this.#session.backend.has('token_refresh') && this.#session.send({ type: 'authenticate', token }))
      this.#auth.socketTokens.push(token);
  }

  /** The page has given another one. */
  #onAnswer(token: string): void {
    const { tokens } = this.#auth;
    const isSame = tokens.isSameUser(token);
    if (isSame === false) return this.#options.onOtherToken(token);
    // The server will say whose it is. Requests that are under way are not repeated in that user's name.
    if (isSame === undefined && tokens.isNew(token)) return this.#session.begin({ ...this.#session.config!, token });
    this.#auth.apply(token);
  }
}
