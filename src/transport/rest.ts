/** The typed client for the REST routes of docs/PROTOCOL.md. It validates responses, and returns checked entities. */
import {
  check,
  checkInSlices,
  idKey,
  Message,
  MessagesBody,
  Room,
  roomsPage,
  type Id,
  type Problem,
  type Result,
} from '../protocol/index.js';
import { systemClock } from './clock.js';
import { ChatError } from './errors.js';
import { fetchWithDeadline } from './with-deadline.js';
import type {
  DeferredRequests,
  HistoryPage,
  HistoryQuery,
  RequestOptions,
  Requests,
  RoomsAnswer,
} from './transport.js';

export interface RestOptions extends RequestOptions {
  /** Loads rest-deferred.ts. */
  loadDeferred: () => RestDeferred | Promise<RestDeferred>;
}

export interface RoomsPage {
  rooms: Room[];
  /** The number of invalid rooms in the page. */
  leftOut: number;
  /** The address of the next page; with `asOf`, a cursor. */
  next: string | null;
  /** Capability `room_pages`: the state of the list. */
  asOf?: string | undefined;
}

export interface RestRequest {
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  query?: Record<string, string | number | undefined>;
  body?: object;
  headers?: Record<string, string>;
  /** Whether the request continues if the page is closed. */
  keepalive?: boolean;
  signal?: AbortSignal | undefined;
}

/** The code that is loaded on demand: see rest-deferred.ts. */
export interface RestDeferred {
  toHttpError(response: Response, json: unknown, token: string): ChatError;
  readOtherRooms(
    rest: RestClient,
    rooms: Map<string, Room>,
    page: RoomsPage,
    onProblem: (problem: Problem) => void,
    signal?: AbortSignal,
  ): Promise<RoomsAnswer>;
  deferredRequests(rest: RestClient, onProblem: (problem: Problem) => void): DeferredRequests;
}

export class RestClient implements Requests {
  constructor(readonly options: RestOptions) {}

