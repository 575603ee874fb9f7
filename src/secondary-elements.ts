/** The elements in the chunk that chat.js requests on startup: see chat.ts. */
export { ChatLauncherElement } from './elements/chat-launcher/chat-launcher.js';
export { ChatRoomsElement } from './elements/chat-rooms/chat-rooms.js';
export { ChatStatusElement } from './elements/chat-status/chat-status.js';
