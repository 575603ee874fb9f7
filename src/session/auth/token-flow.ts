/** Handles refused tokens, and new tokens from the page. Loaded on demand: see deferred.ts. */
import { toChatError, type ChatError } from '../../transport/index.js';
import type { ConnectionStateWriter } from '../connection-state.js';
import type { SessionConfig, SessionContext } from '../session-context.js';
import type { TokenManager } from './token-manager.js';
import { TokenRefresher, type AskForToken, type TokenRefresherHost } from './token-refresher.js';

export interface SessionAuthOptions {
  askForToken: AskForToken;
  /** Whether the page gets its token by a request, which can be aborted. */
  asksByRequest: () => boolean;
  /**
   * Called with a token of another user, or with one that arrives in the state `unauthorized`: the owner of the session
   * must start it again with this token.
   */
  onOtherToken: (token: string) => void;
  /** Called when the page reports that the user has signed out: the owner of the session must forget the user. */
  onSignedOut: () => void;
}

/** The interface of a session for the token flow. */
export interface AuthHost extends TokenRefresherHost, Pick<SessionContext, 'parts' | 'restOrThrow' | 'send'> {
  readonly states: ConnectionStateWriter;
  readonly config: SessionConfig | undefined;
  /** Starts a new generation. @param failure why the page could not be asked for a token. */
  begin(config: SessionConfig, failure?: ChatError): void;
  /**
   * Ends the socket, all requests and all timers.
   * @param keepsChannel whether this tab keeps its channel to the others.
   */
  end(keepsChannel?: boolean): void;
}

/** The interface of `SessionAuth` for the token flow. */
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

  /**
   * Handles a refused token.
   * @returns whether there is another one.
   * @throws {ChatError} if the page's token endpoint cannot be reached now.
   */
  async refresh(refused: string): Promise<boolean> {
    const { tokens } = this.#auth;
    // Another request has already caused a refresh.
    if (refused !== tokens.token) return tokens.isUsable;
    tokens.refuse(refused);
    return this.refresher.request();
  }

  async refreshRefused(refused: string, signal: AbortSignal): Promise<boolean> {
    const session = this.#session;
    let failure: ChatError | undefined;
    const isRefreshed = await this.refresh(refused).catch((thrown: unknown) => void (failure = toChatError(thrown)));
    if (signal.aborted) return false;
    // It is unknown who is signed in. This does not mean that no user is.
    if (failure) session.begin({ ...session.config!, token: '' }, failure);
    else if (!isRefreshed && this.refresher.isEndpointFailing) {
      session.end(true);
      session.states.toUnauthorized('token_endpoint_failing');
    } else if (!isRefreshed) this.#auth.setUnauthorized(refused);
    return isRefreshed === true;
  }

  /**
   * There is a new token while the old one is still valid: the open socket switches to it, if the backend supports
   * that.
   */
  onRefreshed(): void {
    this.refresher.schedule();
    const { token } = this.#auth.tokens;
    if (this.#session.backend.has('token_refresh') && this.#session.send({ type: 'authenticate', token }))
      this.#auth.socketTokens.push(token);
  }

  /** Handles a token that the page has provided. */
  #onAnswer(token: string): void {
    const { tokens } = this.#auth;
    const isSame = tokens.isSameUser(token);
    if (isSame === false) return this.#options.onOtherToken(token);
    // The server will name its owner. Pending requests end here, so that none is repeated as another user.
    if (isSame === undefined && tokens.isNew(token)) return this.#session.begin({ ...this.#session.config!, token });
    this.#auth.apply(token);
  }
}
