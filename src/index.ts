/** `unified-chat`: registers the elements and exports them, their events and the connection. */
import './define.js';

export { ChatConnectionElement } from './elements/chat-connection/chat-connection.js';
export { ChatLauncherElement } from './elements/chat-launcher/chat-launcher.js';
export { ChatRoomsElement } from './elements/chat-rooms/chat-rooms.js';
export { ChatStatusElement } from './elements/chat-status/chat-status.js';
export { ChatThreadElement } from './elements/chat-thread/chat-thread.js';
export { ChatLauncherToggleEvent } from './elements/chat-launcher/launcher-toggle-event.js';
export { ChatRoomSelectEvent } from './elements/chat-rooms/room-select-event.js';
export {
  ChatBeforeSendEvent,
  ChatErrorEvent,
  ChatMessageEvent,
  ChatNotificationEvent,
  ChatSendEvent,
  ChatSendFailedEvent,
  ChatStateChangeEvent,
  ChatTokenExpiredEvent,
  ChatUnreadChangeEvent,
} from './elements/events.js';
export { registerLocale, type Terms } from './locale/index.js';
export * from './headless.js';
