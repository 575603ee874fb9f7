/**
 * A model of a chat server, simple enough to be verified by reading, for tests that run thousands of random scenarios.
 * It stores the same data as a real server (rows, numbered changes, read state), speaks the wire protocol, and fails on
 * demand. It also records misbehaviour of clients in `violations`.
 */
import { FakeSocket, json, page } from './fake-backend.js';
import type { FakeClock } from './fake-clock.js';

export interface Row {
  id: number;
  room: number;
  sender: number;
  content: string;
  at: string;
  tempId: string | undefined;
  editedAt: string | null;
  deleted: boolean;
  reactions: Map<string, Set<number>>;
}

interface Change {
  seq: number;
  frame: Record<string, unknown>;
  messageId: number | undefined;
}

export const ME = 1;
export const OTHER = 2;
export const ROOMS = [1, 2] as const;
/** Another user on the same machine, with separate rooms. */
export const CAT = 3;
export const ROOMS_OF: Record<number, readonly number[]> = { [ME]: ROOMS, [CAT]: [3, 4] };
const ALL_ROOMS = Object.values(ROOMS_OF).flat();
const NAMES: Record<number, string> = { [ME]: 'ana', [OTHER]: 'ben', [CAT]: 'cat' };
/** Every room has OTHER as its second member. */
const ownerOf = (room: number): number => (room <= 2 ? ME : CAT);

/** A marker in message texts that names their tenant and author. */
export const mark = (tenant: string, person: number): string => `[${tenant}${person}]`;
/** The owners (`<tenant><user>`) of the texts in it. */
export const marksIn = (text: string): string[] => [
  ...new Set([...text.matchAll(/\[([ab]\d)\]/g)].map(([, owner]) => owner!)),
];

export type SocketFault = 'none' | 'refuse' | 'hang' | 'silent';
export type RestFault = 'none' | 'down' | 'broken' | 'hang' | 'answer-lost' | 'busy' | 'portal';
export type FrameFault = 'drop' | 'twice' | 'late';

export class ModelServer {
  readonly sockets: FakeSocket[] = [];
  readonly rows: Row[] = [];
  readonly violations: string[] = [];
  /** Times of socket and request attempts, in ms. */
  readonly socketTimes: number[] = [];
  readonly requestTimes: number[] = [];
  socketFault: SocketFault = 'none';
  restFault: RestFault = 'none';
  /** Faults of the next outgoing frames. */
  readonly frameFaults: FrameFault[] = [];
  /**
   * Incoming frames on open sockets are lost. Such a socket stays deaf: a live connection does not lose single frames.
   */
  isDeaf = false;
  readonly #deafSockets = new Set<FakeSocket>();
  /** Outgoing frames on open sockets are lost. Such a socket stays mute: a half-open connection does not recover. */
  isMute = false;
  readonly #muteSockets = new Set<FakeSocket>();
  /** Messages with this text are rejected permanently. */
  readonly rejectedText = 'forbidden';
  readonly #clock: FakeClock;
  readonly #changes = new Map<number, Change[]>(ALL_ROOMS.map((room) => [room, []]));
  readonly #read = new Map<number, Set<number>>([ME, OTHER, CAT].map((user) => [user, new Set()]));
  readonly #inFlight = new Set<string>();
  /** User by token. */
  readonly #tokens = new Map<string, number>();
  /** The user of each socket, and the group of tabs that shares it. */
  readonly #owners = new Map<FakeSocket, { user: number; group: unknown }>();
  /** Tokens issued by another server. */
  readonly foreignTokens = new Set<string>();
  #delayedFrame: string | undefined;
  #hangingRequests: (() => void)[] = [];

  constructor(
    clock: FakeClock,
    readonly capabilities: readonly string[],
    /** Distinguishes several servers on one origin. */
    readonly tenant = 'a',
  ) {
    this.#clock = clock;
  }

  // ————— Users and faults

  acceptToken(token: string, user = ME): void {
    this.#tokens.set(token, user);
  }

  rejectToken(token: string): void {
    this.#tokens.delete(token);
  }

  /** Without sockets that are still connecting: those are closed as soon as they open. */
  get open(): FakeSocket[] {
    return this.sockets.filter(({ readyState }) => readyState === 1);
  }

