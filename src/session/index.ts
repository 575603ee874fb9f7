export * from './assert-never.js';
export * from './events.js';
export type { NotificationState } from './notifications.js';
export * from './phase.js';
export * from './reasons.js';
export * from './session.js';
export { readClaims } from './token.js';
export { refusalOf, type Kept, type Vault } from './vault.js';
export type { TabParts } from './tabs.js';
