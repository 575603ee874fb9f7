export * from './connection-finder.js';
export * from './context.js';
export { connectWith, loadConnectionWith, offer } from './page.js';
