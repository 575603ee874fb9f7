/**
 * The data of the model server: messages, numbered changes, read state and permissions. Every change is announced with
 * the frames of docs/PROTOCOL.md.
 */
import type { FakeClock } from './fake-clock.js';
import { isPair } from './model-conversations.js';
import { ModelRoomList } from './model-room-list.js';
import { ModelUploads, onTheWire, type ModelFile } from './model-uploads.js';
import { CAT, ME, NAMES, OTHER, ownerOf } from './model-people.js';

export interface Row {
  id: number;
  room: number;
  sender: number;
  content: string;
  /** All texts so far, also those of a deleted message. */
  versions: string[];
  at: string;
  tempId: string | undefined;
  /** The message to which it replies. */
  replyTo: number | undefined;
  editedAt: string | null;
  deletedAt: string | null;
  reactions: Map<string, Set<number>>;
  files: readonly ModelFile[];
  /** Its files, also those of a deleted message. */
  sentFiles: readonly ModelFile[];
}

/** What a message has besides its text. */
interface Extras {
  replyTo?: number | undefined;
  files?: readonly ModelFile[];
}

interface Change {
  seq: number;
  frame: Record<string, unknown>;
  messageId: number | undefined;
}

/** A message as its member sees it. */
export interface HistoryEntry {
  id: number;
  content: string;
  edited_at: string | null;
  deleted_at: string | null;
  reactions: string;
  /** Whether it is an own message that was read. */
  isRead: boolean;
  /** The quoted message, as JSON. */
  quote: string;
  /** The ids of its files. */
  files: string;
}

/** `limits.attachments`. */
export const MAX_FILES = 3;

export abstract class ModelRooms extends ModelRoomList {
  readonly rows: Row[] = [];
  /** Messages with this text are rejected permanently. */
  readonly rejectedText = 'forbidden';
  /** Requested changes, as `<user> <verb> <id or local id>`: others must not arrive. */
  readonly requested = new Set<string>();
  /** Whether `GET me/` exists, which is optional. Without it, only a socket reports the capabilities. */
  hasMe = false;
  /** `limits.edit_s`. */
  editSeconds: number | undefined;
  /** All reactions so far, as `<message> <emoji> <user>`. */
  readonly everReacted = new Set<string>();
  readonly uploads: ModelUploads;
  readonly #changes = new Map<number, Change[]>();
  readonly #read = new Map<number, Set<number>>([ME, OTHER, CAT].map((user) => [user, new Set()]));
  /** How far each room has reached the devices of a user, as `<user> <room>`. */
  readonly #delivered = new Map<string, number>();
  /** The users who hide their receipts. */
  readonly #hiding = new Set<number>();

  constructor(clock: FakeClock, capabilities: readonly string[], tenant = 'a') {
    super(clock, capabilities, tenant);
    this.uploads = new ModelUploads(tenant, this.violations);
  }

  /** The time. No two edits have the same one, so that they differ in `edited_at`. */
  #edits = 0;
  #now(): string {
    const micros = String(++this.#edits % 1_000).padStart(3, '0');
    return new Date(this.clock.now()).toISOString().replace('Z', `${micros}Z`);
  }

