/** Compares what a tab shows with what the server has. */
import assert from 'node:assert/strict';
import type { ChatMessage } from '../../src/client/index.js';
import { OTHER, type HistoryEntry, type ModelServer } from '../support/model-server.js';
import { identityOf, type Tab } from './scenario.js';

const storedIn = ({ chat }: Tab, room: number | string): readonly ChatMessage[] =>
  chat.messages(room).filter(({ delivery }) => delivery === 'sent');

/** Checks every displayed state. */
export function checkScreen(tab: Tab, server: ModelServer): void {
  if (tab.isGone) return;
  for (const room of tab.chat.data.threads.keys()) {
    const shown = tab.chat.messages(room);
    const ids = storedIn(tab, room).map(({ id }) => String(id));
    for (const { content, delivery } of shown) if (delivery !== 'sent') tab.shown.add(identityOf(content));
    if (new Set(ids).size !== ids.length) server.violations.push(`duplicate id on screen: ${ids.join()}`);
    for (const { localId, delivery } of shown) {
      if (localId === null) continue;
      if (delivery === 'sent') tab.confirmed.add(localId);
      else if (tab.confirmed.has(localId)) server.violations.push('a confirmed message became unconfirmed');
    }
    for (const message of shown) checkTombstone(message, server);
  }
}

function checkTombstone({ id, content, reactions = [], deleted_at }: ChatMessage, server: ModelServer): void {
  if (deleted_at && (content !== '' || reactions.length > 0))
    server.violations.push(`the tombstone ${id} shows ${content} ${JSON.stringify(reactions)}`);
}

/**
 * After every event: apart from changes that are not confirmed, only texts, deletions and reactions are shown that the
 * server has had, and no message of another user is missing between others.
 */
export function checkStoredState(tab: Tab, server: ModelServer): void {
  const { user, threads } = tab.chat.data;
  if (!user) return;
  for (const room of threads.keys()) {
    const stored = storedIn(tab, room).map((message) => message.original ?? message);
    for (const { id, content, deleted_at, reactions = [] } of stored) {
      const row = server.rows.find((each) => each.id === id);
      assert.ok(row, `message ${id} does not exist`);
      if (deleted_at) assert.ok(row.deletedAt, `message ${id} is not deleted`);
      else assert.ok(row.versions.includes(content), `message ${id} never had the text ${content}`);
      for (const { emoji, user_ids } of reactions)
        for (const who of user_ids)
          assert.ok(server.everReacted.has(`${id} ${emoji} ${who}`), `${who} never reacted to ${id} with ${emoji}`);
    }
    if (!server.hasLostFrames) checkContiguous(stored, server, Number(room));
  }
}

/**
 * Own messages are shown as soon as they are stored, even if earlier ones of others have not arrived yet. So are
 * later ones after a lost frame, until the room was read again.
 */
function checkContiguous(stored: readonly ChatMessage[], server: ModelServer, room: number): void {
  const shown = stored.filter(({ sender }) => sender?.id === OTHER).map(({ id }) => id as number);
  const isGone = (id: number): boolean => !server.rowsOf(room).some((row) => row.id === id);
  const all = server.rows.filter(({ room: of, sender }) => of === room && sender === OTHER).map(({ id }) => id);
  const expected = all.filter((id) => id >= shown[0]! && id <= shown.at(-1)!);
  assert.deepEqual(
    shown.filter((id) => !isGone(id)),
    expected.filter((id) => !isGone(id)),
    `a gap in room ${room}`,
  );
}

/** At rest, no change waits for a confirmation. */
export function checkUnconfirmed({ chat }: Tab): void {
  assert.deepEqual(chat.data.changes, [], 'unconfirmed changes');
  for (const { timeline } of chat.data.threads.values())
    for (const message of timeline) assert.equal(message.original, undefined, 'an unconfirmed message');
}

/** Asserts that the screen equals the server. */
export function compareRoom(tab: Tab, server: ModelServer, room: number): void {
  const { chat } = tab;
  const shown = storedIn(tab, room);
  const all = server.history(room);
  const { hasOlder, hasNewer } = chat.data.threads.get(String(room))!;
  const start = shown.length === 0 ? 0 : hasNewer ? all.findIndex(({ id }) => id === shown[0]!.id) : -shown.length;
  const held = shown.length === 0 ? all : all.slice(start).slice(0, shown.length);
  assert.deepEqual(
    shown.map((message) => entryOf(message, chat.user?.id)),
    held.map((entry) => (server.has('receipts') ? entry : { ...entry, isRead: false })),
    `room ${room}`,
  );
  const first = all.findIndex(({ id }) => id === held[0]?.id);
  assert.equal(first > 0, hasOlder, 'whether there is more before');
  assert.equal(first + held.length < all.length && shown.length > 0, hasNewer, 'whether there is more after');
  const listed = chat.rooms.find(({ id }) => id === room);
  assert.equal(listed?.unread_count, server.unread(room), `unread in room ${room}`);
  compareReceipts(tab, server, room);
  if (server.has('permissions')) {
    const { can, closed_reason } = listed ?? {};
    assert.deepEqual({ can, closed_reason: closed_reason ?? null }, server.rights(room), `rights in room ${room}`);
  }
  if (listed?.first_unread_id != null)
    assert.equal(listed.first_unread_id, server.firstUnread(room), `the first unread message of room ${room}`);

  function entryOf(message: ChatMessage, me: unknown): HistoryEntry {
    const {
      id,
      content,
      edited_at,
      deleted_at = null,
      reactions = [],
      sender,
      is_read,
      reply_to,
      attachments = [],
    } = message;
    const isRead = server.has('receipts') && !deleted_at && is_read && sender?.id === me;
    const quote = reply_to && { ...reply_to, ...(reply_to.deleted_at ? {} : { deleted_at: undefined }) };
    const shownQuote = JSON.stringify(quote);
    return {
      id: id as number,
      content,
      edited_at,
      deleted_at,
      reactions: JSON.stringify(reactions),
      isRead,
      quote: shownQuote,
      files: attachments.map((file) => file.id).join(),
    };
  }
}

/** At rest, every device knows which own messages have arrived, unless the user hides receipts. */
function compareReceipts(tab: Tab, server: ModelServer, room: number): void {
  const { chat } = tab;
  const me = Number(chat.user?.id);
  const isHiding = server.isHiding(me);
  if (server.has('hide_receipts')) assert.equal(chat.data.hideReceipts, isHiding, 'whether receipts are hidden');
  const shown = storedIn(tab, room);
  // In a group, a message is delivered when all others have it, and DAN and EVE have no devices.
  const isTwo = server.conversations.get(room).everMembers.size === 2;
  for (const { id, is_read, delivered = false } of shown.filter(({ sender }) => sender?.id === me)) {
    if (isHiding) assert.deepEqual([is_read, delivered], [false, false], `a hidden receipt of ${id}`);
    else if (server.has('delivered') && isTwo)
      assert.equal(delivered, (id as number) <= server.deliveredUpTo(room, OTHER), `whether ${id} is delivered`);
  }
  if (!server.has('delivered') || isHiding) return;
  const last = server.rowsOf(room).findLast((row) => row.sender === OTHER);
  if (last && shown.some(({ id }) => id === last.id))
    assert.ok(server.deliveredUpTo(room, me) >= last.id, `message ${last.id} has arrived, but is not confirmed`);
}
