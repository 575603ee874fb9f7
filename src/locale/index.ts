export * from './localize.js';
export type { Terms } from './terms.js';
