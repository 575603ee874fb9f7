/** Changes of messages and jumps, by this tab (`connection.room(id)`), and by other devices and users. */
import fc from 'fast-check';
import type { ChatMessage } from '../../src/client/index.js';
import type { SendOptions } from '../../src/client/pending-sends.js';
import { isNewRoom } from '../../src/model/index.js';
import type { Id } from '../../src/protocol/index.js';
import {
  ALL_RIGHTS,
  OWNER_RIGHTS,
  CAT,
  mark,
  ME,
  OTHER,
  ownerOf,
  type ModelServer,
  type Rights,
  type Row,
} from '../support/model-server.js';
import { settle } from '../support/fake-clock.js';
import { event, index, personIn, pick, room, roomIn, type Event } from './events.js';
import { identityOf, type Tab } from './scenario.js';
import type { Simulation } from './simulation.js';

const emoji = fc.constantFrom('👍', '🎉');
/** The client must not send a change of another user's message. */
const whose = fc.constantFrom<Whose>('own', 'own', 'own', 'anyone');
/** Mostly one of the last messages, so that changes concern the same one. */
const recent = fc.oneof(fc.nat(3), index);

type Whose = 'anyone' | 'own';

/** A tab sends a message. */
export function sendIn(sim: Simulation, tab: Tab, room: Id, text: string, options: SendOptions = {}): void {
  const { tenant, chat } = tab;
  const files = options.attachments ?? [];
  const person = personIn(sim, tab);
  // While the user is unknown, the message belongs to the next known user.
  const content = `${text} ${chat.user ? mark(tenant, person) : '[??]'} ${sim.scenario.sent.length}`;
  const { newRooms, createdRooms } = chat.data;
  // A page may still show the new conversation of a former user: the message is refused at once.
  const isRefused = isNewRoom(room) && !newRooms.has(String(room)) && !createdRooms.has(String(room));
  if (chat.user && !isRefused)
    sim.scenario.sent.push({ identity: identityOf(content), room, tenant, person, tab, files });
  chat.sendChatMessage(room, content, options).catch(sim.recordRejection);
}

/** The id of the key of a thread. */
export const roomIdOf = (key: string): Id => (isNewRoom(key) ? key : Number(key));

/** A message in a tab, and its room; the newest ones first. */
function messageIn(sim: Simulation, at: number, which: number, isSent: boolean, whose: Whose = 'anyone') {
  const tab = pick(sim.tabs, which);
  if (!tab?.chat.user) return undefined;
  const found = [...tab.chat.data.threads.keys()].flatMap((room) =>
    tab.chat
      .messages(room)
      .filter(({ delivery }) => (delivery === 'sent') === isSent)
      .filter(({ sender }) => whose === 'anyone' || sender?.id === tab.chat.user?.id)
      .map((message) => ({ tab, room: roomIdOf(room), message, server: sim.servers[tab.tenant] })),
  );
  found.sort((one, other) => Date.parse(other.message.timestamp) - Date.parse(one.message.timestamp));
  return pick(found, at);
}

/** Whether the client knows that the time limit of edits has passed. */
const isTooOldToEdit = (sim: Simulation, { tab, message }: { tab: Tab; message: ChatMessage }): boolean => {
  const { edit_s: limit = Infinity } = tab.chat.data.limits;
  return sim.clock.now() - Date.parse(message.timestamp) > limit * 1_000;
};

const rowIn = ({ rows }: ModelServer, at: number): Row | undefined => pick([...rows].reverse(), at);

/** Another text for a message. It keeps its owner and identity. */
const reworded = (sim: Simulation, content: string, how: string): string =>
  `${how} ${sim.events} ${identityOf(content)}`;

const request = (sim: Simulation, tab: Tab, server: ModelServer, verb: string, id: unknown): void =>
  void server.requested.add(`${personIn(sim, tab)} ${verb} ${String(id)}`);

