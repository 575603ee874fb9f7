/** What the processes of one backend share: alone, or through Redis. */
import { RateLimiterRedis, RLWrapperTimeouts, type RateLimiterAbstract } from 'rate-limiter-flexible';
import type { Bus, Telling } from './bus.js';
import type { Hub } from '../socket/hub.js';
import { localRate } from '../limits.js';
import type { Logger } from '../log.js';
import type { ResolvedOptions } from '../options.js';
import { localPresence, type Presence } from './presence.js';
import { redisPresence } from './redis-presence.js';
import { ask, openRedis, PATIENCE_MS, PREFIX, type Redis } from './redis.js';
import { toJson } from '../serialise.js';

export interface Fleet {
  bus: Bus;
  presence: Presence;
  rate: RateLimiterAbstract;
  close(): Promise<void>;
}

const CHANNEL = `${PREFIX}tellings`;
/** A process that starts while Redis is away does not wait for it for ever. */
const START_MS = 2_000;

export async function joinFleet({ redis, limits }: ResolvedOptions, hub: Hub, log: Logger): Promise<Fleet> {
  if (redis !== undefined) return throughRedis(redis, limits.rate, hub, log);
  return {
    bus: { publish: () => {}, listen: () => {} },
    presence: localPresence(hub),
    rate: localRate(limits.rate),
    close: () => Promise.resolve(),
  };
}

async function throughRedis(url: string, messagesPerMinute: number, hub: Hub, log: Logger): Promise<Fleet> {
  /** Us, among the processes. */
  const self = crypto.randomUUID();
  const asking = openRedis(url, log, 'asking');
  const listening = openRedis(url, log, 'listening');
  const presence = redisPresence(asking, hub, self);
  let hear: (telling: Telling) => void = () => {};

  const onText = (text: string): void => {
    // What we said ourselves has been delivered already.
    if (!text.startsWith(self)) hear(JSON.parse(text.slice(self.length)) as Telling);
  };
  const ready = Promise.all([asking.connect(), listening.connect().then(() => listening.subscribe(CHANNEL, onText))]);
  ready.catch((error: unknown) => log.error({ err: error }, 'Redis cannot be used'));
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([ready.catch(() => {}), new Promise((resolve) => (timer = setTimeout(resolve, START_MS)))]);
  clearTimeout(timer);

  return {
    presence,
    bus: {
      // All of them on one channel. Each message is a commit of one database, and no database commits so many that
      // reading them all would be what slows a process down; and so nobody has to know who is connected where.
      publish: (telling) => void asking.publish(CHANNEL, self + toJson(telling)).catch(() => {}),
      listen: (listener) => (hear = listener),
    },
    rate: sharedRate(asking, messagesPerMinute),
    async close() {
      presence.stop();
      // So that who left is known to have left; then nothing more is waited for.
      await ask<unknown>(asking.ping(), undefined);
      for (const redis of [asking, listening]) if (redis.isOpen) redis.destroy();
    },
  };
}

/** Counts for all processes together; for this one alone while Redis does not answer. */
function sharedRate(redis: Redis, messagesPerMinute: number): RateLimiterAbstract {
  const limiter = new RateLimiterRedis({
    storeClient: redis,
    useRedisPackage: true,
    rejectIfRedisNotReady: true,
    keyPrefix: `${PREFIX}rate`,
    points: messagesPerMinute,
    duration: 60,
    insuranceLimiter: localRate(messagesPerMinute),
  });
  return new RLWrapperTimeouts({ limiter, timeoutMs: PATIENCE_MS });
}