  async deferred(): Promise<DeferredRequests> {
    return (await this.options.loadDeferred()).deferredRequests(this, this.#onProblem);
  }

  readonly #onProblem = (problem: Problem): void => this.options.onProblem?.(problem);

  /** Base of all routes, with a trailing slash. */
  get base(): string {
    return this.options.base;
  }

  async listRooms(signal?: AbortSignal, limit?: number): Promise<RoomsAnswer> {
    const page = await this.roomsPage({ limit }, signal);
    const { leftOut, next, asOf } = page;
    const rooms = new Map(page.rooms.map((room) => [idKey(room.id), room]));
    const deferred = next && !asOf && (await this.#loadedOrUndefined());
    if (deferred) return deferred.readOtherRooms(this, rooms, page, this.#onProblem, signal);
    return { rooms: [...rooms.values()], leftOut, isComplete: !next };
  }

  /** One page of the list of rooms. */
  async roomsPage(query: RestRequest['query'], signal?: AbortSignal): Promise<RoomsPage> {
    const { results, next, as_of: asOf } = this.unwrap(roomsPage(await this.request('rooms/', { query, signal })));
    const { items, problems } = await checkInSlices(Room, results, 'GET rooms/', this.#pause);
    problems.forEach(this.#onProblem);
    return { rooms: items, leftOut: problems.length, next, asOf };
  }

  /** One page of history: the newest messages, or those before or after a message. */
  async history(
    roomId: Id,
    { before, after, limit = 50 }: HistoryQuery = {},
    signal?: AbortSignal,
  ): Promise<HistoryPage> {
    const where = 'GET rooms/{id}/messages/';
    const path = `rooms/${encodeURIComponent(roomId)}/messages/`;
    const body = this.unwrap(
      check(MessagesBody, await this.request(path, { query: { before, after, limit }, signal }), where),
    );
    const { items, problems } = await checkInSlices(Message, body.messages, where, this.#pause);
    problems.forEach(this.#onProblem);
    return {
      messages: items,
      hasMore: body.has_more && body.messages.length > 0,
      seq: body.seq,
      leftOut: problems.length,
      raw: body.messages,
    };
  }

  /** @throws {ChatError} `unexpected_answer` if the response does not match the schema. */
  unwrap<T>(result: Result<T>): T {
    if (result.ok) return result.value;
    this.#onProblem(result.problem);
    throw new ChatError('unexpected_answer', `Unexpected answer: ${result.problem.detail}.`);
  }

  /** Yields to the page, because on an old phone both validation and rendering are slow. */
  readonly #pause = (): Promise<void> | undefined => this.options.clock?.yieldToMain?.();

  /**
   * Sends a request.
   * @param path relative to the base: `sync/`.
   * @returns the response, unchecked.
   * @throws {ChatError}
   */
  async request(path: string, request: RestRequest): Promise<unknown> {
    return this.withToken((token) => this.#requestOnce(token, path, request));
  }

  /**
   * Runs a request with the current token. If that is refused, and there is another one, runs it again.
   * @throws {ChatError} `token_missing`, and what `run` throws.
   */
  async withToken<T>(run: (token: string) => Promise<T>): Promise<T> {
    const token = this.#token();
    try {
      return await run(token);
    } catch (error) {
      if (!(error instanceof ChatError) || error.code !== 'unauthorized' || !(await this.options.renew?.(token)))
        throw error;
      return run(this.#token());
    }
  }

  #token(): string {
    const token = this.options.token().trim();
    if (!token) throw new ChatError('token_missing', 'Cannot connect without a token. Sign in first.');
    return token;
  }

  async #requestOnce(
    token: string,
    path: string,
    { method = 'GET', query = {}, body, headers, keepalive = false, signal }: RestRequest,
  ): Promise<unknown> {
    const url = new URL(path, this.options.base);
    for (const [name, value] of Object.entries(query)) if (value != null) url.searchParams.set(name, String(value));
    const init: RequestInit = {
      method,
      headers: {
        Accept: 'application/json',
        Authorization: `Bearer ${token}`,
        ...(body && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      body: body ? JSON.stringify(body) : null,
      credentials: 'omit',
      keepalive,
      // A redirect could send the token to another origin. No route of the protocol redirects.
      redirect: 'manual',
    };
    return this.fetch(url, init, signal, async (response) => {
      const text = await response.text();
      const json = parseJson(text);
      if (!response.ok) throw await this.#refusal(response, json, token);
      if (json === undefined && text !== '') {
        throw new ChatError(
          'unexpected_answer',
          `${url.host} answered with a page instead of data: a login page?`,
          response.status,
        );
      }
      this.options.onSuccess?.();
      return json;
    });
  }

  async #refusal(response: Response, json: unknown, token: string): Promise<ChatError> {
    const { status } = response;
    const deferred = await this.#loadedOrUndefined();
    // Without this code, only a refused token can be distinguished from other refusals.
    return (
      deferred?.toHttpError(response, json, token) ??
      new ChatError(status === 401 ? 'unauthorized' : 'server_error', `The server answered ${status}.`, status)
    );
  }

  /** @returns undefined if it cannot be loaded. */
  async #loadedOrUndefined(): Promise<RestDeferred | undefined> {
    try {
      return await this.options.loadDeferred();
    } catch {
      return undefined;
    }
  }

  /** `fetch` with a deadline for the whole response, headers and body. All errors are a `ChatError`. */
  fetch<T>(
    url: URL,
    init: RequestInit,
    signal?: AbortSignal,
    read?: (response: Response) => Promise<T>,
  ): Promise<T | undefined> {
    const { clock = systemClock, timeoutMs = 15_000, fetch } = this.options;
    return fetchWithDeadline(url, init, { clock, timeoutMs, signal, fetch }, read);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
