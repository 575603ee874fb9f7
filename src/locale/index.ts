export { registerTranslation } from '@shoelace-style/localize';
export * from './localize.js';
export type { Terms } from './terms.js';
