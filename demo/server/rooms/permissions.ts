/** Capability `permissions`: what each member may do in a room. */
import type { Queryable } from '../database/database.js';
import { accessDenied, RequestError } from '../errors.js';

export type Action =
  'send' | 'attach' | 'react' | 'edit_own' | 'delete_own' | 'delete_any' | 'invite' | 'rename' | 'remove_member';

export type Role = 'owner' | 'member';

/** The facts about a member that decide what this member may do. */
export interface Membership {
  role: Role;
  roomType: string;
  /** Why the room is closed, as a text for users; null if it is open. */
  closedReason: string | null;
}

/** Columns of a `Membership`: `o` is the table alias of members, `r` that of rooms. */
export const MEMBERSHIP_COLUMNS = `o.role, r.room_type as "roomType", r.closed_reason as "closedReason"`;

const OF_MEMBERS: readonly Action[] = ['send', 'attach', 'react', 'edit_own', 'delete_own'];
const OF_OWNERS: readonly Action[] = ['delete_any', 'invite', 'rename', 'remove_member'];

/** Closed rooms are read-only. A direct room has no owner: neither of the two may remove the other. */
export function allowedActions({ role, roomType, closedReason }: Membership): readonly Action[] {
  if (closedReason !== null) return [];
  return role === 'owner' && roomType !== 'direct' ? [...OF_MEMBERS, ...OF_OWNERS] : OF_MEMBERS;
}

/** The fields of a room that tell a member what is allowed. */
export const permissionFields = (membership: Membership): { can: readonly Action[]; closed_reason: string | null } => ({
  can: allowedActions(membership),
  closed_reason: membership.closedReason,
});

/** The membership of a user in an active room; undefined for others. */
export async function membershipOf(
  database: Queryable,
  roomId: number,
  userId: number,
): Promise<Membership | undefined> {
  const [found] = await database.query<Membership>(
    `select ${MEMBERSHIP_COLUMNS} from members o join rooms r on r.id = o.room_id
     where o.room_id = $1 and o.user_id = $2 and r.is_active`,
    [roomId, userId],
    'membership',
  );
  return found;
}

/**
 * @throws {RequestError} `access_denied` if the user is not a member; `room_closed` or `not_allowed` for a member
 *   who may not do this.
 */
export function requirePermission(membership: Membership | undefined, roomId: number, action: Action): void {
  if (!membership) throw accessDenied(roomId);
  if (membership.closedReason !== null) throw new RequestError('room_closed', membership.closedReason, { roomId });
  if (!allowedActions(membership).includes(action)) {
    throw new RequestError('not_allowed', 'You are not allowed to do this in this conversation.', { roomId });
  }
}
