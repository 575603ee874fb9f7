export * from './assert-never.js';
export * from './events.js';
export type { Timing } from './inside.js';
export * from './phase.js';
export * from './reasons.js';
export * from './session.js';
export { readClaims } from './token.js';
export { refusalOf, type Kept, type Vault } from './vault.js';
export type { TabParts } from './tabs.js';
