export { ago, type Words } from './ago.js';
export { enBeside } from './en-beside.js';
export { enExtras } from './en-extras.js';
export { isSameDay, Localize, registerLocale, speak, termsOf } from './localize.js';
export type { Terms } from './terms.js';
