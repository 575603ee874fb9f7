/** State that the processes of one backend share: in memory for a single process, otherwise in Redis. */
import { RateLimiterRedis, RLWrapperTimeouts } from 'rate-limiter-flexible';
import type { Bus, BusMessage } from './bus.js';
import type { Hub } from '../socket/hub.js';
import type { Logger } from '../log.js';
import type { ResolvedOptions } from '../options.js';
import { localRateLimiter, type CreateLimiter } from '../rate-limits.js';
import { localPresence, type Presence } from './presence.js';
import { redisPresence } from './redis-presence.js';
import { withFallback, openRedis, COMMAND_TIMEOUT_MS, PREFIX, type Redis } from './redis.js';
import { toJson } from '../serialise.js';

export interface Cluster {
  bus: Bus;
  presence: Presence;
  createLimiter: CreateLimiter;
  close(): Promise<void>;
}

const CHANNEL = `${PREFIX}messages`;
/** Startup does not wait longer than this for an unavailable Redis, in ms. */
const START_MS = 2_000;

export async function joinCluster(options: ResolvedOptions, hub: Hub, log: Logger): Promise<Cluster> {
  const { redis, database } = options;
  if (redis !== undefined) return joinRedis(redis, hub, log);
  // An embedded database has one process.
  if (database.kind === 'url')
    log.warn('no REDIS_URL: every process counts limits for itself, and finds changes of others by polling');
  return {
    bus: { publish: () => {}, listen: () => {} },
    presence: localPresence(hub),
    createLimiter: (_name, perMinute) => localRateLimiter(perMinute),
    close: () => Promise.resolve(),
  };
}

async function joinRedis(url: string, hub: Hub, log: Logger): Promise<Cluster> {
  /** Id of this process. */
  const processId = crypto.randomUUID();
  const commands = openRedis(url, log, 'commands');
  const subscriber = openRedis(url, log, 'subscriber');
  const presence = redisPresence(commands, hub, processId);
  let listener: (message: BusMessage) => void = () => {};

  const onText = (text: string): void => {
    // Messages of this process are already delivered locally.
    if (!text.startsWith(processId)) listener(JSON.parse(text.slice(processId.length)) as BusMessage);
  };
  const ready = Promise.all([
    commands.connect(),
    subscriber.connect().then(() => subscriber.subscribe(CHANNEL, onText)),
  ]);
  ready.catch((error: unknown) => log.error({ err: error }, 'connecting to Redis failed'));
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([ready.catch(() => {}), new Promise((resolve) => (timer = setTimeout(resolve, START_MS)))]);
  clearTimeout(timer);

  return {
    presence,
    bus: {
      // One channel for everything: every message is also a database commit, so the database saturates before this
      // channel does, and no routing table of connected users is needed.
      publish: (message) => void commands.publish(CHANNEL, processId + toJson(message)).catch(() => {}),
      listen: (onMessage) => (listener = onMessage),
    },
    createLimiter: sharedRateLimiters(commands),
    async close() {
      presence.stop();
      // Flushes the pending commands, so that presence entries are removed.
      await withFallback<unknown>(commands.ping(), undefined);
      for (const redis of [commands, subscriber]) if (redis.isOpen) redis.destroy();
    },
  };
}

/** Count across all processes; per process while Redis does not answer. */
const sharedRateLimiters =
  (redis: Redis): CreateLimiter =>
  (name, perMinute) => {
    const limiter = new RateLimiterRedis({
      storeClient: redis,
      useRedisPackage: true,
      rejectIfRedisNotReady: true,
      keyPrefix: `${PREFIX}${name}`,
      points: perMinute,
      duration: 60,
      insuranceLimiter: localRateLimiter(perMinute),
    });
    return new RLWrapperTimeouts({ limiter, timeoutMs: COMMAND_TIMEOUT_MS });
  };
