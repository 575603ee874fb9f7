/** A request leaves nothing behind on the signal of its session, which lives as long as the page. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { systemClock, withDeadline } from '../../src/transport/index.js';

setFlagsFromString('--expose_gc');
const collectGarbage = runInNewContext('gc') as () => void;
const REQUESTS = 50;

describe('a request with a deadline', () => {
  for (const [outcome, run] of [
    ['succeeds', () => Promise.resolve(1)],
    ['fails', () => Promise.reject(new Error('no network'))],
  ] as const) {
    it(`keeps nothing alive once it ${outcome}, while the session goes on`, async () => {
      const session = new AbortController();
      const signals: WeakRef<AbortSignal>[] = [];
      for (let count = 0; count < REQUESTS; count++) {
        const request = (signal: AbortSignal): Promise<unknown> => (signals.push(new WeakRef(signal)), run());
        await withDeadline('chat.example', request, {
          clock: systemClock,
          timeoutMs: 1_000,
          signal: session.signal,
        }).catch(() => {});
      }
      await new Promise((resolve) => setImmediate(resolve));
      collectGarbage();
      const alive = signals.filter((signal) => signal.deref()).length;
      assert.ok(alive <= 1, `${alive} of ${REQUESTS} signals are still in memory`);
      assert.equal(session.signal.aborted, false);
    });
  }
});
