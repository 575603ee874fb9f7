export { ago } from './ago.js';
export { enBeside } from './en-beside.js';
export { enExtras } from './en-extras.js';
export { isSameDay, Localize, registerLocale } from './localize.js';
export type { Terms } from './terms.js';
