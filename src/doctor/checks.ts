/** All checks of the doctor. The ids stay the same between versions; docs/DOCTOR.md lists them. */
import type { AuthMode } from '../transport/index.js';

/** Each check by id, with the requirement that it verifies. */
export const CHECKS = {
  // REST: connection and authentication
  'rest.reachable': 'The server is reachable',
  'rest.redirect': 'REST answers without a redirect',
  'rest.route': 'GET rooms/ exists',
  'rest.json': 'REST answers with JSON',
  'token.rest': 'REST accepts the token',
  'rest.401': 'REST rejects a request without a token with 401',
  'rest.bad-token': 'REST rejects a forged token',
  // REST: data
  'rooms.list': 'Every room in the list is usable',
  'rooms.fields': 'The fields of rooms have the correct types',
  'rooms.detail': 'GET rooms/{id}/ returns the room',
  'rooms.access': 'Rooms are closed to non-members',
  'timestamps.rest': 'Times from REST have a UTC offset',
  'ids.rest': 'Ids from REST keep all their digits',
  // WebSocket: handshake and authentication
  'socket.upgrade': 'A WebSocket opens',
  'socket.route': 'The WebSocket path exists',
  'origin.allowed': 'The site may open a WebSocket',
  'token.query': 'The WebSocket accepts the token from the query string',
  'token.subprotocol': 'The WebSocket accepts the token as a subprotocol',
  'token.ticket': 'The WebSocket accepts a ticket',
  'ticket.single-use': 'A ticket opens one WebSocket only',
  'socket.no-token': 'The WebSocket rejects a client without a token',
  'socket.bad-token': 'The WebSocket rejects a forged token',
  'socket.rejection': 'A client can recognize a rejected token on the WebSocket',
  'socket.greeting': 'The server sends a greeting',
  // Capabilities that the greeting announces
  'capability.idempotent_send': 'Capability: a message that is sent twice is stored once',
  'capability.ack': 'Capability: messages are acknowledged',
  'capability.user_channel': 'Capability: one WebSocket receives the events of all rooms',
  'capability.sync': 'Capability: missed changes can be fetched',
  'capability.token_refresh': 'Capability: a token can be replaced on an open WebSocket',
  'capability.edit': 'Capability: messages can be edited',
  'capability.delete': 'Capability: messages can be deleted',
  'capability.reactions': 'Capability: reactions',
  'capability.receipts': 'Capability: read positions of all members',
  'capability.permissions': 'Capability: rooms say what the user may do',
  'capability.around': 'Capability: the history around any message can be read',
  'capability.mark_unread': 'Capability: messages can be marked as unread',
  'capability.uploads': 'Capability: several files per message, uploaded before',
  'capability.delivered': 'Capability: delivery positions of all members',
  'capability.hide_receipts': 'Capability: users can hide their receipts',
  'capability.people': 'Capability: people and members can be searched',
  'capability.create_room': 'Capability: rooms with a context, and groups, can be created',
  'capability.manage_room': 'Capability: name and members of a room can be changed',
  'capability.room_settings': 'Capability: rooms can be pinned, archived and muted',
  'capability.room_pages': 'Capability: the room list has pages',
  // WebSocket: frames
  'socket.ping': 'The server answers ping with pong',
  'socket.room-list': 'The WebSocket returns the room list',
  'rooms.consistent': 'WebSocket and REST list the same rooms',
  'rooms.unread': 'WebSocket and REST report the same unread counts',
  'timestamps.socket': 'Times on the WebSocket have a UTC offset',
  'ids.socket': 'Ids on the WebSocket keep all their digits',
  'socket.subscribe': 'The client can subscribe to a room',
  'non-member.subscribe': 'A non-member cannot subscribe to a room',
  'socket.unknown-frame': 'The WebSocket survives a frame of unknown type',
  'socket.malformed': 'The WebSocket survives malformed JSON',
  // Capabilities that only need reading
  'permissions.fields': 'Each room says what the user may do',
  'permissions.closed': 'A closed room is read-only',
  'around.rooms': 'Each room says how far the user has read',
  'around.message': 'The history around a message can be read',
  'around.time': 'The history around a time can be read',
  'around.unknown': 'The history around an unknown message is not found',
  'hide_receipts.me': 'The server says whether the user hides receipts',
  'people.list': 'The people of the user can be listed',
  'people.members': 'The members of a room can be listed',
  'room_pages.page': 'The room list has pages',
  'room_pages.since': 'What has changed in the room list can be read',
  // Notifications
  'notifications.upgrade': 'The notifications WebSocket opens',
  'notifications.frames': 'The frames of the notifications WebSocket have the correct types',
  'notifications.count': 'The unread count of notifications is correct',
  'notifications.no-token': 'The notifications WebSocket rejects a client without a token',
  'notifications.access': 'The notifications WebSocket is closed to other users',
  // CORS
  'cors.preflight': 'CORS allows the site to send requests',
  'cors.max-age': 'Browsers may reuse a preflight response',
  'cors.origin': 'CORS allows the site to read responses',
  'cors.error-response': 'CORS allows the site to read error responses',
  'cors.idempotency-key': 'CORS allows the header Idempotency-Key',
  'cors.methods': 'CORS allows the methods for edit and delete',
  // Sending; only with `write`
  'send.socket': 'A message sent over the WebSocket is stored',
  'send.temp-id': 'The echo of a message contains its _tempId',
  'send.no-duplicate': 'A message is delivered once',
  'send.ack': 'A message is acknowledged',
  'send.delivered': 'The second user receives the message',
  'send.rest': 'A message sent over REST is stored',
  'send.fields': 'The fields of messages have the correct types',
  'send.broadcast': 'A message sent over REST is announced on the WebSocket',
  'send.preview': 'A message sent over REST is the preview in the second user’s room list',
  'send.unread-count': 'A message sent over REST raises the second user’s unread count',
  'non-member.send': 'A non-member cannot send messages over the WebSocket',
  'non-member.typing': 'A non-member is not shown as typing',
  'non-member.mark-read': 'A non-member cannot mark messages as read over the WebSocket',
  'idempotent.socket-socket': 'Sent twice over the WebSocket, a message is stored once',
  'idempotent.socket-rest': 'Sent over the WebSocket and over REST, a message is stored once',
  'idempotent.rest-rest': 'Sent twice over REST, a message is stored once',
  'history.contains-sent': 'The history contains the sent messages',
  'history.after': 'The history can be read from a given message onwards',
  'mark-read.response': 'The server answers mark_read',
  'sync.seq': 'The sequence numbers of changes have no gap',
  'sync.rest': 'GET sync/ returns missed changes',
  'sync.socket': 'The sync frame returns missed changes',
  'uploads.file': 'A file can be uploaded',
  'uploads.repeated': 'Sent twice, an upload is one',
  'uploads.discard': 'An upload can be discarded',
  'uploads.message': 'An upload can be sent in a message without text',
  'uploads.used': 'An upload can be sent once only',
  'uploads.url': 'A file can be loaded without a token, also in parts',
  'uploads.renewed': 'GET messages/{id}/ returns the message, with new URLs',
  'edit.message': 'A message can be edited',
  'edit.announced': 'An edit is announced on the WebSocket',
  'edit.repeated': 'Sent twice, an edit is answered alike',
  'edit.conflict': 'An edit of an outdated version changes nothing',
  'edit.access': 'Another user cannot edit a message',
  'reactions.toggle': 'A reaction appears and disappears',
  'reactions.announced': 'A reaction is announced on the WebSocket',
  'reactions.repeated': 'Sent twice, a reaction counts once',
  'mark_unread.message': 'A message can be marked as unread',
  'mark_unread.repeated': 'Sent twice, this is answered alike',
  'delivered.confirmed': 'A message can be confirmed as delivered',
  'delivered.monotonic': 'A confirmation never moves back',
  'hide_receipts.change': 'The user can hide receipts',
  'delete.message': 'A message can be deleted',
  'delete.announced': 'A deletion is announced on the WebSocket',
  'delete.repeated': 'Sent twice, a deletion is answered alike',
  'delete.history': 'The history contains nothing of a deleted message',
  'create_room.refusal': 'A room without others is refused',
  'manage_room.rename': 'A room can be renamed, if the user may do so',
  'room_settings.change': 'The settings of a room can be changed',
} as const;

export type CheckId = keyof typeof CHECKS;

/** Checks that change data on the server, or may do so. They are skipped without the option `write`. */
export const WRITE_CHECKS: ReadonlySet<CheckId> = new Set(
  (Object.keys(CHECKS) as CheckId[]).filter((id) =>
    /^(send|idempotent|history|mark-read|sync|uploads|edit|reactions|mark_unread|delivered|delete|create_room|manage_room|room_settings)\.|^hide_receipts\.change|^non-member\.(?!subscribe)/.test(
      id,
    ),
  ),
);

const SECOND_USER_CHECKS =
  /^(non-member\.\S+|(rooms|notifications|edit)\.access|send\.(delivered|preview|unread-count))$/;

/** The checks that apply to a run: only those of its auth mode, and those with two users only if there are two. */
export function checksFor({ auth, hasSecondUser }: { auth: AuthMode; hasSecondUser: boolean }): CheckId[] {
  return (Object.keys(CHECKS) as CheckId[]).filter((id) => {
    if (/^token\.(query|subprotocol|ticket)$/.test(id)) return id === `token.${auth}`;
    if (id === 'ticket.single-use') return auth === 'ticket';
    return hasSecondUser || !SECOND_USER_CHECKS.test(id);
  });
}
