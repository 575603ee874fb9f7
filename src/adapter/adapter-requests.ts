import {
  Attachment,
  check,
  checkEach,
  Message,
  messageInput,
  sameId,
  type Id,
  type Problem,
  type Result,
} from '../protocol/index.js';
import { anything, flag, Id as IdSchema, object, optionalOr, z } from '../protocol/schema.js';
import {
  ChatError,
  systemClock,
  withDeadline,
  type DeferredRequests,
  type HistoryPage,
  type HistoryPart,
  type HistoryQuery,
  type HistoryTarget,
  type MessageTarget,
  type RequestOptions,
  type Requests,
  type RoomsAnswer,
  type SendMessageOptions,
  type UploadRequest,
} from '../transport/index.js';
import type { AdapterMessage } from './adapter.js';
import { withRefusals, type AdapterBackend } from './adapter-backend.js';

const Part = object(() => ({
  messages: z.array(anything),
  hasOlder: flag,
  hasNewer: flag,
  targetId: optionalOr(IdSchema),
}));

/** The deadline for an upload, in milliseconds: as without an adapter. */
const UPLOAD_TIMEOUT_MS = 600_000;

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
  async #run<T>(
    signal: AbortSignal | undefined,
    request: (signal: AbortSignal) => Promise<T>,
    timeoutMs = this.#options.timeoutMs ?? 15_000,
  ): Promise<T> {
    const { clock = systemClock, onSuccess } = this.#options;
    const { connected, name } = this.#backend;
    const run = (ending: AbortSignal): Promise<T> => connected.then(() => request(ending));
    const answer = await withDeadline(name, run, { clock, timeoutMs, signal });
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
    { replyTo, idempotencyKey: localId, attachments, file, signal }: SendMessageOptions = {},
  ): Promise<Message> {
    if (file) throw new ChatError('not_supported', `${this.#backend.name} cannot send files.`);
    // The session does not know yet that the adapter takes local ids. It sends the message again once it is connected.
    if (!localId) throw new ChatError('unreachable', `${this.#backend.name} is not connected yet.`);
    const message = { roomId, content, localId, replyTo, ...(attachments && { attachments }) };
    const stored = await this.#run(signal, () => this.#backend.sendMessage(message));
    return this.#unwrap(check(Message, messageInput(stored), 'adapter.send'));
  }

  async uploadFile({ file, name, mediaType, signal, onProgress }: UploadRequest): Promise<Attachment> {
    const { adapter } = this.#backend;
    const report = (part: number): void => {
      if (part >= 0 && part <= 1) onProgress(part);
    };
    const id = await this.#run(
      signal,
      (ending) =>
        withRefusals(async () => adapter.upload?.(file, { name, mediaType, signal: ending, onProgress: report })),
      UPLOAD_TIMEOUT_MS,
    );
    const uploaded = { id, url: null, name, media_type: mediaType, size: file.size };
    return this.#unwrap(check(Attachment, uploaded, 'adapter.upload'));
  }

  /** @throws {ChatError} `unexpected_answer` if a value of the adapter is invalid, which is reported. */
  #unwrap<T>(result: Result<T>): T {
    if (result.ok) return result.value;
    this.#report([result.problem]);
    throw new ChatError('unexpected_answer', `The adapter returned an invalid value (${result.problem.detail}).`);
  }

  // ————— Changes of messages. Versions of a message (`seen`) are a matter of the adapter.

  editMessage(target: MessageTarget, content: string, _seen: unknown, signal: AbortSignal): Promise<Message> {
    const { adapter } = this.#backend;
    return this.#change('edit', target, signal, (roomId, id) => adapter.edit?.(roomId, id, content));
  }

  react(target: MessageTarget, emoji: string, on: boolean, signal: AbortSignal): Promise<Message> {
    const { adapter } = this.#backend;
    return this.#change('react', target, signal, (roomId, id) => adapter.react?.(roomId, id, emoji, on));
  }

  /** @returns the current version of the message. */
  async #change(
    name: string,
    target: MessageTarget,
    signal: AbortSignal,
    request: (roomId: Id, messageId: Id) => Promise<AdapterMessage> | undefined,
  ): Promise<Message> {
    const backend = this.#backend;
    const [roomId, messageId] = [backend.idOf('room', target.roomId), backend.idOf('message', target.messageId)];
    const answer = await this.#run(signal, () => withRefusals(async () => request(roomId, messageId)));
    const input = backend.messageOf(roomId, answer as AdapterMessage);
    const message = this.#unwrap(check(Message, messageInput(input), `adapter.${name}`));
    if (!sameId(message.id, messageId))
      throw new ChatError('unexpected_answer', `The adapter returned another message (adapter.${name}.id).`);
    backend.recordVersion(roomId, answer as AdapterMessage);
    return message;
  }

  async deleteMessage(target: MessageTarget): Promise<void> {
    const backend = this.#backend;
    const [roomId, messageId] = [backend.idOf('room', target.roomId), backend.idOf('message', target.messageId)];
    await this.#run(undefined, () => withRefusals(async () => backend.adapter.delete?.(roomId, messageId)));
    backend.recordDeletion(roomId, messageId);
  }

  async fetchAround(roomId: Id, target: HistoryTarget, limit: number, signal: AbortSignal): Promise<HistoryPart> {
    const backend = this.#backend;
    const room = backend.idOf('room', roomId);
    const wanted = 'at' in target ? { at: new Date(target.at) } : { around: backend.idOf('message', target.around) };
    const answer = await this.#run(signal, async () => backend.adapter.around?.(room, wanted, limit));
    if (answer === null) throw new ChatError('not_found', 'The room does not have this message.', 404);
    const part = this.#unwrap(check(Part, answer, 'adapter.around'));
    const raw = part.messages.map((message) => messageInput(backend.messageOf(room, message as AdapterMessage)));
    const { items, problems } = checkEach(Message, raw, 'adapter.around');
    const { hasOlder, hasNewer, targetId } = part;
    return { messages: items, hasOlder, hasNewer, targetId, seq: undefined, leftOut: this.#report(problems) };
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
