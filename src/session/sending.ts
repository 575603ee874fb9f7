/** What sending takes: loaded beside the first connection (lazy-outbox.ts). */
export { DeviceVault } from './device-vault.js';
export { Outbox } from './outbox.js';
