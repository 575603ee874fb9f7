export { isAllowed, type RoomAction } from './permissions.js';
export * from './selectors.js';
export * from './state.js';
