/** Capabilities `edit`, `delete` and `reactions`: changes the message, records the change and broadcasts it. */
import type { Viewer } from '../auth.js';
import { frameOf, newChange, recordChange, type Change } from './changes.js';
import { broadcastChange } from '../rooms/chat-actions.js';
import type { Context } from '../context.js';
import type { Queryable } from '../database/database.js';
import { checkContent, checkEmoji } from '../limits.js';
import { getMessages, type Source, type WireMessage } from './messages.js';
import { previewOf } from '../socket/notification-queries.js';
import { accessDenied, RequestError } from '../errors.js';
import { allowedActions, requirePermission, type Membership } from '../rooms/permissions.js';
import { lockRoom } from '../rooms/rooms.js';
import { releaseFilesOf } from './store-files.js';

export interface Target {
  roomId: number;
  messageId: number;
}

interface Row {
  senderId: number;
  type: string;
  content: string;
  createdAt: Date;
  editedAt: Date | null;
  isDeleted: boolean;
}

export interface MutationResult {
  /** If it is deleted, a tombstone. */
  message: WireMessage | undefined;
  /** The frame for the requester alone, if nothing had to be changed. */
  frame: object | null;
}

const MAX_EMOJI = 20;
const DAY_MS = 86_400_000;

/** @param perform Performs the change. @returns whether anything changed. */
async function mutate(
  context: Context,
  viewer: Viewer,
  target: Target,
  kind: Change['kind'],
  perform: (inside: Queryable, message: Row) => Promise<boolean>,
): Promise<MutationResult> {
  const { database, log } = context;
  const { roomId, messageId } = target;
  const seq = await database.transaction(async (inside) => {
    const membership = await lockRoom(inside, roomId, viewer.id);
    if (!membership) throw accessDenied(roomId);
    const [row] = await inside.query<Row>(
      `select sender_id as "senderId", message_type as type, content, created_at as "createdAt", edited_at as "editedAt",
         deleted_at is not null as "isDeleted" from messages where id = $1 and room_id = $2`,
      [messageId, roomId],
    );
    // Deleting a deleted message is allowed; everything else needs an existing message.
    if (!row || (row.isDeleted && kind !== 'message_deleted'))
      throw new RequestError('unknown_message', 'There is no such message.', target);
    checkPermission(membership, viewer, row, target, kind);
    return (await perform(inside, row)) ? recordChange(inside, kind, roomId, messageId) : null;
  });
  const message = (await getMessages(context, viewer.id, [messageId])).get(messageId);
  const change = newChange(kind, { roomId, messageId, seq: seq ?? 0 });
  if (seq === null) return { message, frame: { ...frameOf(change, viewer.id, message), seq: undefined } };
  log.info({ user: viewer.id, room: roomId, message: messageId, change: kind }, 'message changed');
  await broadcastChange(context, change, { message });
  return { message, frame: null };
}

/** @throws {RequestError} `not_yours`, or as `requirePermission`. */
function checkPermission(membership: Membership, viewer: Viewer, row: Row, target: Target, kind: Change['kind']): void {
  const isOwn = row.senderId === viewer.id;
  if (kind === 'reactions_updated') return requirePermission(membership, target.roomId, 'react');
  if (kind === 'message_updated') {
    if (!isOwn) throw new RequestError('not_yours', 'Only the author of a message can edit it.', target);
    return requirePermission(membership, target.roomId, 'edit_own');
  }
  if (!isOwn && membership.closedReason === null && !allowedActions(membership).includes('delete_any'))
    throw new RequestError('not_yours', 'Only the author of a message can delete it.', target);
  if (!row.isDeleted) requirePermission(membership, target.roomId, isOwn ? 'delete_own' : 'delete_any');
}

export interface Edit {
  content: unknown;
  /** The `edited_at` of the version that the author has edited; null if it was never edited. Undefined: not checked. */
  seen?: unknown;
}

export async function editMessage(
  context: Context,
  viewer: Viewer,
  target: Target,
  { content: text, seen }: Edit,
): Promise<MutationResult> {
  const content = checkContent(text, context.options.limits.content, { roomId: target.roomId });
  await context.rateLimits.count('rate', viewer.id);
  return mutate(context, viewer, target, 'message_updated', async (inside, row) => {
    if (row.type !== 'text') throw new RequestError('invalid', 'Only text messages can be edited.', target);
    // Also a repeated request, whose first answer was lost.
    if (row.content === content) return false;
    checkAge(context, row, target);
    // An embedded database has one connection: a query outside the transaction would wait for it forever.
    await checkVersion({ ...context, database: inside }, viewer, row, target, seen);
    await keepVersion(inside, viewer, target, row.content);
    await inside.query('update messages set content = $2, edited_at = clock_timestamp() where id = $1', [
      target.messageId,
      content,
    ]);
    // Stored before migration 7. Later notifications are derived from the message.
    await inside.query('update notifications set message = $2 where message_id = $1', [
      target.messageId,
      previewOf(content),
    ]);
    return true;
  });
}

