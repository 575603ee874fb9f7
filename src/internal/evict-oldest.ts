const MAX_REMEMBERED = 1_000;

/** Bounds a collection to which single entries are added: beyond 1,000 the oldest one is removed. */
export function evictOldest(remembered: Map<string, unknown> | Set<string>): void {
  const [oldest] = remembered.keys();
  if (remembered.size > MAX_REMEMBERED && oldest) remembered.delete(oldest);
}
