/** `unified-chat/headless`: the connection without elements or Lit, for apps that render their own chat. */
export {
  ChatConnection,
  type ConnectionConfig,
  type ConnectionDependencies,
  type SendOptions,
  type SendResult,
} from './client/index.js';
export type { ChatRoom, DeleteOptions, JumpResult, JumpTarget } from './client/index.js';
export type { AddOptions, ChatUploads, ConversationOptions, People, SearchOptions } from './client/index.js';
export type { RoomAction } from './store/permissions.js';
export type { ChatData, ChatMessage, ChatUser, ConnectionEvents, Listener, Thread, Typist } from './client/index.js';
export type { Reason, ReasonCode } from './locale/state-reasons.js';
export type { ChatState, ConnectionState, Method, NextTry } from './model/index.js';
export type { Timing } from './session/index.js';
export { attachmentUrl, ChatError, type Clock, type ErrorCode } from './transport/index.js';
export type { Upload } from './model/index.js';
export type { Attachment, Id, Message, Room, RoomMember, RoomSettings, User } from './protocol/index.js';
