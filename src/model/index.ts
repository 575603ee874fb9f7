/** The types that session and store share. Neither imports the other: the client joins them. */
export * from './connection-state.js';
export * from './new-room.js';
export * from './session-events.js';
export * from './stored-message.js';
export type * from './upload.js';
