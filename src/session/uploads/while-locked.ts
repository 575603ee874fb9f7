/** Runs a function while no other tab holds the lock. Without locks, or if the browser refuses them, at once. */
export async function whileLocked<T>(
  locks: LockManager | undefined,
  name: string,
  signal: AbortSignal,
  run: () => Promise<T>,
): Promise<T> {
  let result: Promise<T> | undefined;
  try {
    if (locks)
      await locks.request(name, { signal }, () =>
        (result = run()).then(
          () => {},
          () => {},
        ),
      );
  } catch {
    // Some browsers throw, for example in a sandboxed page.
  }
  return result ?? run();
}
