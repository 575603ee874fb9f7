import { check, checkEach, Message, messageInput, type Id, type Problem } from '../protocol/index.js';
import {
  ChatError,
  systemClock,
  withDeadline,
  type DeferredRequests,
  type HistoryPage,
  type HistoryQuery,
  type RequestOptions,
  type Requests,
  type RoomsAnswer,
  type SendMessageOptions,
} from '../transport/index.js';
import type { AdapterBackend } from './adapter-backend.js';

const unavailable = (): ChatError => new ChatError('not_found', 'The adapter does not support this request.');

/** Requests to an adapter: each waits until it is connected, has a deadline, and throws one kind of error. */
export class AdapterRequests implements Requests, DeferredRequests {
  readonly #backend: AdapterBackend;
  readonly #options: RequestOptions;

  constructor(backend: AdapterBackend, options: RequestOptions) {
    this.#backend = backend;
    this.#options = options;
  }

  deferred(): Promise<DeferredRequests> {
    return Promise.resolve(this);
  }

  /** @throws {ChatError} */
  async #run<T>(signal: AbortSignal | undefined, request: () => Promise<T>): Promise<T> {
    const { clock = systemClock, timeoutMs = 15_000, onSuccess } = this.#options;
    const { connected, name } = this.#backend;
    const answer = await withDeadline(name, () => connected.then(request), { clock, timeoutMs, signal });
    onSuccess?.();
    return answer;
  }

  #report(problems: readonly Problem[]): number {
    for (const problem of problems) this.#options.onProblem?.(problem);
    return problems.length;
  }

  async listRooms(signal?: AbortSignal): Promise<RoomsAnswer> {
    const { items, problems } = await this.#run(signal, () => this.#backend.listRooms());
    return { rooms: items, leftOut: this.#report(problems), isComplete: true };
  }

  async history(
    roomId: Id,
    { before, after, limit = 50 }: HistoryQuery = {},
    signal?: AbortSignal,
  ): Promise<HistoryPage> {
    const { history } = this.#backend;
    const idOf = (id: Id): Id => this.#backend.idOf('message', id);
    const room = this.#backend.idOf('room', roomId);
    const page = await this.#run(signal, () =>
      after === undefined
        ? history.before(room, before === undefined ? undefined : idOf(before), limit)
        : history.after(room, idOf(after), limit),
    );
    if (!page) throw new ChatError('invalid', 'The message is too far back.', 400);
    const raw = page.messages.map((message) => messageInput(this.#backend.messageOf(room, message)));
    const { items, problems } = checkEach(Message, raw, 'adapter.history');
    return {
      messages: items,
      hasMore: page.hasMore && raw.length > 0,
      seq: undefined,
      leftOut: this.#report(problems),
      raw,
    };
  }

  async sendMessage(
    roomId: Id,
    content: string,
    { replyTo, idempotencyKey: localId, signal }: SendMessageOptions = {},
  ): Promise<Message> {
    // The session does not know yet that the adapter takes local ids. It sends the message again once it is connected.
    if (!localId) throw new ChatError('unreachable', `${this.#backend.name} is not connected yet.`);
    const stored = await this.#run(signal, () => this.#backend.sendMessage({ roomId, content, localId, replyTo }));
    const message = check(Message, messageInput(stored), 'adapter.send');
    if (message.ok) return message.value;
    this.#report([message.problem]);
    throw new ChatError('unexpected_answer', `The adapter returned an invalid message (${message.problem.detail}).`);
  }

  isReachable(): Promise<boolean> {
    return Promise.resolve(false);
  }

  markRead(): Promise<never> {
    return Promise.reject(unavailable());
  }

  fetchUserInfo(): Promise<never> {
    return Promise.reject(unavailable());
  }

  fetchReceipts(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  fetchChanges(): Promise<never> {
    return Promise.reject(unavailable());
  }

  fetchTicket(): Promise<never> {
    return Promise.reject(unavailable());
  }
}
