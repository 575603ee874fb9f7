/** A backend in the page: what it knows, how it answers over REST and WebSocket, and how it fails when it is told to. */
import { http, HttpResponse, ws, type HttpHandler, type WebSocketHandler, type WebSocketHandlerConnection } from 'msw';

/** Beside the page's own files: while a page is left, msw lets a request through now and then, and that one must ask nobody else. */
export const URL_OF_BACKEND = new URL('backend', location.href).href;

/** What a visitor can put the page into, and what it shows. */
export const STATES = {
  connected: 'All is well. Ben answers what is written to him.',
  idle: 'No token yet.',
  connecting: 'The socket opens, and nothing comes.',
  reconnecting: 'The socket lives, but what was missed cannot be read yet.',
  polling: 'Sockets are closed at once; REST works.',
  offline: 'The device has no network.',
  unauthorized: 'The token is refused, by socket and REST.',
  error: 'Nothing answers.',
} as const;
export const CONTENTS = {
  talk: 'Three rooms, some words, something unread.',
  nothing: 'Nobody has said anything, and there is no room.',
  everything: 'Every kind of message there is.',
  many: 'Ten thousand messages in the first room.',
  refused: 'What is written is refused for good.',
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

  /** Begins anew with some content. */
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

  /** As if Ana had looked at everything. */
  readAll(): void {
    for (const message of this.#unread()) message.is_read = true;
  }

  /** What she has not read, of one room or of all. */
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
      { id: 3, name: 'Nobody has spoken here', room_type: 'general', participants: [ana] },
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

  /** Breaks every open socket: whatever was chosen happens from here on. */
  cut(): void {
    for (const client of this.#sockets)
      client.close(this.state === 'unauthorized' ? 4001 : 1011, 'the playground says so');
    this.#sockets.clear();
  }

  #onSocket(client: WebSocketHandlerConnection['client']): void {
    if (this.state === 'unauthorized') return client.close(4001, 'token refused');
    if (this.state === 'polling' || this.state === 'error' || this.state === 'offline')
      return client.close(1011, 'the playground says so');
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

  /** Ben types, and answers. */
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
    // On a page that says that it has no network, as the studio does, silence would be taken for that.
    if (this.state === 'error' && !navigator.onLine) return HttpResponse.json({ detail: 'Not now.' }, { status: 503 });
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
      if (this.state === 'reconnecting') return HttpResponse.json({ detail: 'Not now.' }, { status: 503 });
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
