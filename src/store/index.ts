export type * from './config.js';
export * from './connection.js';
export type * from './happenings.js';
export * from './selectors.js';
export * from './state.js';
