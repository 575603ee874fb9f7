import type { Address } from './address.js';

/** The notifications socket of one user, without its token. */
export const notificationsSocket = (address: Address, userId: string | number): string =>
  `${address.base.replace(/^http/, 'ws')}/ws/notifications/${encodeURIComponent(userId)}/`;
