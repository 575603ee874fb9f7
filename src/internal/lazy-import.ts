/**
 * Loads a part that is a file of its own. Firefox remembers for as long as the page lives that one could not be loaded, so it is asked
 * for under another name the next time; the others say nothing of the name, and need none.
 * @returns what to call for it, again after each failure.
 */
export function lazyImport<Part>(load: () => Promise<Part>): () => Promise<Part> {
  let failed: string | undefined;
  let code: Promise<Part> | undefined;
  return () =>
    (code ??= (failed ? (import(/* @vite-ignore */ `${failed}?${Date.now()}`) as Promise<Part>) : load()).catch((thrown: unknown) => {
      code = undefined;
      failed ??= /https?:\S+/.exec(String(thrown))?.[0];
      throw thrown;
    }));
}
