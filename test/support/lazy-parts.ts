/** The parts that are loaded on demand. */
import { loadDeferred } from '../../src/session/load-deferred.js';
import { settle } from './fake-clock.js';

/**
 * Waits until parts that were asked for just now are there. A browser takes some tasks over it though it has them already, and no
 * test's clock could wait for that; but who asks later is answered later.
 */
export async function partsLoaded(): Promise<void> {
  await settle();
  await loadDeferred();
  await settle();
}

await partsLoaded();
