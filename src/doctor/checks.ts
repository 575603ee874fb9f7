/** Every point that the doctor looks at, by an id that stays the same between versions. docs/DOCTOR.md lists them. */
import type { AuthMode } from '../transport/index.js';

export const POINTS = {
  // REST
  'rest.reachable': 'The server answers',
  'rest.redirect': 'REST is where it is said to be',
  'rest.route': 'GET rooms/ exists',
  'rest.answer': 'REST answers with data, not with a page',
  'token.rest': 'REST takes the token',
  'rest.401': 'REST refuses a request without a token, as agreed',
  'rest.bad-token': 'REST refuses a forged token',
  // What REST says
  'rooms.list': 'Every room of the list can be used',
  'rooms.fields': 'The fields of the rooms have the right types',
  'rooms.one': 'GET rooms/{id}/ answers with the room',
  'rooms.foreign': 'Rooms are closed to those who are not in them',
  'time.rest': 'Times from REST have an offset',
  // The socket
  'socket.upgrade': 'A WebSocket can be opened',
  'socket.route': 'There is a WebSocket at its path',
  'origin.allowed': 'The site may open a WebSocket',
  'token.query': 'The socket takes the token from its address',
  'token.subprotocol': 'The socket takes the token as a subprotocol',
  'token.ticket': 'The socket takes a ticket',
  'ticket.once': 'A ticket opens one socket, no more',
  'socket.no-token': 'The socket refuses who has no token',
  'socket.bad-token': 'The socket refuses a forged token',
  'socket.refusal': 'A refusal on the socket can be recognised',
  'socket.greeting': 'The server greets',
  // What the server says that it can do
  'capability.idempotent_send': 'Can: sending twice stores once',
  'capability.ack': 'Can: messages are acknowledged',
  'capability.user_channel': 'Can: all rooms are told of, not only those that are open',
  'capability.sync': 'Can: what was missed is told again',
  'capability.token_refresh': 'Can: a token is renewed on an open socket',
  'capability.edit': 'Can: messages are edited',
  'capability.delete': 'Can: messages are deleted',
  'capability.reactions': 'Can: reactions',
  'capability.receipts': 'Can: how far everybody has read',
  // A conversation
  'socket.ping': 'A ping is answered',
  'socket.room-list': 'The room list comes by socket',
  'rooms.same': 'Socket and REST list the same rooms',
  'rooms.unread': 'Socket and REST count the same unread messages',
  'time.socket': 'Times on the socket have an offset',
  'socket.subscribe': 'A room can be subscribed to',
  'socket.unknown-frame': 'A frame that the server does not know does no harm',
  'socket.malformed': 'Text that is no JSON does no harm',
  // Pages on other sites
  'cors.preflight': 'The browser lets the site ask REST',
  'cors.origin': 'The browser lets the site read what REST answers',
  'cors.refusal': 'The browser lets the site read refusals',
  'cors.idempotency-key': 'The browser lets the site send the header Idempotency-Key',
  'cors.methods': 'The browser lets the site edit and delete',
  // Sending, only when asked to write
  'send.socket': 'A message sent by socket arrives',
  'send.temp-id': 'The echo can be recognised by its _tempId',
  'send.once': 'A message is told once',
  'send.ack': 'A message is acknowledged',
  'send.delivered': 'The other person hears of it',
  'send.rest': 'A message sent by REST is stored',
  'send.fields': 'Messages have the right fields',
  'send.announced': 'A message sent by REST is told on the socket',
  'idempotent.socket-socket': 'Sent twice by socket, stored once',
  'idempotent.socket-rest': 'Sent by socket and by REST, stored once',
  'idempotent.rest-rest': 'Sent twice by REST, stored once',
  'history.holds': 'The history holds what was sent',
  'history.after': 'The history can be read on from a message',
  'read.answered': 'Marking as read is answered',
  'sync.seq': 'Changes are counted without a gap',
  'sync.rest': 'GET sync/ tells what was missed',
  'sync.socket': 'sync on the socket tells what was missed',
} as const;

export type PointId = keyof typeof POINTS;

/** Points that store something, or may: left out unless the doctor is told to write. */
export const WRITES: ReadonlySet<PointId> = new Set(
  (Object.keys(POINTS) as PointId[]).filter((id) => /^(send|idempotent|history|read|sync)\./.test(id)),
);

/** Points that need a second person. */
const NEEDS_SECOND: readonly PointId[] = ['rooms.foreign', 'send.delivered'];

/** The points of one examination: of the ways for a token to travel, only the one that is in use. */
export function pointsFor({ auth, second }: { auth: AuthMode; second: boolean }): PointId[] {
  return (Object.keys(POINTS) as PointId[]).filter((id) => {
    if (/^token\.(query|subprotocol|ticket)$/.test(id)) return id === `token.${auth}`;
    if (id === 'ticket.once') return auth === 'ticket';
    return second || !NEEDS_SECOND.includes(id);
  });
}
