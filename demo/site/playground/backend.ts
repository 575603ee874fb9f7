/** A simulated backend in the page: its data, its answers over REST and WebSocket, and its failures on demand. */
import { http, HttpResponse, ws, type HttpHandler, type WebSocketHandler, type WebSocketHandlerConnection } from 'msw';

/**
 * On the page's own origin: while the page unloads, msw sometimes passes a request through, which must not reach another
 * host.
 */
export const URL_OF_BACKEND = new URL('backend', location.href).href;

/** The states that a visitor can select, with their descriptions. */
export const STATES = {
  connected: 'Everything works. Ben replies to messages.',
  idle: 'There is no token yet.',
  connecting: 'The socket opens, but the server sends nothing.',
  reconnecting: 'The socket is open, but missed messages cannot be read yet.',
  polling: 'The server closes sockets at once; REST works.',
  offline: 'The device has no network.',
  unauthorized: 'Socket and REST reject the token.',
  error: 'The server does not answer.',
} as const;
export const CONTENTS = {
  talk: 'Three rooms, some messages, some of them unread.',
  nothing: 'No rooms and no messages.',
  everything: 'Every kind of message.',
  many: 'Ten thousand messages in the first room.',
  refused: 'The server permanently rejects sent messages.',
} as const;
export type State = keyof typeof STATES;
export type Content = keyof typeof CONTENTS;
export const isState = (name: string | null): name is State => name !== null && Object.hasOwn(STATES, name);
export const isContent = (name: string | null): name is Content => name !== null && Object.hasOwn(CONTENTS, name);

const person = (id: number, first_name: string, last_name: string) => ({
  id,
  username: first_name.toLowerCase(),
  first_name,
  last_name,
});
const [ana, ben, cleo] = [person(1, 'Ana', 'Ito'), person(2, 'Ben', 'Okafor'), person(3, 'Cleo', 'Lind')];
const at = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();
const REPLIES = ['Good to know.', 'Thank you!', 'Let us talk about it tomorrow.', 'On my way.'];
const REPLY_MS = 1_200;

interface Message {
  id: number;
  room: number;
  sender: typeof ana | null;
  content: string;
  timestamp: string;
  [field: string]: unknown;
}

export class PageBackend {
  state: State = 'connected';
  content: Content = 'talk';
  #messages: Message[] = [];
  #sockets = new Set<WebSocketHandlerConnection['client']>();
  readonly handlers: (HttpHandler | WebSocketHandler)[];

  constructor(url = URL_OF_BACKEND) {
    const socket = ws.link(`${url.replace('http', 'ws')}/ws/chat/*`);
    this.handlers = [
      socket.addEventListener('connection', ({ client }) => this.#onSocket(client)),
      http.all(`${url}/*`, ({ request }) => this.#answer(request)),
    ];
  }

  /** Replaces all messages. */
  fill(content: Content): void {
    this.content = content;
    this.#messages = [];
    if (content === 'nothing') return;
    const say = (
      room: number,
      sender: typeof ana | null,
      content: string,
      minutes: number,
      more: object = {},
    ): number =>
      this.#messages.push({
        id: this.#messages.length + 1,
        room,
        sender,
        content,
        timestamp: at(minutes),
        message_type: 'text',
        is_read: true,
        ...more,
      });
    if (content === 'many')
      for (let count = 10_000; count > 0; count--)
        say(1, [ana, ben, cleo][count % 3]!, `Message ${10_001 - count} of ten thousand`, count / 10 + 5);
    say(1, ben, 'Is the table still there?', 26 * 60);
    say(1, ana, 'It is. You can have a look at it whenever you like.', 25 * 60);
    say(2, cleo, 'The key is with the neighbours', 90, { is_read: false });
    say(1, ben, 'Then I will come by at nine.', 4, { is_read: false });
    if (content !== 'everything') return;
    say(1, null, 'Cleo came in', 3.9, { message_type: 'system' });
    say(1, cleo, 'See https://example.com/table?size=large#top for what it weighs', 3.8);
    say(1, cleo, '', 3.7, { message_type: 'file', attachment: '/files/The plan of the house.pdf' });
    say(1, ben, 'I will.', 3, {
      reply_to: { id: 3, content: 'The key is with the neighbours', sender: 'Cleo' },
      reactions: [{ emoji: '👍', user_ids: [1, 3] }],
    });
    say(1, ana, 'اراك غدا، والسلام', 2, { edited_at: at(1) });
    say(1, ana, `A word that is long: ${'Donaudampfschifffahrtsgesellschaft'.repeat(4)}`, 1, { is_read: false });
  }

