import { expect } from '@open-wc/testing';
import { Heartbeat } from '../../src/session/heartbeat.js';
import { FakeClock } from '../support/fake-clock.js';

const HOUR_MS = 3_600_000;

/** Timers fire late, as in a background tab. The wall clock may change, which does not affect timers. */
class LazyClock extends FakeClock {
  lateMs = 0;
  setMs = 0;

  override now(): number {
    return super.now() + this.setMs;
  }

  override after(ms: number, run: () => void): () => void {
    return super.after(Math.max(ms, this.lateMs), run);
  }
}

describe('the heartbeat', () => {
  let clock: LazyClock;
  let pings: number;
  let dead: number;
  let heart: Heartbeat;
  beforeEach(() => {
    clock = new LazyClock();
    pings = dead = 0;
    heart = new Heartbeat(
      clock,
      25_000,
      () => pings++,
      () => (dead++, heart.stop()),
    );
  });

  it('detects a dead connection in a background tab whose timers fire once a minute', async () => {
    clock.lateMs = 60_000;
    await clock.advance(200_000);
    expect([dead, pings > 0]).to.deep.equal([1, true]);
  });

  it('keeps a live connection in such a tab', async () => {
    clock.lateMs = 60_000;
    for (let minute = 0; minute < 10; minute++) {
      await clock.advance(60_000);
      heart.alive();
    }
    expect(dead).to.equal(0);
    heart.stop();
  });

  it('gives a connection one more chance after a sleep, and only one', async () => {
    clock.sleep(8 * HOUR_MS);
    await clock.advance(2_900);
    expect([dead, pings]).to.deep.equal([0, 1]);
    await clock.advance(100);
    expect(dead).to.equal(1);
  });

  it('is not affected by a clock that is set back', async () => {
    await clock.advance(20_000);
    clock.setMs = -5 * HOUR_MS;
    await clock.advance(45_000);
    expect([pings, dead]).to.deep.equal([1, 1]);
  });
});
