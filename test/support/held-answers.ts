import { settle } from './fake-clock.js';
import { FULL, openFaultScene, type FaultScene } from './fault-scene.js';

export interface DelayedAnswers {
  readonly f: FaultScene;
  /**
   * Starts an action, and delays the answer to the first matching request (`GET https://…`) after the server has
   * processed it.
   * @returns a function that delivers the answer; it resolves when the action has finished.
   */
  delay(match: RegExp, action: () => unknown): Promise<() => Promise<void>>;
}

/** A connected scene with `count` messages in its room, whose answers can be delayed. */
export async function delayAnswers(
  count = 0,
  { room = 1, capabilities = FULL }: { room?: number; capabilities?: readonly string[] } = {},
): Promise<DelayedAnswers> {
  let match: RegExp | undefined;
  let release = (): void => {};
  const f = await openFaultScene((scene) => {
    for (let n = 0; n < count; n++) scene.server.store(room, 2, `m${n}`);
    const plain = scene.fetch;
    const fetch: typeof globalThis.fetch = async (input, init) => {
      const isHeld = match?.test(`${init?.method ?? 'GET'} ${String(input instanceof Request ? input.url : input)}`);
      if (isHeld) match = undefined;
      const answer = await plain(input, init);
      if (isHeld) {
        await new Promise<void>((resolve, reject) => {
          release = resolve;
          init?.signal?.addEventListener('abort', () => reject(new DOMException('', 'AbortError')));
        });
      }
      return answer;
    };
    Object.assign(scene, { fetch });
  }, capabilities);
  await f.clock.advance(20_000);
  return {
    f,
    async delay(held, action) {
      match = held;
      const done = Promise.resolve(action()).catch(() => {});
      await settle();
      return async () => {
        release();
        await done;
        await settle();
      };
    },
  };
}
