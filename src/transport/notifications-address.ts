import type { Address } from './address.js';

/** The address of the notifications socket of one user, without a token. */
export const notificationsSocket = (address: Address, userId: string | number): string =>
  `${address.base.replace(/^http/, 'ws')}/ws/notifications/${encodeURIComponent(userId)}/`;
