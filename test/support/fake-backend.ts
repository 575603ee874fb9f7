/** An in-memory backend that speaks the wire protocol, for tests that need a fault at an exact moment. */
import type { FakeClock } from './fake-clock.js';

export interface WireMessage {
  id: number;
  room: number;
  sender: { id: number; username: string };
  content: string;
  timestamp: string;
  is_own_message: boolean;
  _tempId?: string;
  [field: string]: unknown;
}

export class FakeSocket extends EventTarget {
  readonly CONNECTING = 0;
  readonly OPEN = 1;
  readonly CLOSED = 3;
  readyState = 0;
  binaryType = 'blob';
  readonly sent: Record<string, unknown>[] = [];

  constructor(
    readonly url: string,
    private readonly onSent: (socket: FakeSocket, frame: Record<string, unknown>) => void,
  ) {
    super();
  }

  send(text: string): void {
    if (this.readyState !== this.OPEN) throw new Error('InvalidStateError');
    const frame = JSON.parse(text) as Record<string, unknown>;
    this.sent.push(frame);
    // An answer never arrives before `send` has returned.
    queueMicrotask(() => this.onSent(this, frame));
  }

  close(code = 1005, reason = ''): void {
    this.drop(code, reason);
  }

  // Server side:

  accept(): void {
    if (this.readyState !== this.CONNECTING) return;
    this.readyState = this.OPEN;
    this.dispatchEvent(new Event('open'));
  }

  receive(frame: unknown): void {
    if (this.readyState !== this.OPEN) return;
    this.dispatchEvent(
      new MessageEvent('message', { data: typeof frame === 'string' ? frame : JSON.stringify(frame) }),
    );
  }

  drop(code = 1006, reason = ''): void {
    if (this.readyState === this.CLOSED) return;
    this.readyState = this.CLOSED;
    // Node 20 has no CloseEvent.
    this.dispatchEvent(Object.assign(new Event('close'), { code, reason }));
  }
}

export class FakeBackend {
  readonly sockets: FakeSocket[] = [];
  readonly requests: { method: string; path: string; headers: Headers; body: unknown }[] = [];
  rooms: Record<string, unknown>[] = [room(1, 'Ana & Ben'), room(2, 'General')];
  messages: WireMessage[] = [];
  capabilities: string[] = ['idempotent_send', 'ack', 'user_channel'];
  /** What happens to a new socket. */
  onSocket: 'greet' | 'refuse' | 'hang' | 'accept-silent' | 'accept-then-4001' = 'greet';
  /** Overrides the answer to a request; an error is thrown. */
  onRequest: (method: string, path: string) => Response | Error | 'hang' | undefined = () => undefined;
  /** How a message sent by socket is confirmed. */
  echo: 'echo' | 'ack' | 'both' | 'none' | 'no-temp-id' = 'both';
  /** Called after the normal processing of a sent frame. */
  onSent: (socket: FakeSocket, frame: Record<string, unknown>) => void = () => {};
  /** Whether messages sent by socket are stored. */
  stores = true;
  /** Whether `GET me/` exists. */
  hasMe = false;
  /** Capability `receipts`: per room, the last message that each user has read. */
  receipts: Record<number, { user_id: number; up_to: number }[]> = {};
  /** Rejected tokens. */
  rejectedTokens = new Set<string>();
  me = 1;
  /** The user of a token, in tests with several users. Default: `me`. */
  userOf: (token: string) => number = () => this.me;
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  get socket(): FakeSocket {
    return this.sockets.at(-1)!;
  }

  get open(): FakeSocket[] {
    return this.sockets.filter(({ readyState }) => readyState < 2);
  }

  readonly WebSocket = ((backend: FakeBackend) =>
    class {
      constructor(url: string) {
        return backend.#connect(url) as never;
      }
    })(this) as unknown as typeof WebSocket;