  /** Deletes the change log. */
  deleteChanges(): void {
    for (const [room, changes] of this.#changes) this.#changes.set(room, changes.slice(-1));
  }

  // ————— User actions

  store(room: number, sender: number, content: string, tempId?: string, { replyTo, files = [] }: Extras = {}): Row {
    const known =
      tempId === undefined ? undefined : this.rows.find((row) => row.sender === sender && row.tempId === tempId);
    if (known && this.has('idempotent_send')) return known;
    if (known) this.violations.push(`stored twice: ${content}`);
    const row: Row = {
      id: this.rows.length + 1,
      room,
      sender,
      content,
      versions: [content],
      at: new Date(this.clock.now()).toISOString(),
      tempId,
      replyTo,
      editedAt: null,
      deletedAt: null,
      reactions: new Map(),
      files,
      sentFiles: files,
    };
    for (const file of files) file.isSent = true;
    this.rows.push(row);
    if (this.has('room_settings') && this.settings(room).archived && this.settings(room).muted_until === null)
      this.changeSettings(room, { archived: false });
    this.#change(room, row.id, (viewer) => ({
      type: 'new_message',
      message: { ...this.message(row, viewer), _tempId: tempId },
    }));
    return row;
  }

  edit(row: Row, content: string): void {
    if (row.deletedAt || row.content === content) return;
    row.content = content;
    row.versions.push(content);
    row.editedAt = this.#now();
    this.#change(row.room, row.id, (viewer) => ({ type: 'message_updated', message: this.message(row, viewer) }));
  }

  delete(row: Row): void {
    if (row.deletedAt) return;
    row.deletedAt = this.#now();
    row.editedAt = null;
    row.content = '';
    row.reactions.clear();
    row.files = [];
    this.#change(row.room, row.id, () => ({
      type: 'message_deleted',
      message_id: row.id,
      ...(this.has('delete') && { deleted_at: row.deletedAt }),
    }));
  }

  react(row: Row, user: number, emoji: string, on: boolean): void {
    const users = row.reactions.get(emoji) ?? new Set();
    if (row.deletedAt || users.has(user) === on) return;
    if (on) users.add(user);
    else users.delete(user);
    row.reactions.set(emoji, users);
    this.everReacted.add(`${row.id} ${emoji} ${user}`);
    this.#change(row.room, row.id, () => ({
      type: 'reactions_updated',
      message_id: row.id,
      reactions: reactionsOf(row),
    }));
  }

  /** Whether the time limit of edits has passed. */
  isTooLate({ at }: Row): boolean {
    return this.editSeconds !== undefined && this.clock.now() - Date.parse(at) > this.editSeconds * 1_000;
  }

  read(room: number, user: number, upTo = Infinity): void {
    this.markRead(
      room,
      user,
      this.#unreadRows(room, user).filter(({ id }) => id <= upTo),
    );
  }

  markRead(room: number, user: number, rows: readonly Row[]): void {
    const read = this.#read.get(user)!;
    const unread = rows.filter(({ id }) => !read.has(id));
    if (unread.length === 0) return;
    for (const { id } of unread) read.add(id);
    if (this.has('receipts')) return this.#sendReceipts(room, user, unread);
    this.#change(room, undefined, () =>
      user !== OTHER
        ? { type: 'messages_marked_read', count: unread.length }
        : { type: 'message_read', user_id: user, message_ids: [], up_to: unread.at(-1)!.id },
    );
  }

  /** Capability `receipts`: sent once, not recorded as a change. */
  #sendReceipts(room: number, user: number, read: readonly Row[]): void {
    if (user === OTHER) {
      const frame = { type: 'message_read', room_id: room, user_id: user, up_to: read.at(-1)!.id };
      return this.isHiding(ownerOf(room)) ? undefined : this.toMember(room, frame);
    }
    this.toMember(room, { type: 'messages_marked_read', room_id: room, count: read.length });
    this.toMember(room, {
      type: 'room_updated',
      room_id: room,
      updates: { unread_count: this.unread(room), ...this.#readPosition(room) },
    });
  }

  /** Capability `mark_unread`: a message and all later ones are unread for the user. */
  markUnread(room: number, user: number, from: number): void {
    const read = this.#read.get(user)!;
    for (const { id, room: of } of this.rows) if (of === room && id >= from) read.delete(id);
    const updates = { unread_count: this.unread(room), ...this.#readPosition(room) };
    this.broadcast(user, { type: 'room_updated', room_id: room, updates });
  }

  /** Capability `delivered`: everything up to a message has reached a device of the user. */
  deliver(room: number, user: number, upTo: number): void {
    if (!this.has('delivered')) this.violations.push('mark_delivered without the capability');
    if (!this.rows.some((row) => row.id === upTo && row.room === room))
      this.violations.push(`mark_delivered up to ${upTo}, which is not in room ${room}`);
    if (upTo <= this.deliveredUpTo(room, user)) return;
    this.#delivered.set(`${user} ${room}`, upTo);
    // The other member has no socket here.
    if (user !== OTHER || this.isHiding(ownerOf(room))) return;
    this.toMember(room, { type: 'message_delivered', room_id: room, user_id: user, up_to: upTo });
  }

  /** How far a room has reached the devices of a user. Reading includes it. */
  deliveredUpTo(room: number, user: number): number {
    return Math.max(this.#delivered.get(`${user} ${room}`) ?? 0, this.#lastRead(room, user) ?? 0);
  }

  #lastRead(room: number, user: number): number | undefined {
    const read = this.#read.get(user)!;
    return this.rows.findLast((row) => row.room === room && row.sender !== user && read.has(row.id))?.id;
  }

  /** Capability `hide_receipts`. */
  hide(user: number, hides: boolean): void {
    if (!this.has('hide_receipts')) this.violations.push('hiding receipts without the capability');
    if (this.isHiding(user) === hides) return;
    if (hides) this.#hiding.add(user);
    else this.#hiding.delete(user);
    this.broadcast(user, { type: 'connection_established', ...this.me(user) });
  }

  isHiding(user: number): boolean {
    return this.#hiding.has(user);
  }

  /** The body of `GET me/` and of the greeting. */
  me(user: number): Record<string, unknown> {
    return {
      user_id: user,
      username: NAMES[user],
      timestamp: new Date(this.clock.now()).toISOString(),
      ...(this.capabilities.length > 0 && { protocol: 1, capabilities: this.capabilities, heartbeat_s: 25 }),
      limits: {
        ...(this.has('edit') && { edit_s: this.editSeconds }),
        ...(this.has('uploads') && { attachments: MAX_FILES }),
      },
      ...(this.has('hide_receipts') && { hide_receipts: this.isHiding(user) }),
    };
  }

  receipts(room: number): object[] {
    if (this.isHiding(ownerOf(room))) return [];
    return [ownerOf(room), OTHER].flatMap((user_id): object[] => {
      const delivered_up_to = this.deliveredUpTo(room, user_id);
      if (this.has('delivered') && delivered_up_to > 0)
        return [{ user_id, up_to: this.#lastRead(room, user_id) ?? null, delivered_up_to }];
      const last = this.#lastRead(room, user_id);
      return last === undefined ? [] : [{ user_id, up_to: last }];
    });
  }

  // ————— State

  /** The messages of a room, with tombstones if the server keeps them. */
  rowsOf(room: number): Row[] {
    return this.rows.filter((row) => row.room === room && (!row.deletedAt || this.has('delete')));
  }

  /** The messages of a room, as its member sees them. */
  history(room: number): HistoryEntry[] {
    return this.rowsOf(room).map((row) => ({
      id: row.id,
      content: row.content,
      edited_at: row.editedAt,
      deleted_at: row.deletedAt,
      reactions: JSON.stringify(reactionsOf(row)),
      isRead: row.sender !== OTHER && !row.deletedAt && this.isRead(row),
      quote: JSON.stringify(this.quoteOf(row)),
      files: this.has('uploads') ? row.files.map(({ id }) => id).join() : '',
    }));
  }

  unread(room: number): number {
    return this.#unreadRows(room, ownerOf(room)).length;
  }

  #unreadRows(room: number, user: number): Row[] {
    const read = this.#read.get(user)!;
    return this.rows.filter((row) => row.room === room && !row.deletedAt && row.sender !== user && !read.has(row.id));
  }

  /** The quoted message as it is now. */
  quoteOf({ replyTo, deletedAt }: Row): Record<string, unknown> | null {
    const quoted = this.rows.find(({ id }) => id === replyTo);
    if (!quoted || deletedAt || (quoted.deletedAt && !this.has('delete'))) return null;
    const { id, content, sender } = quoted;
    if (quoted.deletedAt) return { id, content: '', sender: '', deleted_at: quoted.deletedAt };
    return { id, content, sender: NAMES[sender]! };
  }

  isRead(row: Row): boolean {
    if (row.sender !== OTHER && this.isHiding(row.sender)) return false;
    return this.#read.get(row.sender === OTHER ? ownerOf(row.room) : OTHER)!.has(row.id);
  }

  /** The number of the last change. */
  seq(room: number): { seq?: number } {
    return this.has('sync') ? { seq: this.#changesOf(room).at(-1)?.seq ?? 0 } : {};
  }

  message(row: Row, viewer = ownerOf(row.room)): Record<string, unknown> {
    return {
      id: row.id,
      room: row.room,
      sender: { id: row.sender, username: NAMES[row.sender] },
      message_type: row.files.length > 0 ? 'file' : 'text',
      content: row.content,
      timestamp: row.at,
      is_read: this.isRead(row),
      edited_at: row.editedAt,
      ...(row.deletedAt && { deleted_at: row.deletedAt }),
      is_own_message: row.sender === viewer,
      reactions: reactionsOf(row),
      attachment: row.files[0] ? onTheWire(row.files[0]).url : null,
      ...(this.has('uploads') && { attachments: row.files.map(onTheWire) }),
      reply_to: this.quoteOf(row),
      ...(row.sender === viewer && row.tempId && this.has('idempotent_send') && { _tempId: row.tempId }),
    };
  }

  room(id: number): Record<string, unknown> {
    const last = this.rows.findLast((row) => row.room === id && !row.deletedAt);
    const room = this.conversations.get(id);
    return {
      id,
      ...this.shown(id),
      room_type: isPair(room) ? 'direct' : 'general',
      ...(room.context && { context: room.context }),
      last_message: last
        ? { content: last.content, timestamp: last.at, sender: { id: last.sender, username: 'x' } }
        : null,
      unread_count: this.unread(id),
      ...this.#readPosition(id),
      updated_at: last?.at ?? '2026-11-22T10:00:00Z',
      is_active: true,
      ...(this.has('permissions') && this.rights(id)),
      ...(this.has('room_settings') && { settings: this.settings(id) }),
    };
  }

  /** Capability `around`. */
  #readPosition(room: number): object {
    if (!this.has('around')) return {};
    return { first_unread_id: this.firstUnread(room) ?? null };
  }

  firstUnread(room: number): number | undefined {
    return this.#unreadRows(room, ownerOf(room))[0]?.id;
  }

  // ————— Changes

  #changesOf(room: number): Change[] {
    const changes = this.#changes.get(room) ?? [];
    this.#changes.set(room, changes);
    return changes;
  }

  #change(room: number, messageId: number | undefined, frameFor: (viewer: number) => Record<string, unknown>): void {
    const changes = this.#changesOf(room);
    const seq = (changes.at(-1)?.seq ?? 0) + 1;
    const frame: Record<string, unknown> = { ...frameFor(0), room_id: room, ...(this.has('sync') && { seq }) };
    changes.push({ seq, frame, messageId });
    this.toMember(room, frame);
    if (frame.type !== 'reactions_updated') this.#announceActivity(room);
  }

  #announceActivity(room: number): void {
    if (!this.has('user_channel')) return;
    const { last_message, unread_count, updated_at } = this.room(room);
    const updates = { last_message, unread_count, updated_at, ...this.#readPosition(room) };
    this.announce(room, updates);
  }

  sync(user: number, asked: [room: number, seq: number][]): object[] {
    return asked.filter(([room]) => this.isMember(room, user)).map(([room, seq]) => this.#changesSince(room, seq));
  }

  #changesSince(room: number, from: number): Record<string, unknown> {
    const changes = this.#changesOf(room);
    const seq = changes.at(-1)?.seq ?? 0;
    const known = changes[0]?.seq ?? 1;
    if (from < known - 1) return { room_id: room, seq, expired: true, has_more: false, changes: [] };
    const asked = changes.filter((change) => change.seq > from);
    const page = asked.slice(0, 5); // small, so that `has_more` occurs
    return {
      room_id: room,
      seq: page.at(-1)?.seq ?? seq,
      expired: false,
      has_more: asked.length > page.length,
      changes: page.flatMap((change) => this.#current(change)),
    };
  }

  /** A change with its message as it is now. None if a deletion has made it obsolete. */
  #current({ frame, messageId }: Change): object[] {
    const row = this.rows.find(({ id }) => id === messageId);
    if (!row || frame.type === 'message_deleted') return [frame];
    if (row.deletedAt && (!this.has('delete') || !frame.message)) return [];
    return [frame.message ? { ...frame, message: this.message(row) } : frame];
  }
}

const reactionsOf = (row: Row): { emoji: string; user_ids: number[] }[] =>
  [...row.reactions].filter(([, users]) => users.size > 0).map(([emoji, users]) => ({ emoji, user_ids: [...users] }));