/** @throws {RequestError} `too_late` if the message is older than `limits.edit_s`. */
function checkAge({ options }: Context, { createdAt }: Row, target: Target): void {
  const { editSeconds } = options.limits;
  if (editSeconds === 0 || options.clock.now() - createdAt.getTime() <= editSeconds * 1_000) return;
  throw new RequestError('too_late', `A message can be edited for ${editSeconds} seconds.`, target);
}

/** @throws {RequestError} `conflict`, with the current message, if it has changed since its author saw it. */
async function checkVersion(
  inside: Source,
  viewer: Viewer,
  { editedAt }: Row,
  target: Target,
  seen: unknown,
): Promise<void> {
  if (seen === undefined) return;
  const version = seen === null ? null : typeof seen === 'string' ? Date.parse(seen) : NaN;
  if (Number.isNaN(version))
    throw new RequestError('invalid', 'Must be a time, or null.', { ...target, field: 'edited_at' });
  if (version === (editedAt?.getTime() ?? null)) return;
  const current = (await getMessages(inside, viewer.id, [target.messageId])).get(target.messageId);
  throw new RequestError('conflict', 'The message was edited on another device.', { ...target, current });
}

/** Keeps a text that is about to be replaced, for moderation. */
async function keepVersion(inside: Queryable, viewer: Viewer, { messageId }: Target, content: string): Promise<void> {
  if (content === '') return;
  await inside.query('insert into message_versions (message_id, content, replaced_by) values ($1, $2, $3)', [
    messageId,
    content,
    viewer.id,
  ]);
}

/** Keeps only the empty row, a tombstone: replies then quote nothing, and its files are not served any more. */
export async function deleteMessage(context: Context, viewer: Viewer, target: Target): Promise<MutationResult> {
  const { clock, versionDays } = context.options;
  await context.rateLimits.count('deletesPerUser', viewer.id);
  return mutate(context, viewer, target, 'message_deleted', async (inside, row) => {
    if (row.isDeleted) return false;
    await keepVersion(inside, viewer, target, row.content);
    const { messageId } = target;
    await releaseFilesOf(inside, messageId, new Date(clock.now() + versionDays * DAY_MS));
    await inside.query(
      `update messages set content = '', attachment_id = null, reply_to_id = null, edited_at = null, digest = null,
         deleted_at = date_trunc('milliseconds', clock_timestamp()) where id = $1`,
      [messageId],
    );
    await inside.query('delete from reactions where message_id = $1', [messageId]);
    await inside.query('delete from notifications where message_id = $1', [messageId]);
    return true;
  });
}

export async function react(
  context: Context,
  viewer: Viewer,
  target: Target,
  { emoji: given, on }: { emoji: unknown; on: unknown },
): Promise<MutationResult> {
  const emoji = checkEmoji(given, target.roomId);
  if (typeof on !== 'boolean') throw new RequestError('invalid', 'Must be true or false.', { ...target, field: 'on' });
  await context.rateLimits.count('rate', viewer.id);
  return mutate(context, viewer, target, 'reactions_updated', async (inside) => {
    const { messageId } = target;
    if (!on) {
      return (
        (
          await inside.query(
            'delete from reactions where message_id = $1 and user_id = $2 and emoji = $3 returning 1',
            [messageId, viewer.id, emoji],
          )
        ).length > 0
      );
    }
    const there = await inside.query<{ emoji: string }>('select distinct emoji from reactions where message_id = $1', [
      messageId,
    ]);
    if (there.length >= MAX_EMOJI && !there.some((each) => each.emoji === emoji)) {
      throw new RequestError('invalid', `A message can have at most ${MAX_EMOJI} different reactions.`, {
        ...target,
        field: 'emoji',
      });
    }
    return (
      (
        await inside.query(
          'insert into reactions (message_id, user_id, emoji) values ($1, $2, $3) on conflict do nothing returning 1',
          [messageId, viewer.id, emoji],
        )
      ).length > 0
    );
  });
}
