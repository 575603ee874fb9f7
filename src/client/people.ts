/** Finding people, and starting rooms with them. See method-groups.ts. */
import type { Id, Room, RoomMember, User } from '../protocol/index.js';
import type { ContextReference, ListPage } from '../transport/index.js';

/** Options of {@link People.search} and {@link People.members}. */
export interface SearchOptions {
  /** The beginning of a word of the name; several words: of each. Default: everybody. */
  query?: string | undefined;
  /** `next` of the previous page. Default: the first page. */
  cursor?: string | null | undefined;
  /** Aborts the request, because the query has changed. */
  signal?: AbortSignal | undefined;
}

/**
 * The people whom the user can write to, by `connection.people`. Every method throws a {@link ChatError}: `not_supported`
 * without the capability `people`, `aborted`, `unreachable` if its code cannot be loaded, and the errors of a request.
 *
 * @example
 * const { items, next } = await connection.people.search({ query: 'an' });
 * const { room } = await connection.people.startDirect(items[0].id);
 */
export interface People {
  /** The users with whom this user shares a room; all users, if the backend offers them. A page, by name. */
  search(options?: SearchOptions): Promise<ListPage<User>>;
  /** A page of the members of a room, by name. */
  members(roomId: Id, options?: SearchOptions): Promise<ListPage<RoomMember>>;
  /**
   * Finds or creates the room of this user and another one, at once: `openConversation` creates it with its first message.
   * Needs no capability.
   * @throws {ChatError} `not_found` or `invalid` for an unknown user, and the errors of a request.
   */
  startDirect(userId: Id): Promise<{ room: Room; created: boolean }>;
}

/** Options of `connection.openConversation`. */
export interface ConversationOptions {
  /** The other people, by user id. */
  with: Id | readonly Id[];
  /** The name of a group. Two people need none. */
  name?: string | undefined;
  /** The matter that it is about. Two people have one conversation per matter. */
  context?: ContextReference | undefined;
  /** Signed by the host, with title and picture of the context: see docs/PROTOCOL.md. */
  contextToken?: string | undefined;
  /** The first message. */
  text?: string | undefined;
}

/** With the methods that {@link ChatConnection} has itself. */
export interface AllPeople extends People {
  loadMore(options?: { archived?: boolean }): Promise<void>;
  openConversation(options: ConversationOptions): Promise<Id>;
  hideReceipts(on: boolean): Promise<void>;
}
