/** The rooms of the model server, without their messages: names, members, permissions, and settings. */
import type { FakeClock } from './fake-clock.js';
import { isPair, ModelConversations, type Topic } from './model-conversations.js';
import { KNOWN_PEOPLE, NAMES, ownerOf } from './model-people.js';

/** What the user may do in a room. */
export interface Rights {
  can: readonly string[];
  closed_reason: string | null;
}

export const ALL_RIGHTS: Rights = { can: ['send', 'attach', 'react', 'edit_own', 'delete_own'], closed_reason: null };
export const OWNER_RIGHTS: Rights = {
  can: [...ALL_RIGHTS.can, 'delete_any', 'invite', 'rename', 'remove_member'],
  closed_reason: null,
};

export interface Settings {
  pinned: boolean;
  archived: boolean;
  muted_until: string | null;
  notify: string;
}

const NO_SETTINGS: Settings = { pinned: false, archived: false, muted_until: null, notify: 'all' };

export abstract class ModelRoomList {
  readonly violations: string[] = [];
  readonly conversations = new ModelConversations();
  /** The rooms in which the user had the right to delete messages of others at some time. */
  readonly everModerated = new Set<number>();
  readonly #rights = new Map<number, Rights>();
  readonly #settings = new Map<number, Settings>();

  constructor(
    protected readonly clock: FakeClock,
    readonly capabilities: readonly string[],
    /** Distinguishes several servers on one origin. */
    readonly tenant = 'a',
  ) {}

  /** Sends a frame to all sockets of a user. */
  protected abstract broadcast(user: number, frame: Record<string, unknown>): void;
  /** A room as its user sees it. */
  abstract room(id: number): Record<string, unknown>;

  has(capability: string): boolean {
    return this.capabilities.includes(capability);
  }

  /** Sends a frame to the user of a room, unless that user is no member any more. */
  protected toMember(room: number, frame: Record<string, unknown>): void {
    if (this.isMember(room, ownerOf(room))) this.broadcast(ownerOf(room), frame);
  }

  protected announce(room: number, updates: object): void {
    this.toMember(room, { type: 'room_updated', room_id: room, updates });
  }

  // ————— Permissions

  /** Closes a room, reopens it, or changes what its owner may do. */
  permit(room: number, rights: Rights): void {
    this.#rights.set(room, rights);
    if (rights.can.includes('delete_any')) this.everModerated.add(room);
    if (this.has('permissions')) this.announce(room, rights);
  }

  rights(room: number): Rights {
    return this.#rights.get(room) ?? ALL_RIGHTS;
  }

  // ————— Members

  isMember(room: number, user: number): boolean {
    return this.conversations.isMember(room, user);
  }

  roomsOf(user: number): number[] {
    return this.conversations.of(user).map(({ id }) => id);
  }

  /** Capability `create_room`, and `start_dm`. @returns a code, if the request is refused. */
  createRoom(user: number, topic: Topic, key?: string): { room: object; created: boolean } | string {
    const found = this.conversations.findOrCreate(user, topic, key);
    if (typeof found === 'string') return found;
    const { room, created } = found;
    if (!this.isMember(room.id, user)) return 'access_denied';
    if (created && !isPair(topic)) this.permit(room.id, OWNER_RIGHTS);
    if (created && this.has('user_channel')) this.announce(room.id, this.room(room.id));
    return { room: this.room(room.id), created };
  }

  /** @returns a code, if the request is refused. The user of the room joins or is removed by another member. */
  invite(room: number, users: readonly number[]): string | undefined {
    if (users.some((user) => !KNOWN_PEOPLE.includes(user))) return 'unknown_user';
    const { members, everMembers } = this.conversations.get(room);
    const added = users.filter((user) => !members.has(user));
    for (const user of added) [members, everMembers].forEach((each) => each.add(user));
    if (added.includes(ownerOf(room))) this.announce(room, this.room(room));
    else if (added.length > 0) this.#announceChange(room);
    return undefined;
  }

  /** @returns whether the user was a member. */
  removeMember(room: number, user: number): boolean {
    const { members } = this.conversations.get(room);
    if (user === ownerOf(room)) {
      this.toMember(room, { type: 'unsubscribed', room_id: room });
      this.announce(room, { is_active: false });
    }
    if (!members.delete(user)) return false;
    this.#announceChange(room);
    return true;
  }

  rename(room: number, name: string): void {
    const found = this.conversations.get(room);
    if (found.title === name) return;
    found.title = name;
    this.#announceChange(room);
  }

  #announceChange(room: number): void {
    this.announce(room, this.shown(room));
  }

  /** Name and members of a room. */
  shown(room: number): { name: string; participants: object[]; participant_count: number } {
    const { title, members } = this.conversations.get(room);
    return {
      name: title,
      participants: [...members].map((id) => ({ id, username: NAMES[id] })),
      participant_count: members.size,
    };
  }

  // ————— Settings

  /** Capability `room_settings`. */
  changeSettings(room: number, changes: Partial<Settings>): Settings {
    const settings = { ...this.settings(room), ...changes };
    this.#settings.set(room, settings);
    this.announce(room, { settings });
    return settings;
  }

  settings(room: number): Settings {
    return this.#settings.get(room) ?? NO_SETTINGS;
  }
}
