/** Passes each event of the connection to the part of the session that handles it. */
import type { TransportEvent } from '../transport/index.js';
import type { SessionAuth } from './auth/session-auth.js';
import type { BackendInfo } from './backend-info.js';
import type { DeferredParts } from './deferred-parts.js';
import { reportProblem, type Report } from '../model/index.js';
import type { Outbox } from './outbox/outbox.js';
import type { RoomSync } from './sync/room-sync.js';

interface EventHandlers {
  readonly report: Report;
  readonly auth: SessionAuth;
  readonly backend: BackendInfo;
  readonly outbox: Outbox;
  readonly parts: DeferredParts;
  readonly roomSync: RoomSync;
}

export function dispatchEvent(session: EventHandlers, event: TransportEvent): void {
  const { outbox, report, roomSync } = session;
  switch (event.type) {
    case 'room-list':
      roomSync.onRoomList(event.rooms);
      return report({
        type: 'rooms',
        rooms: roomSync.visible(event.rooms),
        method: 'websocket',
        // A baseline backend may send an unread count of 0 on the socket although there are unread messages.
        exactUnread: session.backend.capabilities.length > 0,
        leftOut: event.leftOut,
        isComplete: true,
      });
    case 'message-ack':
      return void outbox.matchPending(event.roomId, event.message, event.localId);
    case 'new-message': {
      const { roomId, message } = event;
      const localId = outbox.matchPending(roomId, message, message._tempId ?? event.localId);
      return roomSync.applyEvent({ ...event, message: { ...message, _tempId: localId } });
    }
    case 'error':
      outbox.sender.failed(event);
      return reportProblem(report, event.message);
    case 'authenticated':
      session.auth.socketTokens.shift();
      return;
    case 'token-expiring':
      return void session.parts.load().then(() => session.auth.refresher?.now());
    default:
      roomSync.applyEvent(event);
  }
}
