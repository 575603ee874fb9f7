/** A line to Redis that comes back by itself, and says once that it is gone, and once that it is back. */
import { createClient } from '@redis/client';
import type { Logger } from '../log.js';

export type Redis = ReturnType<typeof openRedis>;

/** Silence for so long means that nobody is there any more. */
const SILENCE_MS = 5_000;
const LONGEST_WAIT_MS = 2_000;
/** How long something that can be done without waits for an answer. */
export const PATIENCE_MS = 300;

/** Everything in Redis begins with this. */
export const PREFIX = 'unified-chat:';

export function openRedis(url: string, log: Logger, use: string) {
  const redis = createClient({
    url,
    // What cannot be asked now is not worth asking later: there is always another way.
    disableOfflineQueue: true,
    pingInterval: SILENCE_MS / 2,
    socket: { connectTimeout: SILENCE_MS, socketTimeout: SILENCE_MS, reconnectStrategy: (retries) => Math.min(100 * 2 ** retries, LONGEST_WAIT_MS) },
  });
  let isGone = false;
  redis.on('error', (error: Error) => {
    if (!isGone) log.error({ reason: error.message, use }, 'Redis is gone: other processes hear of us, and we of them, late');
    isGone = true;
  });
  redis.on('ready', () => {
    if (isGone) log.warn({ use }, 'Redis is back');
    isGone = false;
  });
  return redis;
}

/** What Redis answers, or `otherwise` where it does not, or not soon. */
export async function ask<T>(answer: Promise<T>, otherwise: T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<T>((resolve) => (timer = setTimeout(resolve, PATIENCE_MS, otherwise)));
  try {
    return await Promise.race([answer.catch(() => otherwise), late]);
  } finally {
    clearTimeout(timer);
  }
}
