const MAX_ENTRIES = 1_000;

/** Bounds a collection that grows by one entry at a time: call it after each insertion. */
export function evictOldest(entries: Map<string, unknown> | Set<string>): void {
  const [oldest] = entries.keys();
  if (entries.size > MAX_ENTRIES && oldest) entries.delete(oldest);
}
