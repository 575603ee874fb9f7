/** A Redis client that reconnects, and logs each outage once and each recovery once. */
import { createClient } from '@redis/client';
import type { Logger } from '../log.js';

export type Redis = ReturnType<typeof openRedis>;

/** The connection counts as lost after this long without any data. */
const SILENCE_MS = 5_000;
const LONGEST_WAIT_MS = 2_000;
/** How long optional operations wait for an answer. */
export const COMMAND_TIMEOUT_MS = 300;

/** Prefix of all Redis keys and channels. */
export const PREFIX = 'unified-chat:';

export function openRedis(url: string, log: Logger, role: string) {
  const redis = createClient({
    url,
    // Every caller has a fallback, so commands are not queued while offline.
    disableOfflineQueue: true,
    pingInterval: SILENCE_MS / 2,
    socket: {
      connectTimeout: SILENCE_MS,
      socketTimeout: SILENCE_MS,
      reconnectStrategy: (retries) => Math.min(100 * 2 ** retries, LONGEST_WAIT_MS),
    },
  });
  let isLost = false;
  redis.on('error', (error: Error) => {
    if (!isLost)
      log.error({ reason: error.message, role }, 'Redis connection lost: updates between processes are delayed');
    isLost = true;
  });
  redis.on('ready', () => {
    if (isLost) log.warn({ role }, 'Redis connection restored');
    isLost = false;
  });
  return redis;
}

/** Resolves with the answer, or with `fallback` on error or timeout. */
export async function withFallback<T>(answer: Promise<T>, fallback: T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<T>((resolve) => (timer = setTimeout(resolve, COMMAND_TIMEOUT_MS, fallback)));
  try {
    return await Promise.race([answer.catch(() => fallback), timeout]);
  } finally {
    clearTimeout(timer);
  }
}