  /** Marks everything as read by Ana. */
  readAll(): void {
    for (const message of this.#unread()) message.is_read = true;
  }

  /** Ana's unread messages, of one room or of all. */
  #unread(room?: number): Message[] {
    return this.#messages.filter(
      (message) => (room === undefined || message.room === room) && !message.is_read && message.sender !== ana,
    );
  }

  get #rooms(): object[] {
    if (this.content === 'nothing') return [];
    return [
      { id: 1, name: 'A table', room_type: 'job', participants: [ana, ben, cleo] },
      { id: 2, name: '', room_type: 'direct', participants: [ana, cleo] },
      { id: 3, name: 'An empty room', room_type: 'general', participants: [ana] },
    ].map((room) => {
      const all = this.#messages.filter((message) => message.room === room.id);
      return {
        ...room,
        participant_count: room.participants.length,
        last_message: all.at(-1) ?? null,
        unread_count: this.#unread(room.id).length,
        created_at: at(5_000),
        updated_at: at(30),
        is_active: true,
      };
    });
  }

  /** Closes every open socket, so that the selected state takes effect. */
  cut(): void {
    for (const client of this.#sockets)
      client.close(this.state === 'unauthorized' ? 4001 : 1011, 'simulated by the playground');
    this.#sockets.clear();
  }

  #onSocket(client: WebSocketHandlerConnection['client']): void {
    if (this.state === 'unauthorized') return client.close(4001, 'token refused');
    if (this.state === 'polling' || this.state === 'error' || this.state === 'offline')
      return client.close(1011, 'simulated by the playground');
    this.#sockets.add(client);
    client.addEventListener('close', () => this.#sockets.delete(client));
    client.addEventListener('message', ({ data }) =>
      this.#onFrame(client, JSON.parse(String(data)) as Record<string, unknown>),
    );
    if (this.state === 'connecting') return;
    this.#say(client, {
      type: 'connection_established',
      user_id: 1,
      username: 'ana',
      protocol: 1,
      capabilities: ['idempotent_send', 'ack', 'user_channel'],
      limits: { content: 2_000 },
    });
  }

  #say(client: WebSocketHandlerConnection['client'], frame: object): void {
    client.send(JSON.stringify({ ...frame, timestamp: at(0) }));
  }

  #onFrame(client: WebSocketHandlerConnection['client'], frame: Record<string, unknown>): void {
    const room_id = frame.room_id as number;
    switch (frame.type) {
      case 'ping':
        return this.#say(client, { type: 'pong' });
      case 'subscribe_room':
        return this.#say(client, { type: 'subscribed', room_id });
      case 'get_room_list':
        return this.#say(client, { type: 'room_list', rooms: this.#rooms });
      case 'mark_read': {
        const unread = this.#unread(room_id);
        for (const message of unread) message.is_read = true;
        return this.#say(client, { type: 'messages_marked_read', room_id, count: unread.length });
      }
      case 'send_message': {
        const { _tempId } = frame;
        if (this.content === 'refused')
          return this.#say(client, {
            type: 'error',
            message: 'This room is closed.',
            code: 'forbidden',
            room_id,
            _tempId,
          });
        const message = this.#store(room_id, ana, String(frame.content), _tempId);
        this.#say(client, { type: 'message_ack', room_id, message, _tempId });
        this.#reply(room_id);
      }
    }
  }

  #store(room: number, sender: typeof ana, content: string, _tempId?: unknown): Message {
    const known = this.#messages.find((message) => Boolean(_tempId) && message._tempId === _tempId);
    if (known) return known;
    const message: Message = {
      id: this.#messages.length + 1,
      room,
      sender,
      content,
      timestamp: at(0),
      message_type: 'text',
      is_read: false,
      ...(_tempId ? { _tempId } : {}),
    };
    this.#messages.push(message);
    return message;
  }

  /** Ben types, then replies. */
  #reply(room_id: number): void {
    const tell = (frame: object): void => this.#sockets.forEach((client) => this.#say(client, frame));
    tell({ type: 'typing', room_id, user_id: ben.id, username: ben.username, is_typing: true });
    setTimeout(() => {
      const message = this.#store(room_id, ben, REPLIES[this.#messages.length % REPLIES.length]!);
      tell({ type: 'new_message', room_id, message });
    }, REPLY_MS);
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (this.state === 'unauthorized')
      return HttpResponse.json({ detail: 'Given token not valid', code: 'token_not_valid' }, { status: 401 });
    // The studio reports that the device is offline, so a network error would show as 'offline' instead of 'error'.
    if (this.state === 'error' && !navigator.onLine)
      return HttpResponse.json({ detail: 'Temporarily unavailable.' }, { status: 503 });
    if (this.state === 'error' || this.state === 'offline') return HttpResponse.error();
    const [, path = ''] = pathname.split('/api/chat/');
    if (path === 'rooms/') return HttpResponse.json(this.#rooms);
    const [, id, what] = /^rooms\/(\d+)\/(\w+)\/$/.exec(path) ?? [];
    const room = Number(id);
    if (what === 'send_message') {
      if (this.content === 'refused') return HttpResponse.json({ detail: 'This room is closed.' }, { status: 403 });
      const { content } = (await request.json()) as { content: string };
      return HttpResponse.json(this.#store(room, ana, content, request.headers.get('Idempotency-Key')), {
        status: 201,
      });
    }
    if (what === 'messages') {
      if (this.state === 'reconnecting')
        return HttpResponse.json({ detail: 'Temporarily unavailable.' }, { status: 503 });
      const [before, after, limit] = ['before', 'after', 'limit'].map((name) => Number(searchParams.get(name))) as [
        number,
        number,
        number,
      ];
      const all = this.#messages.filter(
        (message) => message.room === room && (!after || message.id > after) && (!before || message.id < before),
      );
      const messages = after ? all.slice(0, limit || 50) : all.slice(-(limit || 50));
      return HttpResponse.json({
        messages,
        has_more: all.length > messages.length,
        count: messages.length,
        oldest_id: messages[0]?.id ?? null,
        newest_id: messages.at(-1)?.id ?? null,
      });
    }
    if (path.endsWith('/mark_read/')) return HttpResponse.json({ status: 'message marked as read' });
    return HttpResponse.json({ detail: 'Not found.' }, { status: 404 });
  }
}