  /** Whether an open socket is deaf or mute. */
  get hasDeadSocket(): boolean {
    return this.open.some((socket) => this.#deafSockets.has(socket) || this.#muteSockets.has(socket));
  }

  cut(code: number): void {
    for (const socket of this.open) socket.drop(code);
  }

  /** Removes all faults and releases hanging requests. */
  heal(): void {
    this.socketFault = this.restFault = 'none';
    this.isDeaf = this.isMute = false;
    this.frameFaults.length = 0;
    for (const release of this.#hangingRequests.splice(0)) release();
  }

  /** Deletes the change log. */
  deleteChanges(): void {
    for (const [room, changes] of this.#changes) this.#changes.set(room, changes.slice(-1));
  }

  // ————— User actions

  store(room: number, sender: number, content: string, tempId?: string): Row {
    const known =
      tempId === undefined ? undefined : this.rows.find((row) => row.sender === sender && row.tempId === tempId);
    if (known && this.capabilities.includes('idempotent_send')) return known;
    if (known) this.violations.push(`stored twice: ${content}`);
    const at = new Date(this.#clock.now()).toISOString();
    const row: Row = {
      id: this.rows.length + 1,
      room,
      sender,
      content,
      at,
      tempId,
      editedAt: null,
      deleted: false,
      reactions: new Map(),
    };
    this.rows.push(row);
    this.#change(room, row.id, (viewer) => ({
      type: 'new_message',
      message: { ...this.#message(row, viewer), _tempId: tempId },
    }));
    return row;
  }

  edit(row: Row, content: string): void {
    if (row.deleted) return;
    row.content = content;
    row.editedAt = new Date(this.#clock.now()).toISOString();
    this.#change(row.room, row.id, (viewer) => ({ type: 'message_updated', message: this.#message(row, viewer) }));
  }

  delete(row: Row): void {
    if (row.deleted) return;
    row.deleted = true;
    this.#change(row.room, row.id, () => ({ type: 'message_deleted', message_id: row.id }));
  }

  react(row: Row, emoji: string): void {
    if (row.deleted) return;
    const users = row.reactions.get(emoji) ?? new Set();
    if (!users.delete(OTHER)) users.add(OTHER);
    row.reactions.set(emoji, users);
    this.#change(row.room, row.id, () => ({
      type: 'reactions_updated',
      message_id: row.id,
      reactions: reactionsOf(row),
    }));
  }

