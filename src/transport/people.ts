/** The requests for people, for changes of rooms, and for pages of the room list. */
import type { Id, Message, Room, RoomMember, RoomSettings, User } from '../protocol/index.js';

export interface PeopleQuery {
  /** The beginning of a word of the name. Default: everybody. */
  query?: string | undefined;
  /** `next` of the previous page. */
  cursor?: string | null | undefined;
}

export interface ListPage<Item> {
  items: Item[];
  /** The cursor of the next page; null: this is the last one. */
  next: string | null;
}

/** The matter that a conversation is about: an order, a job. */
export interface ContextReference {
  readonly type: string;
  readonly id: Id;
}

/** A room that is created, or found if it exists. */
export interface CreateRoomRequest {
  /** The other members. */
  userIds: readonly Id[];
  /** Makes it a group, also with one other member. */
  name?: string | undefined;
  /** The matter of the room. Two people have one room per context. */
  context?: ContextReference | undefined;
  /** A JWT in which the host has signed the context, with title and address. */
  contextToken?: string | undefined;
  /** The first message. */
  text?: string | undefined;
  /** Identifies the request, and the message: repeated, it creates nothing more. */
  localId: string;
}

export interface CreatedRoom {
  room: Room;
  /** False: it existed. */
  created: boolean;
  /** The first message. */
  message?: Message | undefined;
}

/** The settings to change. */
export interface SettingChanges {
  pinned?: boolean | undefined;
  archived?: boolean | undefined;
  /** ISO 8601 with an offset; null: not muted. */
  muted_until?: string | null | undefined;
  notify?: 'all' | 'mentions' | 'none' | undefined;
}

export interface PeopleRequests {
  findPeople(query: PeopleQuery, signal: AbortSignal): Promise<ListPage<User>>;
  listMembers(roomId: Id, query: PeopleQuery, signal: AbortSignal): Promise<ListPage<RoomMember>>;
  createRoom(room: CreateRoomRequest, signal: AbortSignal): Promise<CreatedRoom>;
  /** The room of two people, on a backend without `create_room`. */
  startDirect(userId: Id, signal: AbortSignal): Promise<CreatedRoom>;
  rename(roomId: Id, name: string, signal: AbortSignal): Promise<Room>;
  /** @param uploadId an unsent upload of the user; null removes the picture. */
  changePicture(roomId: Id, uploadId: Id | null, signal: AbortSignal): Promise<Room>;
  /** @returns the members who were added. */
  invite(roomId: Id, userIds: readonly Id[], signal: AbortSignal): Promise<RoomMember[]>;
  /** With the own id: leaves the room. */
  removeMember(roomId: Id, userId: Id, signal: AbortSignal): Promise<void>;
  changeSettings(roomId: Id, changes: SettingChanges, signal: AbortSignal): Promise<RoomSettings>;
}

export interface RoomPageQuery {
  limit: number;
  cursor?: string | undefined;
  /** Whether to list the archived rooms, instead of the others. */
  archived?: boolean | undefined;
  /** Only the changes since a page with this `asOf`, archived or not. */
  since?: string | undefined;
}

export interface RoomPage {
  rooms: Room[];
  /** What identifies each invalid room in the page: its `idKey`, or all of it if it has no id. */
  leftOut: readonly string[];
  /** The cursor of the next page. */
  next: string | null;
  asOf: string;
  /** The rooms that the user is no longer in. */
  removed: readonly Id[];
  /** The server does not know the changes since then. */
  isExpired: boolean;
}
