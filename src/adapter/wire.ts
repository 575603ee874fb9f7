/**
 * An adapter, seen as the wire that everybody else speaks: a WebSocket and a `fetch` in the place of the network's. So the whole of the
 * delivery (outbox, catching up, backing off, states) is the same for a backend that speaks something else.
 */
import { idKey, isOrdered, sameId, type Id } from '../protocol/index.js';
import { AdapterRefusal, type AdapterEvents, type AdapterMessage, type AdapterRoom, type ChatAdapter } from './adapter.js';

/** What a connection is built on, in the place of the network. */
export interface AdapterParts {
  WebSocket: typeof WebSocket;
  fetch: typeof fetch;
}

/** Pages of history that are read back to find one message. */
const MAX_PAGES = 10;
/** Of what was said while we listened, so many messages of a room are kept. */
const MAX_HEARD = 2_000;
/** What the adapter has not stored after so many milliseconds is taken for lost: the history is searched, and it is sent again. */
const LOST_MS = 60_000;
/** Messages on a page, at most. */
const LONGEST_PAGE = 100;

/** As the browser's own `fetch` does: whoever gives a request up does not wait for it, however long the adapter takes. */
const untilAborted = <T>(promise: Promise<T>, signal: AbortSignal | null | undefined): Promise<T> =>
  new Promise((resolve, reject) => {
    const giveUp = (): void => reject(new DOMException('The request was given up.', 'AbortError'));
    if (signal?.aborted) return giveUp();
    signal?.addEventListener('abort', giveUp);
    void promise.then(resolve, reject).finally(() => signal?.removeEventListener('abort', giveUp));
  });

type Frame = Record<string, unknown> & { type: string };

