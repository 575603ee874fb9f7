/** The chunks that are loaded on demand. */
import { loadDeferred } from '../../src/session/load-deferred.js';
import { settle } from './fake-clock.js';

/**
 * Waits until the chunks requested so far are loaded. A dynamic import takes a browser several tasks even if the module
 * is cached, and a fake clock cannot wait for that.
 */
export async function partsLoaded(): Promise<void> {
  await settle();
  await loadDeferred();
  await settle();
}

await partsLoaded();
