export * from '../store/index.js';
export * from './chat-connection.js';
export type * from './chat-room.js';
export type * from './chat-uploads.js';
export type * from './config.js';
export type * from './events.js';
export type * from './people.js';
export * from './sendable-text.js';
