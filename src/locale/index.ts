export { ago, type Words } from './relative-time.js';
export { enBeside } from './en-secondary.js';
export { enExtras } from './en-rich-parts.js';
export { isSameDay, Localize, registerLocale, speak, termsOf } from './localize.js';
export type { Terms } from './translation.js';