export function wireOf(adapter: ChatAdapter): AdapterParts {
  /** What was said while we listened, for adapters without a history. */
  const heard = new Map<string, AdapterMessage[]>();
  /** What is being sent, by its `tempId`, and since when. */
  const sending = new Map<string, { stored: Promise<AdapterMessage>; since: number }>();
  /** An id that the adapter has given last: an attribute and an address know only strings, and are put back to what its own are. */
  const given: { room?: Id; message?: Id } = {};
  const like = (kind: keyof typeof given, id: Id): Id => (typeof given[kind] === 'number' && typeof id === 'string' && isOrdered(id) ? Number(id) : id);
  /** The line that is being opened, or was last: nothing else is asked of the adapter before it is up. */
  let line: Promise<unknown> = Promise.resolve();

  const now = (): string => new Date().toISOString();
  const messageOf = (roomId: Id, message: AdapterMessage, tempId = message.tempId): object => {
    given.message = message.id;
    return {
      id: message.id,
      room: roomId,
      sender: message.sender,
      message_type: message.type ?? (message.attachment ? 'file' : 'text'),
      content: message.content,
      attachment: message.attachment ?? null,
      timestamp: typeof message.timestamp === 'number' ? new Date(message.timestamp).toISOString() : message.timestamp,
      is_read: message.isRead ?? false,
      ...(tempId && { _tempId: tempId }),
    };
  };
  const roomOf = ({ id, name, isDirect, participants = [], lastMessage, unread = 0 }: AdapterRoom): object => {
    given.room = id;
    return {
      id,
      name,
      room_type: isDirect ? 'direct' : 'general',
      participants,
      participant_count: participants.length,
      last_message: lastMessage ? messageOf(id, lastMessage) : null,
      unread_count: unread,
      is_active: true,
    };
  };
  const rooms = async (): Promise<object[]> => ((await adapter.list?.()) ?? []).map(roomOf);

  function hear(roomId: Id, message: AdapterMessage): void {
    if (adapter.history) return;
    const known = heard.get(idKey(roomId)) ?? [];
    if (!known.some(({ id }) => sameId(id, message.id))) heard.set(idKey(roomId), [...known, message].slice(-MAX_HEARD));
  }

  async function page(roomId: Id, before: Id | undefined, limit: number): Promise<{ messages: AdapterMessage[]; hasMore: boolean }> {
    if (adapter.history) return adapter.history(roomId, { before, limit });
    const all = heard.get(idKey(roomId)) ?? [];
    const end = before === undefined ? all.length : Math.max(0, all.findIndex(({ id }) => sameId(id, before)));
    const start = Math.max(0, end - limit);
    return { messages: all.slice(start, end), hasMore: start > 0 };
  }

  /** Forwards from a message: backwards from the end until it is met. @returns nothing where it lies too far back. */
  async function pageAfter(roomId: Id, after: Id, limit: number): Promise<{ messages: AdapterMessage[]; hasMore: boolean } | undefined> {
    let found: AdapterMessage[] = [];
    for (let count = 0; count < MAX_PAGES; count++) {
      const { messages, hasMore } = await page(roomId, found[0]?.id, LONGEST_PAGE);
      const at = messages.findIndex(({ id }) => sameId(id, after));
      // The same page again: so it would go on.
      if (messages[0] && sameId(messages[0].id, found[0]?.id)) return undefined;
      found = [...messages.slice(at + 1), ...found];
      if (at >= 0 || !hasMore || messages.length === 0) return { messages: found.slice(0, limit), hasMore: found.length > limit };
    }
    return undefined;
  }

  async function send(roomId: Id, content: string, tempId: string, replyTo: Id | undefined): Promise<AdapterMessage> {
    // Asked for again, because it takes long: it may still be stored.
    const earlier = sending.get(tempId);
    if (earlier && Date.now() - earlier.since < LOST_MS) return earlier.stored;
    const stored = Promise.resolve(adapter.send({ roomId, content, tempId, replyTo }));
    const entry = { stored, since: Date.now() };
    sending.set(tempId, entry);
    try {
      const message = await stored;
      hear(roomId, message);
      return message;
    } finally {
      if (sending.get(tempId) === entry) sending.delete(tempId);
    }
  }

  class AdapterSocket extends EventTarget {
    readonly CONNECTING = 0;
    readonly OPEN = 1;
    readonly CLOSING = 2;
    readonly CLOSED = 3;
    readyState = 0;
    binaryType = 'blob';
    bufferedAmount = 0;
    readonly #closed = new AbortController();
    /** How to leave each room that is looked at; nothing yet, where the adapter is still on its way into it. */
    readonly #subscriptions = new Map<string, (() => void) | undefined>();
    #end: (() => void) | void = undefined;

    constructor() {
      super();
      line = this.#open();
      // Its end is told as a socket's is.
      line.catch(() => {});
    }

    async #open(): Promise<void> {
      const events: AdapterEvents = {
        message: (roomId, message) => {
          hear(roomId, message);
          this.#say({ type: 'new_message', room_id: roomId, message: messageOf(roomId, message) });
        },
        typing: (roomId, user, isTyping) => this.#say({ type: 'typing', room_id: roomId, user_id: user.id, username: user.username, is_typing: isTyping }),
        read: (roomId, userId, messageIds = []) => this.#say({ type: 'message_read', room_id: roomId, user_id: userId, message_ids: messageIds }),
        roomsChanged: () => void this.#sayRooms().catch(() => {}), // the next look at them says what is wrong
        disconnected: (reason) => this.#close(1006, reason),
      };
      try {
        const { signal } = this.#closed;
        const end = await adapter.connect?.(events, signal);
        if (signal.aborted) return end?.();
        this.#end = end;
      } catch (thrown) {
        this.#close(1006, String(thrown));
        throw thrown;
      }
      this.readyState = this.OPEN;
      this.dispatchEvent(new Event('open'));
      const { id, username } = adapter.user;
      // `temp_id`: what was sent is known by its name, though sending it twice may store it twice.
      const capabilities = ['ack', 'user_channel', 'temp_id', ...(adapter.isIdempotent ? ['idempotent_send'] : [])];
      this.#say({ type: 'connection_established', user_id: id, username, protocol: 1, capabilities });
    }

    send(text: string): void {
      const frame = JSON.parse(text) as Frame;
      // An answer never comes before `send` has returned.
      void Promise.resolve()
        .then(() => this.#onFrame(frame))
        .catch(() => this.#say({ type: 'error', message: 'The adapter could not do it.' }));
    }

    close(code = 1005, reason = ''): void {
      this.#close(code, reason);
    }

    #close(code: number, reason = ''): void {
      if (this.readyState === this.CLOSED) return;
      this.readyState = this.CLOSED;
      this.#closed.abort();
      for (const leave of this.#subscriptions.values()) leave?.();
      this.#subscriptions.clear();
      this.#end?.();
      // Node 20 has no CloseEvent.
      queueMicrotask(() => this.dispatchEvent(Object.assign(new Event('close'), { code, reason })));
    }

    #say(frame: Frame): void {
      if (this.readyState === this.OPEN) this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify({ ...frame, timestamp: now() }) }));
    }

    async #sayRooms(): Promise<void> {
      this.#say({ type: 'room_list', rooms: await rooms() });
    }

    async #onFrame(frame: Frame): Promise<void> {
      const room_id = like('room', frame.room_id as Id);
      switch (frame.type) {
        case 'ping':
          return this.#say({ type: 'pong' });
        case 'get_room_list':
          return this.#sayRooms();
        case 'subscribe_room': {
          await this.#subscribe(room_id);
          return this.#say({ type: 'subscribed', room_id });
        }
        case 'unsubscribe_room':
          this.#subscriptions.get(idKey(room_id))?.();
          this.#subscriptions.delete(idKey(room_id));
          return this.#say({ type: 'unsubscribed', room_id });
        case 'mark_read':
          await adapter.read?.(room_id);
          // All of them: what is shown as unread is none.
          return this.#say({ type: 'messages_marked_read', room_id, count: Number.MAX_SAFE_INTEGER });
        case 'typing':
        case 'stop_typing':
          return adapter.typing?.(room_id, frame.type === 'typing');
        case 'send_message':
          return this.#onSend(frame, room_id);
        default: // it has no such thing, and says so by silence
      }
    }

    async #subscribe(room: Id): Promise<void> {
      const key = idKey(room);
      this.#subscriptions.set(key, undefined);
      const leave = await adapter.subscribe?.(room);
      // Left again meanwhile.
      if (!leave) return;
      if (this.#subscriptions.has(key)) this.#subscriptions.set(key, leave);
      else leave();
    }

    async #onSend(frame: Frame, room_id: Id): Promise<void> {
      const _tempId = frame._tempId as string;
      try {
        const message = await send(room_id, frame.content as string, _tempId, frame.reply_to as Id | undefined);
        this.#say({ type: 'message_ack', room_id, message: messageOf(room_id, message, _tempId), _tempId });
      } catch (thrown) {
        // Only what is refused for good is said; of anything else nobody knows whether it arrived, and it is tried again.
        if (thrown instanceof AdapterRefusal) this.#say({ type: 'error', message: thrown.message, code: 'forbidden', room_id, _tempId });
      }
    }
  }

  async function answer(input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
    const { pathname, searchParams } = new URL(input instanceof Request ? input.url : input);
    await untilAborted(line, init.signal);
    return untilAborted(answerOf(init, pathname, searchParams), init.signal);
  }

  async function answerOf(init: RequestInit, pathname: string, searchParams: URLSearchParams): Promise<Response> {
    const json = (body: unknown, status = 200): Response => new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });
    const path = pathname.slice(pathname.indexOf('/api/chat/') + '/api/chat/'.length);
    if (path === 'rooms/') return json(await rooms());
    const [, room, what] = /^rooms\/([^/]+)\/(\w+)\/$/.exec(path) ?? [];
    const roomId = like('room', decodeURIComponent(room ?? ''));
    if (what === 'messages') {
      const [before, after] = ['before', 'after'].map((name) => (searchParams.has(name) ? like('message', searchParams.get(name)!) : undefined));
      const limit = Number(searchParams.get('limit')) || 50;
      const found = after === undefined ? await page(roomId, before, limit) : await pageAfter(roomId, after, limit);
      if (!found) return json({ detail: 'That message lies too far back.' }, 400);
      const { messages, hasMore } = found;
      return json({ messages: messages.map((message) => messageOf(roomId, message)), has_more: hasMore, count: messages.length });
    }
    if (what === 'send_message') {
      const { content, reply_to } = JSON.parse(String(init.body)) as { content: string; reply_to?: Id };
      const tempId = new Headers(init.headers).get('Idempotency-Key');
      // Asked before the line was up, and so before it was known that names are taken: it is sent again, with its own.
      if (!tempId) throw new Error('not connected yet');
      try {
        return json(messageOf(roomId, await send(roomId, content, tempId, reply_to)), 201);
      } catch (thrown) {
        if (thrown instanceof AdapterRefusal) return json({ detail: thrown.message }, 403);
        throw thrown;
      }
    }
    return json({ detail: 'The adapter has no such route.' }, 404);
  }

  return { WebSocket: AdapterSocket as unknown as typeof WebSocket, fetch: answer };
}
