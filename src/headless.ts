/** The same connection with no element and no Lit: for apps that draw their own chat. */
export { ChatConnection, type ConnectionConfig, type ConnectionParts, type SendOptions, type Sent } from './store/index.js';
export type { ChatData, ChatMessage, ChatUser, Happenings, Listener, Thread, Typist } from './store/index.js';
export type { ChatState, Method, NextTry, Phase, Reason, ReasonCode, Timing } from './session/index.js';
export { ChatError, type Clock, type ErrorCode } from './transport/index.js';
export type { Id, Message, Room, User } from './protocol/index.js';
