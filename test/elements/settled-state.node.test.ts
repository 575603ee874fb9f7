import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ChatState } from '../../src/model/index.js';
import { SettledState } from '../../src/elements/settled-state.js';
import { FakeClock } from '../support/fake-clock.js';

describe('12.17: the state that users are told', () => {
  function settled(): { states: (state: ChatState, ms?: number) => Promise<ChatState>; changes: ChatState[] } {
    const clock = new FakeClock();
    const changes: ChatState[] = [];
    const state: SettledState = new SettledState(clock, () => changes.push(state.value));
    return {
      changes,
      async states(next, ms = 0) {
        state.update(next);
        if (ms > 0) await clock.advance(ms);
        return state.value;
      },
    };
  }

  it('leaves out an interruption of less than three seconds', async () => {
    const { states, changes } = settled();
    assert.equal(await states('connected'), 'connected');
    assert.equal(await states('reconnecting', 2_900), 'connected');
    assert.equal(await states('connected', 10_000), 'connected');
    assert.deepEqual(changes, []);
  });

  it('counts several states of one interruption together, and reports the latest', async () => {
    const { states, changes } = settled();
    await states('connected');
    await states('reconnecting', 2_000);
    assert.equal(await states('polling', 900), 'connected');
    assert.equal(await states('polling', 200), 'polling');
    assert.deepEqual(changes, ['polling']);
    assert.equal(await states('reconnecting'), 'reconnecting', 'it is known already that there is a problem');
    assert.equal(await states('connected'), 'connected');
  });

  it('mentions polling for ten seconds', async () => {
    const clock = new FakeClock();
    const state = new SettledState(clock, () => {});
    state.update('polling');
    await clock.advance(3_000);
    assert.deepEqual([state.value, state.isKnown], ['polling', false]);
    await clock.advance(9_900);
    assert.equal(state.isKnown, false);
    await clock.advance(200);
    assert.equal(state.isKnown, true);
    state.update('offline');
    assert.equal(state.isKnown, false);
  });

  for (const state of ['offline', 'unauthorized', 'error', 'idle'] as const) {
    it(`reports at once: ${state}`, async () => {
      const { states } = settled();
      await states('connected');
      assert.equal(await states(state), state);
    });
  }
});
