/** One connection to an adapter: passes commands to it, and its events to the session. */
import { check, CloseCode, idKey, Message, messageInput, type Id } from '../protocol/index.js';
import { flag, Id as IdSchema, object, optionalOr, positive, text, z } from '../protocol/schema.js';
import {
  ChatError,
  type ConnectionOptions,
  type SendMessageCommand,
  type TransportCommand,
  type TransportConnection,
  type TransportEvent,
} from '../transport/index.js';
import type { AdapterEvents, ChatAdapter } from './adapter.js';
import type { AdapterBackend } from './adapter-backend.js';

const userId = { userId: IdSchema };
const Limits = object(() => ({ attachments: optionalOr(positive), attachment_bytes: optionalOr(positive) }));
const Connected = object(() => ({ ...userId, username: text, limits: Limits() }));
const NewMessage = object(() => ({ roomId: IdSchema, message: Message() }));
const Deleted = object(() => ({ roomId: IdSchema, messageId: IdSchema }));
const Typing = object(() => ({ ...userId, roomId: IdSchema, username: text, isTyping: flag }));
const Read = object(() => ({ ...userId, roomId: IdSchema, messageIds: z.catch(z.array(IdSchema), []) }));

function capabilitiesOf({ isIdempotent, edit, delete: remove, react, around, upload }: ChatAdapter): string[] {
  const optional = { idempotent_send: isIdempotent, edit, delete: remove, reactions: react, around, uploads: upload };
  return [
    // `temp_id`: own messages are matched by their local id, though sending one twice may store it twice.
    ...['ack', 'user_channel', 'temp_id'],
    ...Object.entries(optional).flatMap(([name, isSupported]) => (isSupported ? [name] : [])),
  ];
}

export class AdapterConnection implements TransportConnection {
  readonly #backend: AdapterBackend;
  readonly #options: ConnectionOptions;
  readonly #closed = new AbortController();
  /** Functions that leave the subscribed rooms; undefined while `adapter.subscribe` is pending. */
  readonly #subscriptions = new Map<string, (() => void) | undefined>();
  #isUp = false;
  #endConnection: (() => void) | void = undefined;