  readonly fetch: typeof fetch = async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const method = init.method ?? 'GET';
    const headers = new Headers(init.headers);
    // The first list has a limit, which a backend without pages ignores.
    const path = (url.pathname.replace('/api/chat/', '') + url.search).replace(/^rooms\/\?limit=50$/, 'rooms/');
    const body: unknown = typeof init.body === 'string' ? JSON.parse(init.body) : undefined;
    this.requests.push({ method, path, headers, body });
    const answer = this.onRequest(method, path);
    if (answer === 'hang')
      await new Promise((_, reject) =>
        init.signal?.addEventListener('abort', () => reject(new DOMException('', 'AbortError'))),
      );
    if (answer instanceof Error) throw answer;
    if (init.signal?.aborted) throw new DOMException('', 'AbortError');
    if (answer instanceof Response) return answer;
    if (this.rejectedTokens.has(headers.get('Authorization')?.slice(7) ?? ''))
      return json({ detail: 'Given token not valid', code: 'token_not_valid' }, 401);
    return this.#answer(method, url, headers, body);
  };

  /** Stores a message of a user, without sending frames. */
  store(roomId: number, senderId: number, content: string, tempId?: string): WireMessage {
    const known = tempId && this.messages.find((message) => message._tempId === tempId);
    if (known && this.capabilities.includes('idempotent_send')) return known;
    const message: WireMessage = {
      id: this.messages.length + 1,
      room: roomId,
      sender: { id: senderId, username: `user${senderId}` },
      message_type: 'text',
      content,
      timestamp: new Date(this.#clock.now()).toISOString(),
      is_own_message: false,
      is_read: false,
      ...(tempId && { _tempId: tempId }),
    };
    this.messages.push(message);
    return message;
  }

  /** Stores a message of another user and sends it to the open sockets. */
  sendAs(roomId: number, senderId: number, content: string): WireMessage {
    const message = this.store(roomId, senderId, content);
    for (const socket of this.open) socket.receive({ type: 'new_message', room_id: roomId, message });
    return message;
  }

  #connect(url: string): FakeSocket {
    const socket = new FakeSocket(url, (from, frame) => {
      this.#onFrame(from, frame);
      this.onSent(from, frame);
    });
    this.sockets.push(socket);
    const { onSocket } = this;
    const token = new URL(url).searchParams.get('token') ?? '';
    queueMicrotask(() => {
      if (onSocket === 'hang') return;
      if (onSocket === 'refuse' || (this.rejectedTokens.has(token) && onSocket === 'greet')) return socket.drop(1006);
      socket.accept();
      if (this.rejectedTokens.has(token)) return socket.drop(4001, 'token refused');
      // The notifications socket has no greeting.
      if (onSocket !== 'accept-silent' && !url.includes('/ws/notifications/'))
        socket.receive(this.greeting(this.userOf(token)));
    });
    return socket;
  }

  greeting(userId = this.me): object {
    return {
      type: 'connection_established',
      user_id: userId,
      username: 'ana',
      ...(this.capabilities.length > 0 && { protocol: 1, capabilities: this.capabilities }),
    };
  }

  #onFrame(socket: FakeSocket, frame: Record<string, unknown>): void {
    const roomId = frame.room_id as number;
    switch (frame.type) {
      case 'ping':
        return socket.receive({ type: 'pong' });
      case 'subscribe_room':
        return socket.receive({ type: 'subscribed', room_id: roomId });
      case 'get_room_list':
        return socket.receive({ type: 'room_list', rooms: this.rooms });
      case 'mark_read':
        return socket.receive({ type: 'messages_marked_read', room_id: roomId, count: 99 });
      case 'send_message': {
        if (!this.stores) return;
        const tempId = frame._tempId as string;
        const message = this.store(
          roomId,
          this.userOf(new URL(socket.url).searchParams.get('token') ?? ''),
          frame.content as string,
          tempId,
        );
        const { _tempId, ...bare } = message;
        if (this.echo === 'echo' || this.echo === 'both')
          socket.receive({ type: 'new_message', room_id: roomId, message });
        if (this.echo === 'no-temp-id') socket.receive({ type: 'new_message', room_id: roomId, message: bare });
        if (this.echo === 'ack' || this.echo === 'both')
          socket.receive({ type: 'message_ack', room_id: roomId, message, _tempId: tempId });
      }
    }
  }

  #answer(method: string, url: URL, headers: Headers, body: unknown): Response {
    const path = url.pathname.replace('/api/chat/', '');
    if (path === 'rooms/') return json(this.rooms);
    const me = this.userOf(headers.get('Authorization')?.slice(7) ?? '');
    // With a field of the backend's own, named like one of the frame.
    if (path === 'me/' && this.hasMe) return json({ ...this.greeting(me), type: 'customer' });
    const room = Number(/^rooms\/(\d+)\//.exec(path)?.[1]);
    if (method === 'POST' && path.endsWith('/send_message/')) {
      const { content } = body as { content: string };
      return json(
        { ...this.store(room, me, content, headers.get('Idempotency-Key') ?? undefined), is_own_message: true },
        201,
      );
    }
    if (path.endsWith('/messages/')) {
      const after = url.searchParams.get('after');
      const before = url.searchParams.get('before');
      const limit = Number(url.searchParams.get('limit'));
      const all = this.messages
        .filter(
          (message) =>
            message.room === room && (!after || message.id > Number(after)) && (!before || message.id < Number(before)),
        )
        // A backend without `idempotent_send` stores no temporary ids.
        .map(({ _tempId, ...message }) => ({
          ...message,
          is_own_message: (message.sender as { id: number } | null)?.id === me,
          ...(this.capabilities.includes('idempotent_send') && _tempId && { _tempId }),
        }));
      const messages = after ? all.slice(0, limit) : all.slice(-limit);
      return json({ messages, has_more: all.length > messages.length, count: messages.length });
    }
    if (path.endsWith('/receipts/') && this.capabilities.includes('receipts'))
      return json({ items: this.receipts[room] ?? [], next: null });
    if (path.endsWith('/mark_read/')) return json({ status: 'message marked as read' });
    return json({ detail: 'Not found.' }, 404);
  }
}

export function room(id: number, name: string, more: object = {}): Record<string, unknown> {
  return {
    id,
    name,
    room_type: 'general',
    participants: [
      { id: 1, username: 'ana', first_name: 'Ana', last_name: '' },
      { id: 2, username: 'ben', first_name: 'Ben', last_name: '' },
    ],
    last_message: null,
    unread_count: 0,
    created_at: '2026-11-22T10:00:00Z',
    updated_at: '2026-11-22T10:00:00Z',
    is_active: true,
    ...more,
  };
}

export const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  page(JSON.stringify(body), status, { 'Content-Type': 'application/json', ...headers });

export function page(
  text: string,
  status: number,
  headers: Record<string, string> = { 'Content-Type': 'text/html' },
): Response {
  const response = new Response(text, { status, headers });
  // Resolves at once: reading a real body takes a browser-dependent number of tasks, which a fake clock cannot wait
  // for.
  response.text = async () => text;
  return response;
}

/** An unsigned token of a user. No test verifies signatures. */
export const tokenOf = (userId: number | string, more: object = {}): string =>
  ['{"alg":"none"}', JSON.stringify({ user_id: userId, ...more }), 'x'].map((part) => btoa(part)).join('.');
