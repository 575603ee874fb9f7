export { ago } from './ago.js';
export { isSameDay, Localize, registerLocale } from './localize.js';
export type { Terms } from './terms.js';