/** Requests of a tab for changes of messages. Without the capabilities, nothing of it must be sent. */
export const changeEvents: fc.Arbitrary<Event>[] = [
  event(
    'edit',
    fc.tuple(recent, index, fc.constantFrom('changed', 'changed', 'forbidden')),
    (sim, [at, which, how]) => {
      const found = messageIn(sim, at, which, true);
      if (!found) return;
      const { tab, server, message, room: inRoom } = found;
      const content = reworded(sim, message.content, how);
      request(sim, tab, server, 'edit', message.id);
      const isTooLate = isTooOldToEdit(sim, found);
      tab.chat
        .room(inRoom)
        .edit(message.id, content)
        .then(() => {
          sim.scenario.edits.push({ tab, content });
          if (isTooLate) server.violations.push(`${content} was edited too late`);
        }, sim.recordRejection);
    },
  ),
  event('edit unsent', fc.tuple(recent, index), (sim, [at, which]) => {
    const found = messageIn(sim, at, which, false);
    if (!found) return;
    const { tab, server, message, room: inRoom } = found;
    const content = reworded(sim, message.content, 'rewritten');
    // It may be stored already, under an id that is not known yet.
    request(sim, tab, server, 'edit', message.localId);
    tab.chat
      .room(inRoom)
      .edit(message.localId!, content)
      .then(() => sim.scenario.edits.push({ tab, content }), sim.recordRejection);
  }),
  event(
    'delete',
    fc.tuple(recent, index, fc.constantFrom(0, 0, 5_000), fc.boolean(), whose),
    (sim, [at, which, ms, undo, of]) => {
      const found = messageIn(sim, at, which, true, of);
      if (!found) return;
      const { tab, server, message, room: inRoom } = found;
      request(sim, tab, server, 'delete', message.id);
      const abort = new AbortController();
      tab.chat.room(inRoom).delete(message.id, { delayMs: ms, signal: abort.signal }).catch(sim.recordRejection);
      if (undo) sim.undo.push(() => abort.abort());
    },
  ),
  event('undo', fc.constant(0), (sim) => sim.undo.splice(0).forEach((undo) => undo())),
  event('delete unsent', fc.tuple(recent, index), (sim, [at, which]) => {
    const found = messageIn(sim, at, which, false);
    if (!found) return;
    const { tab, server, message, room: inRoom } = found;
    // It may be stored already: then it is deleted there.
    request(sim, tab, server, 'delete', message.localId);
    if (tab.chat.data.capabilities.includes('delete')) sim.scenario.discarded.add(identityOf(message.content));
    tab.chat.room(inRoom).delete(message.localId!).catch(sim.recordRejection);
  }),
  event('react', fc.tuple(recent, index, emoji, fc.boolean()), (sim, [at, which, what, on]) => {
    const found = messageIn(sim, at, which, true);
    if (!found) return;
    const { tab, server, message, room: inRoom } = found;
    request(sim, tab, server, 'react', message.id);
    tab.chat.room(inRoom).react(message.id, what, on).catch(sim.recordRejection);
  }),
];

// ————— Receipts

export const receiptEvents: fc.Arbitrary<Event>[] = [
  event('mark unread', fc.tuple(recent, index), (sim, [at, which]) => {
    const found = messageIn(sim, at, which, true);
    if (found) found.tab.chat.room(found.room).markUnread(found.message.id).catch(sim.recordRejection);
  }),
  event('hide receipts', fc.tuple(index, fc.boolean()), (sim, [which, on]) => {
    pick(sim.tabs, which)?.chat.hideReceipts(on).catch(sim.recordRejection);
  }),
  event('reply', fc.tuple(recent, index), (sim, [at, which]) => {
    const found = messageIn(sim, at, which, true);
    if (found) sendIn(sim, found.tab, found.room, 'reply', { replyTo: found.message.id });
  }),
];

/** By another device of the user, or by OTHER. */
export const othersReceiptEvents: fc.Arbitrary<Event>[] = [
  event('others mark unread', recent, (sim, at) => {
    const row = rowIn(sim.server, at);
    if (row) sim.server.markUnread(row.room, ownerOf(row.room), row.id);
  }),
  event('others receive', recent, (sim, at) => {
    const row = rowIn(sim.server, at);
    if (row) sim.server.deliver(row.room, OTHER, row.id);
  }),
  event('others hide receipts', fc.tuple(fc.constantFrom(ME, CAT), fc.boolean()), (sim, [user, on]) =>
    sim.server.hide(user, on),
  ),
  event('others reply', recent, (sim, at) => {
    const row = rowIn(sim.server, at);
    if (!row || row.deletedAt) return;
    const text = `theirs ${mark(sim.server.tenant, ownerOf(row.room))} ${sim.server.rows.length}`;
    sim.server.store(row.room, OTHER, text, undefined, { replyTo: row.id });
  }),
];

