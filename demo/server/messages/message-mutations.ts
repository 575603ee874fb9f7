/** Capabilities `edit`, `delete` and `reactions`: what was said is changed, counted as a change, and told. */
import type { Viewer } from '../auth.js';
import { frameOf, newChange, recordChange, type Change } from './changes.js';
import { tellMembers } from '../rooms/chat-actions.js';
import type { Context } from '../context.js';
import type { Queryable } from '../database/database.js';
import { checkContent, checkEmoji, countMessage } from '../limits.js';
import { getMessages, type WireMessage } from './messages.js';
import { previewOf } from '../socket/notifications.js';
import { accessDenied, Refusal } from '../errors.js';
import { lockRoom } from '../rooms/rooms.js';

export interface Target {
  roomId: number;
  messageId: number;
}

interface Row {
  senderId: number;
  type: string;
  content: string;
  isDeleted: boolean;
}

export interface Altered {
  /** None for a message that is deleted. */
  message: WireMessage | undefined;
  /** What to tell the asker alone, where nothing had to be changed. */
  frame: object | null;
}

const MAX_EMOJI = 20;

/** @param act makes the change. @returns whether there was anything to change. */
async function alter(context: Context, viewer: Viewer, target: Target, kind: Change['kind'], act: (inside: Queryable, message: Row) => Promise<boolean>): Promise<Altered> {
  const { database, log } = context;
  const { roomId, messageId } = target;
  const seq = await database.transaction(async (inside) => {
    if (!(await lockRoom(inside, roomId, viewer.id))) throw accessDenied(roomId);
    const [row] = await inside.query<Row>(
      `select sender_id as "senderId", message_type as type, content, deleted_at is not null as "isDeleted" from messages where id = $1 and room_id = $2`,
      [messageId, roomId],
    );
    // Deleting again what is deleted is no mistake; all else needs a message that is there.
    if (!row || (row.isDeleted && kind !== 'message_deleted')) throw new Refusal('unknown_message', 'There is no such message.', target);
    return (await act(inside, row)) ? recordChange(inside, kind, roomId, messageId) : null;
  });
  const message = (await getMessages(context, viewer.id, [messageId])).get(messageId);
  const change = newChange(kind, { roomId, messageId, seq: seq ?? 0 });
  if (seq === null) return { message, frame: { ...frameOf(change, viewer.id, message), seq: undefined } };
  log.info({ user: viewer.id, room: roomId, message: messageId, change: kind }, 'message altered');
  await tellMembers(context, change, message);
  return { message, frame: null };
}

function checkOwn(viewer: Viewer, row: Row, target: Target, what: string): void {
  if (row.senderId !== viewer.id) throw new Refusal('not_yours', `Only who wrote a message can ${what} it.`, target);
}

export async function editMessage(context: Context, viewer: Viewer, target: Target, text: unknown): Promise<Altered> {
  const content = checkContent(text, context.options.limits.content, target.roomId);
  await countMessage(context.rate, viewer.id);
  return alter(context, viewer, target, 'message_updated', async (inside, row) => {
    checkOwn(viewer, row, target, 'edit');
    if (row.type !== 'text') throw new Refusal('invalid', 'Only a text can be edited.', target);
    if (row.content === content) return false;
    await inside.query('update messages set content = $2, edited_at = clock_timestamp() where id = $1', [target.messageId, content]);
    await inside.query('update notifications set message = $2 where message_id = $1', [target.messageId, previewOf(content)]);
    return true;
  });
}

/** Nothing of it stays but its place: an answer to it quotes nothing, and its file is gone. */
export const deleteMessage = (context: Context, viewer: Viewer, target: Target): Promise<Altered> =>
  alter(context, viewer, target, 'message_deleted', async (inside, row) => {
    checkOwn(viewer, row, target, 'delete');
    if (row.isDeleted) return false;
    const { messageId } = target;
    const [kept] = await inside.query<{ file: string | null }>('select attachment_id as file from messages where id = $1', [messageId]);
    await inside.query(`update messages set content = '', attachment_id = null, digest = null, deleted_at = clock_timestamp() where id = $1`, [messageId]);
    await inside.query('delete from attachments where id = $1', [kept!.file]);
    await inside.query('delete from reactions where message_id = $1', [messageId]);
    await inside.query('delete from notifications where message_id = $1', [messageId]);
    return true;
  });

export async function react(context: Context, viewer: Viewer, target: Target, { emoji: given, on }: { emoji: unknown; on: unknown }): Promise<Altered> {
  const emoji = checkEmoji(given, target.roomId);
  if (typeof on !== 'boolean') throw new Refusal('invalid', 'Must be true or false.', { ...target, field: 'on' });
  await countMessage(context.rate, viewer.id);
  return alter(context, viewer, target, 'reactions_updated', async (inside) => {
    const { messageId } = target;
    if (!on) {
      return (await inside.query('delete from reactions where message_id = $1 and user_id = $2 and emoji = $3 returning 1', [messageId, viewer.id, emoji])).length > 0;
    }
    const there = await inside.query<{ emoji: string }>('select distinct emoji from reactions where message_id = $1', [messageId]);
    if (there.length >= MAX_EMOJI && !there.some((each) => each.emoji === emoji)) {
      throw new Refusal('invalid', `A message can have at most ${MAX_EMOJI} different reactions.`, { ...target, field: 'emoji' });
    }
    return (await inside.query('insert into reactions (message_id, user_id, emoji) values ($1, $2, $3) on conflict do nothing returning 1', [messageId, viewer.id, emoji])).length > 0;
  });
}
