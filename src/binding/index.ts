export * from './connection-finder.js';
export * from './context.js';
export { offer, openWith } from './page.js';
