const MAX_ENTRIES = 1_000;

/** Bounds a collection that grows by one entry at a time: call it after each insertion. */
export function evictOldest(entries: Map<string, unknown> | Set<string>, max = MAX_ENTRIES): void {
  const [oldest] = entries.keys();
  if (entries.size > max && oldest) entries.delete(oldest);
}
