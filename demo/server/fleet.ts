/** What the processes of one backend share. A process that is alone shares it with itself. */
import type { RateLimiterAbstract } from 'rate-limiter-flexible';
import type { Bus } from './bus.js';
import type { Hub } from './hub.js';
import { localRate } from './limits.js';
import type { ResolvedOptions } from './options.js';
import { localPresence, type Presence } from './presence.js';

export interface Fleet {
  bus: Bus;
  presence: Presence;
  rate: RateLimiterAbstract;
  close(): Promise<void>;
}

/** There are no other processes. */
export const alone = ({ limits }: ResolvedOptions, hub: Hub): Fleet => ({
  bus: { publish: () => {}, listen: () => {} },
  presence: localPresence(hub),
  rate: localRate(limits.rate),
  close: async () => {},
});
