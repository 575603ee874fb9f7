export * from './connection-finder.js';
export * from './context.js';
export { offer } from './page.js';
