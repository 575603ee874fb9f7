import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FilterResults } from '../../src/elements/chat-rooms/filter-results.js';
import { FakeClock } from '../support/fake-clock.js';

describe('12.5: results of the room filter', () => {
  function typed(): { clock: FakeClock; texts: string[]; results: FilterResults } {
    const clock = new FakeClock();
    const texts: string[] = [];
    return { clock, texts, results: new FilterResults(clock, (text) => texts.push(text)) };
  }

  it('are announced once, when typing pauses, however long it took', async () => {
    const { clock, texts, results } = typed();
    for (const count of [9, 7, 5, 3, 2]) {
      results.changed(() => `${count} results`);
      await clock.advance(900);
    }
    assert.deepEqual(texts.filter(Boolean), []);
    await clock.advance(100);
    assert.deepEqual(texts.filter(Boolean), ['2 results']);
    await clock.advance(60_000);
    assert.equal(texts.filter(Boolean).length, 1);
  });

  it('are those at the time of the announcement, and withdrawn when typing continues', async () => {
    const { clock, texts, results } = typed();
    let count = 2;
    results.changed(() => `${count} results`);
    count = 3;
    await clock.advance(1_000);
    assert.deepEqual(texts, ['', '3 results']);
    results.changed(() => '');
    assert.deepEqual(texts, ['', '3 results', '']);
  });

  it('are not announced after the list was removed', async () => {
    const { clock, texts, results } = typed();
    results.changed(() => '2 results');
    results.stop();
    await clock.advance(60_000);
    assert.deepEqual([texts.filter(Boolean), clock.pending], [[], 0]);
  });
});
