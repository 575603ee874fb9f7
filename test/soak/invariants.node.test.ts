/** Tests the invariants of the soak test: each violation is introduced on purpose and must be found. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgeGrowth, judgeLeak, slope, type Sample } from './heap.js';
import { makePlan } from './plan.js';
import { Random } from './random.js';
import type { Row } from './server-process.js';
import { contentOf, findViolations, type Author } from './invariants.js';

const ROOM = 1;
const row = (id: number, number: number, more: Partial<Row> = {}): Row => ({
  id,
  room_id: ROOM,
  sender_id: 1,
  content: contentOf('ana', ROOM, number),
  temp_id: `t${number}`,
  ...more,
});
const ROWS = [row(11, 1), row(12, 2), row(13, 3)];
const SEED: Row = { id: 1, room_id: ROOM, sender_id: 2, content: 'Hello', temp_id: null };
const attempted = new Set([1, 2, 3].map((number) => contentOf('ana', ROOM, number)));

/** @param numbers The accepted messages. */
const ana = (ids: unknown[], numbers = [1, 2, 3], refused: string[] = []): Author => ({
  name: 'ana',
  userId: 1,
  accepted: new Map(numbers.map((number) => [`t${number}`, { room: ROOM, content: contentOf('ana', ROOM, number) }])),
  refused: new Set(refused),
  shown: [{ room: ROOM, ids }],
});
const violations = (rows: Row[], author = ana(rows.map(({ id }) => id))): string =>
  findViolations(
    [SEED, ...rows],
    [{ ...author, shown: author.shown.map(({ room, ids }) => ({ room, ids: [1, ...ids] })) }],
    attempted,
  ).join('\n');

describe('the invariants', () => {
  it('hold without faults', () => {
    assert.equal(violations(ROWS), '');
    assert.equal(violations(ROWS, ana([11, '12', 13])), '');
    // Stored but not reported as accepted: the page was closed before.
    assert.equal(violations(ROWS, ana([11, 12, 13], [1, 3])), '');
    // By REST, before the first greeting.
    assert.equal(violations([row(11, 1, { temp_id: null }), ...ROWS.slice(1)]), '');
  });

  it('find lost and altered messages', () => {
    assert.match(violations(ROWS.slice(1)), /#1 \(t1\) was accepted but is not stored/);
    for (const more of [{ temp_id: 't9' }, { sender_id: 2 }, { room_id: 2 }])
      assert.match(violations([row(11, 1, more), ...ROWS.slice(1)]), /#1 \(t1\) was accepted but is not stored/);
  });

  it('find duplicates, and messages that were never sent', () => {
    assert.match(violations([...ROWS, row(14, 2, { temp_id: 't9' })]), /#2 is stored more than once/);
    assert.match(violations([...ROWS, row(14, 4)]), /#4 was stored but never sent/);
  });

  it('find messages out of their author’s order, except after a rejection', () => {
    const swapped = [row(11, 1), row(12, 3), row(13, 2)];
    assert.match(violations(swapped), /#2 is stored after a later message/);
    assert.equal(violations(swapped, ana([11, 12, 13], [1, 2, 3], ['t2'])), '');
  });

  it('find messages that a page does not show, or shows in excess, twice, out of order, or as not sent', () => {
    assert.match(violations(ROWS, ana([11, 13])), /12 is missing in room 1 of ana/);
    assert.match(violations(ROWS, ana([11, 12, 13, 14])), /14 is unexpected in room 1 of ana/);
    assert.match(violations(ROWS, ana([11, 12, 12, 13])), /12 is duplicated in room 1 of ana/);
    assert.match(violations(ROWS, ana([12, 11, 13])), /the order in room 1 of ana/);
    assert.match(violations(ROWS, ana([11, 12, 13, 'not sent: t4'])), /not sent: t4 is unexpected/);
  });
});

describe('the heap', () => {
  /** Twenty samples, half a minute apart, of a page that grows by a number of bytes per minute, and 400 per message. */
  const samples = (growth: number): Sample[] =>
    Array.from({ length: 20 }, (_, n) => ({
      at: n / 2,
      held: n * 500,
      heap: 3e6 + n * 500 * 400 + (n / 2) * growth,
      nodes: 400,
      listeners: 30,
    }));

  it('may grow with its messages, and little beyond', () => {
    assert.deepEqual(judgeGrowth('ana', samples(50_000), 400, true).violations, []);
    assert.match(judgeGrowth('ana', samples(500_000), 400, true).violations.join(), /grows by 500 kB per minute/);
  });

  it('is not judged with too few samples, or after a reload', () => {
    assert.deepEqual(judgeGrowth('ana', samples(500_000).slice(0, 4), 400, true).violations, []);
    assert.deepEqual(judgeGrowth('ben', samples(500_000), 400, false).violations, []);
  });

  it('may exceed that of the reloaded page only slightly', () => {
    const [old] = samples(0) as [Sample];
    assert.deepEqual(judgeLeak('ana', old, { ...old, heap: old.heap - 1e6 }).violations, []);
    assert.match(judgeLeak('ana', { ...old, heap: 9e6 }, old).violations.join(), /6.0 MB leaked/);
  });

  it('has its slope computed by least squares', () =>
    assert.equal(
      slope([
        { at: 0, value: 1 },
        { at: 1, value: 3 },
        { at: 2, value: 5 },
      ]),
      2,
    ));
});

describe('the plan', () => {
  const plan = makePlan(new Random(7), 600_000);

  it('is determined by its seed', () => {
    assert.deepEqual(makePlan(new Random(7), 600_000), plan);
    assert.notDeepEqual(makePlan(new Random(8), 600_000), plan);
  });

  it('contains faults of all kinds within ten minutes, and never reloads Ana’s page', () => {
    const names = new Set(plan.map(({ name }) => name));
    for (const name of [
      'cut',
      'half-open',
      'refused',
      'stripped',
      'black hole',
      'offline',
      'reload',
      'frames dropped',
      'server: restart',
      'server: crash',
    ])
      assert.ok(names.has(name), name);
    assert.ok(plan.every(({ who, name }) => who !== 'ana' || name !== 'reload'));
  });
});
