export * from './assert-never.js';
export * from './events.js';
export * from './phase.js';
export * from './reasons.js';
export * from './session.js';
export { readClaims } from './token.js';
export { refusalOf } from './outbox.js';
export { deviceVault, type Kept, type Vault } from './vault.js';
export type { TabParts } from './tabs.js';
