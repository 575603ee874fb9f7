/**
 * Wraps a dynamic import so that it can be retried. Firefox caches a failed module load for the lifetime of the page,
 * so a retry adds a query to the failed address. Other browsers do not name the address in the error, and need no
 * workaround.
 * @returns a function that loads the module once; after a failure, the next call tries again.
 */
export function lazyImport<Module>(load: () => Promise<Module>): () => Promise<Module> {
  let failedUrl: string | undefined;
  let loading: Promise<Module> | undefined;
  return () =>
    (loading ??= (
      failedUrl ? (import(/* @vite-ignore */ `${failedUrl}?${Date.now()}`) as Promise<Module>) : load()
    ).catch((thrown: unknown) => {
      loading = undefined;
      failedUrl ??= /https?:\S+/.exec(String(thrown))?.[0];
      throw thrown;
    }));
}