  constructor(backend: AdapterBackend, options: ConnectionOptions) {
    this.#backend = backend;
    this.#options = options;
    // Not before the constructor has returned: an adapter may fail at once.
    backend.connected = Promise.resolve().then(() => this.#connect());
    backend.connected.catch((thrown: unknown) => this.#events.disconnected(String(thrown)));
  }

  async #connect(): Promise<void> {
    const { adapter } = this.#backend;
    const end = await adapter.connect?.(this.#events, this.#closed.signal);
    if (this.#closed.signal.aborted) return end?.();
    this.#endConnection = end;
    this.#isUp = true;
    const { user: given, limits: { attachments, attachmentBytes } = {} } = adapter;
    const limits = { attachments, attachment_bytes: attachmentBytes };
    const capabilities = capabilitiesOf(adapter);
    const user = this.#valid(Connected, { userId: given.id, username: given.username, limits }, 'user');
    if (user) this.#emit({ type: 'connection-established', ...user, capabilities });
  }

  // ————— From the session to the adapter

  send(command: TransportCommand): boolean {
    if (!this.#isUp) return false;
    // Asynchronous: an answer must not arrive before `send` has returned.
    void Promise.resolve()
      .then(() => this.#run(command))
      .catch(() => this.#emit({ type: 'error', message: `The adapter failed (${command.type}).` }));
    return true;
  }

  end(code: number, reason: string): void {
    const closed = this.#closed;
    if (closed.signal.aborted) return;
    this.#isUp = false;
    closed.abort();
    for (const leave of this.#subscriptions.values()) leave?.();
    this.#subscriptions.clear();
    this.#endConnection?.();
    this.#options.onEnd({ code, reason });
  }

  async #run(command: TransportCommand): Promise<void> {
    const { adapter } = this.#backend;
    const roomId = 'roomId' in command ? this.#backend.idOf('room', command.roomId) : '';
    switch (command.type) {
      case 'ping':
        return this.#emit({ type: 'pong' });
      case 'get-room-list':
        return this.#emitRooms();
      case 'subscribe-room':
        await this.#subscribe(roomId);
        return this.#emit({ type: 'subscribed', roomId });
      case 'unsubscribe-room':
        this.#subscriptions.get(idKey(roomId))?.();
        this.#subscriptions.delete(idKey(roomId));
        return this.#emit({ type: 'unsubscribed', roomId });
      case 'mark-read':
        await adapter.read?.(roomId);
        // The whole room was read: none of its messages stays unread.
        return this.#emit({ type: 'messages-marked-read', roomId, seq: undefined, count: Number.MAX_SAFE_INTEGER });
      case 'typing':
      case 'stop-typing':
        return adapter.typing?.(roomId, command.type === 'typing');
      case 'send-message':
        return this.#sendMessage(command);
      default: // a capability that `connection-established` has not announced
    }
  }

  async #subscribe(roomId: Id): Promise<void> {
    const key = idKey(roomId);
    this.#subscriptions.set(key, undefined);
    const leave = await this.#backend.adapter.subscribe?.(roomId);
    if (!leave) return;
    // The room may have been left while `adapter.subscribe` was pending.
    if (this.#subscriptions.has(key)) this.#subscriptions.set(key, leave);
    else leave();
  }

  async #sendMessage({ roomId, content, localId, replyTo }: SendMessageCommand): Promise<void> {
    try {
      const stored = await this.#backend.sendMessage({ roomId, content, localId, replyTo });
      const message = this.#valid(Message, messageInput({ ...stored, localId }), 'send');
      if (message) this.#emit({ type: 'message-ack', roomId, message, localId });
    } catch (thrown) {
      // Only a final refusal is reported. After any other error it is unknown whether the message is stored, and it is
      // sent again.
      if (thrown instanceof ChatError && thrown.code === 'forbidden')
        this.#emit({ type: 'error', message: thrown.message, code: 'forbidden', roomId, localId });
    }
  }

  // ————— From the adapter to the session

  readonly #events: AdapterEvents = {
    message: (roomId, adapterMessage) => {
      this.#backend.history.record(roomId, adapterMessage);
      const message = messageInput(this.#backend.messageOf(roomId, adapterMessage));
      const valid = this.#valid(NewMessage, { roomId, message }, 'message');
      if (valid) this.#emit({ type: 'new-message', ...valid, seq: undefined });
    },
    updated: (roomId, adapterMessage) => {
      const message = messageInput(this.#backend.recordVersion(roomId, adapterMessage));
      const valid = this.#valid(NewMessage, { roomId, message }, 'updated');
      if (valid) this.#emit({ type: 'message-updated', ...valid, seq: undefined });
    },
    deleted: (roomId, messageId) => {
      const valid = this.#valid(Deleted, { roomId, messageId }, 'deleted');
      if (!valid) return;
      const deletedAt = this.#backend.recordDeletion(roomId, messageId);
      this.#emit({ type: 'message-deleted', ...valid, deletedAt, seq: undefined });
    },
    typing: (roomId, { id, username }, isTyping) => {
      const typing = this.#valid(Typing, { roomId, userId: id, username, isTyping }, 'typing');
      if (typing) this.#emit({ type: 'typing', ...typing });
    },
    read: (roomId, userId, messageIds = []) => {
      const read = this.#valid(Read, { roomId, userId, messageIds }, 'read');
      if (read) this.#emit({ type: 'message-read', ...read, seq: undefined, upTo: undefined });
    },
    roomsChanged: () => void this.#emitRooms().catch(() => {}), // the next request for the list reports the error
    disconnected: (reason = '') => this.end(CloseCode.abnormal, reason),
  };

  async #emitRooms(): Promise<void> {
    const { items, problems } = await this.#backend.listRooms();
    for (const problem of problems) this.#options.onProblem?.(problem);
    this.#emit({ type: 'room-list', rooms: items, leftOut: problems.length });
  }

  /** Validates a value of the adapter. @returns undefined if it is invalid, which is reported, or not connected. */
  #valid<T extends z.ZodMiniType>(schema: () => T, value: unknown, where: string): z.output<T> | undefined {
    if (!this.#isUp) return undefined;
    const result = check(schema, value, `adapter.${where}`);
    if (result.ok) return result.value;
    this.#options.onProblem?.(result.problem);
    return undefined;
  }

  #emit(event: TransportEvent): void {
    if (!this.#isUp) return;
    this.#options.onAlive?.(event);
    this.#options.onEvent(event);
  }
}