// ————— Jumps

function jump(sim: Simulation, which: number, at: number, targetIn: (server: ModelServer, room: number) => unknown) {
  const tab = pick(sim.tabs, which);
  if (!tab) return;
  const inRoom = roomIn(sim, tab, at);
  // Only open rooms.
  const target = targetIn(sim.servers[tab.tenant], inRoom);
  if (!tab.leave.has(inRoom) || target === undefined) return;
  tab.chat
    .room(inRoom)
    .openAt(target as number | Date)
    .then(({ found, messageId }) => {
      const message = tab.chat.messages(inRoom).find(({ id }) => id === messageId);
      if (tab.isGone || (messageId === undefined && !found)) return;
      if (!message || message.deleted_at) sim.server.violations.push(`openAt has not loaded ${messageId}`);
    })
    .catch(sim.recordRejection);
}

export const jumpEvents: fc.Arbitrary<Event>[] = [
  event('open at a message', fc.tuple(room, index, fc.nat(200)), (sim, [inRoom, which, at]) =>
    jump(
      sim,
      which,
      inRoom,
      (server, of) =>
        pick(
          server.rows.filter((row) => row.room === of),
          at,
        )?.id ?? 999,
    ),
  ),
  event('open at a time', fc.tuple(room, index, fc.nat(100)), (sim, [inRoom, which, minutes]) =>
    jump(sim, which, inRoom, () => new Date(sim.clock.now() - minutes * 2_000)),
  ),
  event('open at first unread', fc.tuple(room, index), (sim, [inRoom, which]) =>
    jump(sim, which, inRoom, () => 'first-unread'),
  ),
  event('load newer', fc.tuple(room, index), (sim, [inRoom, which]) => {
    const tab = pick(sim.tabs, which);
    tab?.chat.loadNewer(roomIn(sim, tab, inRoom)).catch(sim.recordRejection);
  }),
  event('load newest', fc.tuple(room, index), (sim, [inRoom, which]) => {
    const tab = pick(sim.tabs, which);
    tab?.chat.loadNewest(roomIn(sim, tab, inRoom)).catch(sim.recordRejection);
  }),
];

// ————— Other devices and users

/** By OTHER, or by another device of the user. */
export const othersChangeEvents: fc.Arbitrary<Event>[] = [
  event('others edit', recent, (sim, at) => {
    const row = rowIn(sim.server, at);
    if (row) sim.server.edit(row, reworded(sim, row.content, 'elsewhere'));
  }),
  event('others delete', recent, (sim, at) => {
    const row = rowIn(sim.server, at);
    if (row) sim.server.delete(row);
  }),
  event('others react', fc.tuple(recent, fc.boolean(), emoji, fc.boolean()), (sim, [at, isOwn, what, on]) => {
    const row = rowIn(sim.server, at);
    if (row) sim.server.react(row, isOwn ? ownerOf(row.room) : OTHER, what, on);
  }),
];

const RIGHTS: Record<string, Rights> = {
  all: ALL_RIGHTS,
  closed: { can: [], closed_reason: 'This conversation is closed.' },
  moderator: OWNER_RIGHTS,
  'no changes': { can: ['send', 'attach'], closed_reason: null },
};

export const rightsEvents: fc.Arbitrary<Event>[] = [
  event('moderate', fc.tuple(index, index), (sim, [at, which]) => {
    const tab = pick(sim.tabs, which);
    if (!tab?.chat.user) return;
    const server = sim.servers[tab.tenant];
    const rows = server.rows.filter((row) => row.sender === OTHER && server.isMember(row.room, personIn(sim, tab)));
    const row = pick(rows.reverse(), at);
    if (!row) return;
    server.permit(row.room, OWNER_RIGHTS);
    request(sim, tab, server, 'delete', row.id);
    // After the frame has arrived, without latency.
    return sim.settled(settle().then(() => tab.chat.room(row.room).delete(row.id)));
  }),
  event(
    'rights',
    fc.tuple(room, fc.constantFrom('all', 'moderator', 'moderator', 'closed', 'no changes')),
    (sim, [at, which]) => sim.server.permit(roomIn(sim, sim.tabs[0], at), RIGHTS[which]!),
  ),
];
