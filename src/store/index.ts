export * from './selectors.js';
export * from './state.js';
