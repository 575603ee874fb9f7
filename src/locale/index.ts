export { enSecondary } from './en-secondary.js';
export {
  canonicalTag,
  isSameDay,
  Localize,
  registerLocale,
  setServerLanguage,
  supportedTag,
  termsOf,
} from './localize.js';
export { relativeTime, type RelativeTimeLocale } from './relative-time.js';
export type { Terms } from './translation.js';