  read(room: number, user: number, upTo = Infinity): void {
    const read = this.#read.get(user)!;
    const unread = this.#unreadRows(room, user).filter(({ id }) => id <= upTo);
    if (unread.length === 0) return;
    for (const { id } of unread) read.add(id);
    if (this.capabilities.includes('receipts')) return this.#sendReceipts(room, user, unread);
    this.#change(room, undefined, () =>
      user !== OTHER
        ? { type: 'messages_marked_read', count: unread.length }
        : { type: 'message_read', user_id: user, message_ids: [], up_to: unread.at(-1)!.id },
    );
  }

  /** Capability `receipts`: sent once, not recorded as a change. */
  #sendReceipts(room: number, user: number, read: readonly Row[]): void {
    for (const socket of this.#openSocketsOf(ownerOf(room))) {
      if (user === OTHER)
        this.#sendFrame(socket, { type: 'message_read', room_id: room, user_id: user, up_to: read.at(-1)!.id });
      else {
        this.#sendFrame(socket, { type: 'messages_marked_read', room_id: room, count: read.length });
        this.#sendFrame(socket, { type: 'room_updated', room_id: room, updates: { unread_count: this.unread(room) } });
      }
    }
  }

  #receipts(room: number): object[] {
    return [ownerOf(room), OTHER].flatMap((user_id) => {
      const last = this.rows.findLast(
        ({ id, room: of, sender }) => of === room && sender !== user_id && this.#read.get(user_id)!.has(id),
      );
      return last ? [{ user_id, up_to: last.id }] : [];
    });
  }

  // ————— State

  /** The messages of a room, as its member sees them. */
  history(room: number): { id: number; content: string; reactions: string; isRead: boolean }[] {
    return this.#visibleRows(room).map((row) => ({
      id: row.id,
      content: row.content,
      reactions: JSON.stringify(reactionsOf(row)),
      isRead: row.sender !== OTHER && this.#isRead(row),
    }));
  }

  unread(room: number): number {
    return this.#unreadRows(room, ownerOf(room)).length;
  }

  #visibleRows(room: number): Row[] {
    return this.rows.filter((row) => row.room === room && !row.deleted);
  }

  #unreadRows(room: number, user: number): Row[] {
    return this.#visibleRows(room).filter((row) => row.sender !== user && !this.#read.get(user)!.has(row.id));
  }

  #isRead(row: Row): boolean {
    return this.#read.get(row.sender === OTHER ? ownerOf(row.room) : OTHER)!.has(row.id);
  }

  #message(row: Row, viewer = ownerOf(row.room)): Record<string, unknown> {
    return {
      id: row.id,
      room: row.room,
      sender: { id: row.sender, username: NAMES[row.sender] },
      message_type: 'text',
      content: row.content,
      timestamp: row.at,
      is_read: this.#isRead(row),
      edited_at: row.editedAt,
      is_own_message: row.sender === viewer,
      reactions: reactionsOf(row),
      ...(row.sender === viewer &&
        row.tempId &&
        this.capabilities.includes('idempotent_send') && { _tempId: row.tempId }),
    };
  }

  #room(id: number): Record<string, unknown> {
    const last = this.#visibleRows(id).at(-1);
    return {
      id,
      name: `Room ${id}`,
      participants: [
        { id: ownerOf(id), username: NAMES[ownerOf(id)] },
        { id: OTHER, username: NAMES[OTHER] },
      ],
      last_message: last
        ? { content: last.content, timestamp: last.at, sender: { id: last.sender, username: 'x' } }
        : null,
      unread_count: this.unread(id),
      updated_at: last?.at ?? '2026-11-22T10:00:00Z',
      is_active: true,
    };
  }

  // ————— Broadcasting

  #change(room: number, messageId: number | undefined, frameFor: (viewer: number) => Record<string, unknown>): void {
    const changes = this.#changes.get(room)!;
    const seq = (changes.at(-1)?.seq ?? 0) + 1;
    const frame = { ...frameFor(0), room_id: room, ...(this.capabilities.includes('sync') && { seq }) };
    changes.push({ seq, frame, messageId });
    for (const socket of this.#openSocketsOf(ownerOf(room))) {
      this.#sendFrame(socket, frame);
      if (this.capabilities.includes('user_channel')) {
        const { last_message, unread_count, updated_at } = this.#room(room);
        this.#sendFrame(socket, {
          type: 'room_updated',
          room_id: room,
          updates: { last_message, unread_count, updated_at },
        });
      }
    }
  }

  #openSocketsOf(user: number): FakeSocket[] {
    return this.open.filter((socket) => this.#owners.get(socket)?.user === user);
  }

  /** Sends a frame, subject to the current faults. */
  #sendFrame(socket: FakeSocket, frame: Record<string, unknown>): void {
    if (this.isMute) this.#muteSockets.add(socket);
    if (this.#muteSockets.has(socket)) return;
    const text = JSON.stringify(frame);
    // Answers always arrive, or the socket ends: only unsolicited frames can be lost unnoticed.
    const fault = 'seq' in frame ? this.frameFaults.shift() : undefined;
    if (fault === 'drop') return;
    if (fault === 'late') return void (this.#delayedFrame = text);
    socket.receive(text);
    if (fault === 'twice') socket.receive(text);
    const late = this.#delayedFrame;
    this.#delayedFrame = undefined;
    if (late) socket.receive(late);
  }

  // ————— Sockets

  readonly WebSocket = ((server: ModelServer) =>
    class {
      constructor(url: string) {
        return server.connect(url) as never;
      }
    })(this) as unknown as typeof WebSocket;

  /** @param group Tabs that share one socket. */
  connect(url: string, group?: unknown): FakeSocket {
    const socket = new FakeSocket(url, (from, frame) => this.#onFrame(from, frame));
    const token = new URL(url).searchParams.get('token') ?? '';
    const user = this.#tokens.get(token);
    if (this.foreignTokens.has(token)) this.violations.push('token sent to another tenant');
    // A client with an open socket must not open another.
    const others = this.#openSocketsOf(user ?? 0).filter((open) => this.#owners.get(open)?.group === group);
    if (others.length > 0 && !this.isDeaf && !this.isMute) this.violations.push('second socket');
    if (user !== undefined) this.#owners.set(socket, { user, group });
    this.sockets.push(socket);
    this.socketTimes.push(this.#clock.now());
    const { socketFault } = this;
    queueMicrotask(() => {
      if (socketFault === 'hang') return;
      if (socketFault === 'refuse' || user === undefined || !this.#tokens.has(token)) return socket.drop(1006);
      socket.accept();
      if (socketFault === 'silent') return;
      const beyond =
        this.capabilities.length > 0 ? { protocol: 1, capabilities: this.capabilities, heartbeat_s: 25 } : {};
      this.#sendFrame(socket, {
        type: 'connection_established',
        user_id: user,
        username: NAMES[user],
        timestamp: new Date(this.#clock.now()).toISOString(),
        ...beyond,
      });
    });
    return socket;
  }

  #onFrame(socket: FakeSocket, frame: Record<string, unknown>): void {
    if (this.isDeaf) this.#deafSockets.add(socket);
    if (this.#deafSockets.has(socket) || socket.readyState !== 1) return;
    const room_id = frame.room_id as number;
    const { user } = this.#owners.get(socket)!;
    const isMember = room_id === undefined || ownerOf(room_id) === user;
    if (!isMember) {
      const { _tempId } = frame;
      return this.#sendFrame(socket, { type: 'error', message: 'Not found.', code: 'not_found', room_id, _tempId });
    }
    switch (frame.type) {
      case 'ping':
        return this.#sendFrame(socket, { type: 'pong' });
      case 'subscribe_room':
        return this.#sendFrame(socket, { type: 'subscribed', room_id });
      case 'get_room_list':
        return this.#sendFrame(socket, { type: 'room_list', rooms: ROOMS_OF[user]!.map((room) => this.#room(room)) });
      case 'mark_read':
        return this.read(room_id, user, frame.up_to as number | undefined);
      case 'sync':
        return this.#sendFrame(socket, {
          type: 'sync_result',
          rooms: this.#sync(
            user,
            Object.entries(frame.rooms as Record<string, number>).map(([room, seq]) => [Number(room), seq]),
          ),
        });
      case 'send_message': {
        const { content, _tempId } = frame as { content: string; _tempId: string };
        this.#checkNotInFlight(_tempId);
        if (content.includes(this.rejectedText))
          return this.#sendFrame(socket, { type: 'error', message: 'Not allowed.', code: 'invalid', _tempId, room_id });
        const row = this.#storeFromClient(room_id, user, content, _tempId);
        if (this.capabilities.includes('ack'))
          this.#sendFrame(socket, {
            type: 'message_ack',
            room_id,
            _tempId,
            message: { ...this.#message(row), _tempId },
          });
      }
    }
  }

  /** A client sends a message. */
  #storeFromClient(room: number, user: number, content: string, tempId: string | undefined): Row {
    for (const owner of marksIn(content))
      if (owner !== `${this.tenant}${user}`) this.violations.push(`${content} sent to ${this.tenant} as ${user}`);
    return this.store(room, user, content, tempId);
  }

  #sync(user: number, asked: [room: number, seq: number][]): object[] {
    return asked.filter(([room]) => ownerOf(room) === user).map(([room, seq]) => this.#changesSince(room, seq));
  }

  #changesSince(room: number, from: number): Record<string, unknown> {
    const changes = this.#changes.get(room)!;
    const seq = changes.at(-1)?.seq ?? 0;
    const known = changes[0]?.seq ?? 1;
    if (from < known - 1) return { room_id: room, seq, expired: true, has_more: false, changes: [] };
    const asked = changes.filter((change) => change.seq > from);
    const page = asked.slice(0, 5); // small, so that `has_more` occurs
    const frames = page.flatMap(({ frame, messageId }) => {
      const row = this.rows.find(({ id }) => id === messageId);
      if (!row) return [frame];
      if (row.deleted) return frame.type === 'message_deleted' ? [frame] : [];
      return [frame.message ? { ...frame, message: this.#message(row) } : frame];
    });
    return {
      room_id: room,
      seq: page.at(-1)?.seq ?? seq,
      expired: false,
      has_more: asked.length > page.length,
      changes: frames,
    };
  }

  #checkNotInFlight(tempId: string): void {
    if (this.#inFlight.has(tempId)) this.violations.push(`two copies of ${tempId} in flight`);
  }

  // ————— REST

  readonly fetch: typeof fetch = async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    this.requestTimes.push(this.#clock.now());
    const { restFault } = this;
    const signal = init.signal ?? undefined;
    if (signal?.aborted) throw new DOMException('', 'AbortError');
    if (restFault === 'down') throw new TypeError('Failed to fetch');
    if (restFault === 'portal') return page('<html>Welcome to the hotel</html>', 200);
    if (restFault === 'broken') return page('<html>500</html>', 500);
    if (restFault === 'busy') return json({ detail: 'Slow down.' }, 429, { 'Retry-After': '7' });
    const token = new Headers(init.headers).get('Authorization')?.slice(7) ?? '';
    if (this.foreignTokens.has(token)) this.violations.push('token sent to another tenant');
    const user = init.mode === 'no-cors' ? ME : this.#tokens.get(token);
    if (user === undefined)
      return json({ detail: `Given token not valid: ${new Headers(init.headers).get('Authorization')}` }, 401);
    const key = new Headers(init.headers).get('Idempotency-Key');
    const isSend = init.method === 'POST' && url.pathname.endsWith('/send_message/');
    if (isSend && key) {
      this.#checkNotInFlight(key);
      this.#inFlight.add(key);
    }
    try {
      if (restFault === 'hang') await this.#hang(signal);
      const answer = this.#answer(
        user,
        init.method ?? 'GET',
        url,
        key ?? undefined,
        typeof init.body === 'string' ? (JSON.parse(init.body) as Record<string, unknown>) : {},
      );
      // Processed, but the answer is lost.
      if (restFault === 'answer-lost') await this.#hang(signal);
      return answer;
    } finally {
      if (key) this.#inFlight.delete(key);
    }
  };

  /** Until the client aborts, or the faults are removed. */
  async #hang(signal: AbortSignal | undefined): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#hangingRequests.push(resolve);
      signal?.addEventListener('abort', () => reject(new DOMException('', 'AbortError')));
    });
  }

  #answer(user: number, method: string, url: URL, key: string | undefined, body: Record<string, unknown>): Response {
    const path = url.pathname.replace(/^.*\/api\/chat\//, '');
    if (path === 'rooms/') return json(ROOMS_OF[user]!.map((room) => this.#room(room)));
    if (path === 'sync/' && this.capabilities.includes('sync')) {
      return json({
        rooms: this.#sync(
          user,
          url.searchParams.getAll('room').map((asked) => asked.split(':').map(Number) as [number, number]),
        ),
      });
    }
    const room = Number(/^rooms\/(\d+)\//.exec(path)?.[1]);
    if (room && ownerOf(room) !== user) return json({ detail: 'Not found.' }, 404);
    if (method === 'POST' && path.endsWith('/send_message/')) {
      const content = body.content as string;
      if (content.includes(this.rejectedText)) return json({ content: ['Not allowed.'] }, 400);
      return json(this.#message(this.#storeFromClient(room, user, content, key)), 201);
    }
    if (path.endsWith('/messages/')) {
      const [after, before, limit] = ['after', 'before', 'limit'].map((name) =>
        Number(url.searchParams.get(name) ?? 0),
      ) as [number, number, number];
      const all = this.#visibleRows(room).filter(({ id }) => (!after || id > after) && (!before || id < before));
      const rows = after ? all.slice(0, limit) : all.slice(-limit);
      const seq = this.capabilities.includes('sync') ? { seq: this.#changes.get(room)!.at(-1)?.seq ?? 0 } : {};
      return json({
        messages: rows.map((row) => this.#message(row)),
        has_more: all.length > rows.length,
        count: rows.length,
        ...seq,
      });
    }
    if (path.endsWith('/receipts/') && this.capabilities.includes('receipts'))
      return json({ items: this.#receipts(room), next: null });
    const read = /^messages\/(\d+)\/mark_read\/$/.exec(path)?.[1];
    if (read) {
      const row = this.rows.find(({ id }) => id === Number(read));
      if (row && ownerOf(row.room) === user && !this.#read.get(user)!.has(row.id)) {
        this.#read.get(user)!.add(row.id);
        if (this.capabilities.includes('receipts')) this.#sendReceipts(row.room, user, [row]);
        else this.#change(row.room, undefined, () => ({ type: 'messages_marked_read', count: 1 }));
      }
      return json({});
    }
    return json({ detail: 'Not found.' }, 404);
  }
}

const reactionsOf = (row: Row): { emoji: string; user_ids: number[] }[] =>
  [...row.reactions].filter(([, users]) => users.size > 0).map(([emoji, users]) => ({ emoji, user_ids: [...users] }));
