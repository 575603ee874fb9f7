/** With two users: whether a REST message changes preview and unread count in the room list of the other one. */
import { readSecondList } from './check-rooms.js';
import type { CheckId } from './checks.js';
import { isRecord } from './shapes.js';
import { restFailure, type WriteContext } from './write-context.js';

interface Entry {
  /** Identifies the last message: content and time. Undefined if the list has no previews. */
  preview: string | undefined;
  /** Undefined if the list has no counts. */
  unread: number | undefined;
}

const FIX =
  'Compute last_message and unread_count of GET rooms/ from all stored messages, or update them where a message is ' +
  'stored, not in the WebSocket consumer. Otherwise a message sent over REST is not noticed before the room is opened.';

export async function checkRoomListUpdate(write: WriteContext): Promise<void> {
  const { context, room } = write;
  const { findings, options, secondRoomIds, timing } = context;
  const ids: CheckId[] = ['send.preview', 'send.unread-count'];
  if (!options.secondToken) return;
  if (!secondRoomIds?.has(String(room))) return findings.skip('the second user is not in this room', ...ids);
  context.startCheck('send.preview');
  const before = await readEntry(write);
  const failure = restFailure(await write.sendByRest(write.createMessage()));
  if (failure) return findings.skip('the message was not stored: see send.rest', ...ids);
  let after = await readEntry(write);
  if (before && after && !(isMoved(before, after) && isCounted(before, after))) {
    // A backend may update its room list in the background.
    await write.socket.waitFor(() => false, timing.watchMs);
    after = await readEntry(write);
  }
  if (!before || !after) return findings.skip(`room ${room} is not in the second user's room list`, ...ids);
  const stays = 'After a message sent over REST, the room list of another member still has the same';
  if (after.preview === undefined) findings.skip('the room list has no last_message', 'send.preview');
  else if (isMoved(before, after)) findings.pass('send.preview');
  else findings.fail('send.preview', `${stays} last_message.`, FIX);
  if (after.unread === undefined) findings.skip('the room list has no unread_count', 'send.unread-count');
  else if (isCounted(before, after)) findings.pass('send.unread-count');
  else findings.fail('send.unread-count', `${stays} unread_count (${after.unread}).`, FIX);
}

const isMoved = (before: Entry, after: Entry): boolean => before.preview !== after.preview;
const isCounted = (before: Entry, after: Entry): boolean => (after.unread ?? 0) > (before.unread ?? 0);

/** The room in the room list of the second user. */
async function readEntry({ context, room }: WriteContext): Promise<Entry | undefined> {
  const list = await readSecondList(context);
  const entry = list?.filter(isRecord).find(({ id }) => String(id) === String(room));
  if (!entry) return undefined;
  const { last_message: last, unread_count: unread } = entry;
  return {
    preview:
      last === undefined ? undefined : JSON.stringify(isRecord(last) ? [last['content'], last['timestamp']] : []),
    unread: typeof unread === 'number' ? unread : undefined,
  };
}
