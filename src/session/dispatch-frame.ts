/** Passes each frame of the socket to the part of the session that handles it. */
import type { ChatFrame } from '../protocol/index.js';
import type { SessionAuth } from './auth/session-auth.js';
import type { BackendInfo } from './backend-info.js';
import type { DeferredParts } from './deferred-parts.js';
import { reportProblem, type Report } from '../model/index.js';
import type { Outbox } from './outbox/outbox.js';
import type { RoomSync } from './sync/room-sync.js';

interface FrameHandlers {
  readonly report: Report;
  readonly auth: SessionAuth;
  readonly backend: BackendInfo;
  readonly outbox: Outbox;
  readonly parts: DeferredParts;
  readonly roomSync: RoomSync;
}

export function dispatchFrame(session: FrameHandlers, frame: ChatFrame): void {
  const { outbox, report, roomSync } = session;
  switch (frame.type) {
    case 'room_list':
      roomSync.onRoomList(frame.rooms);
      return report({
        type: 'rooms',
        rooms: roomSync.visible(frame.rooms),
        method: 'websocket',
        // A baseline backend may send an unread count of 0 on the socket although there are unread messages.
        exactUnread: session.backend.capabilities.length > 0,
        leftOut: frame.left_out,
        isComplete: true,
      });
    case 'message_ack':
      return void outbox.matchPending(frame.room_id, frame.message, frame._tempId);
    case 'new_message': {
      const { message, _tempId } = frame;
      const localId = outbox.matchPending(frame.room_id, message, message._tempId ?? _tempId);
      return roomSync.applyFrame({ ...frame, message: { ...message, _tempId: localId } });
    }
    case 'error':
      outbox.sender.failed(frame);
      return reportProblem(report, frame.message);
    case 'authenticated':
      session.auth.socketTokens.shift();
      return;
    case 'token_expiring':
      return void session.parts.load().then(() => session.auth.refresher?.now());
    default:
      roomSync.applyFrame(frame);
  }
}
