/** A soak that cannot fail says nothing: each thing that it looks for, put there on purpose. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgeGrowth, judgeLeft, slope, type Sample } from './heap.js';
import { makePlan } from './plan.js';
import { Chance } from './random.js';
import type { Row } from './server-process.js';
import { contentOf, judge, type Author } from './invariants.js';

const ROOM = 1;
const row = (id: number, number: number, more: Partial<Row> = {}): Row => ({ id, room_id: ROOM, sender_id: 1, content: contentOf('ana', ROOM, number), temp_id: `t${number}`, ...more });
const ROWS = [row(11, 1), row(12, 2), row(13, 3)];
const SEED: Row = { id: 1, room_id: ROOM, sender_id: 2, content: 'Hello', temp_id: null };
const attempted = new Set([1, 2, 3].map((number) => contentOf('ana', ROOM, number)));

/** @param numbers of the messages that were accepted. */
const ana = (ids: unknown[], numbers = [1, 2, 3], refused: string[] = []): Author => ({
  name: 'ana',
  userId: 1,
  accepted: new Map(numbers.map((number) => [`t${number}`, { room: ROOM, content: contentOf('ana', ROOM, number) }])),
  refused: new Set(refused),
  shown: [{ room: ROOM, ids }],
});
const verdict = (rows: Row[], author = ana(rows.map(({ id }) => id))): string => judge([SEED, ...rows], [{ ...author, shown: author.shown.map(({ room, ids }) => ({ room, ids: [1, ...ids] })) }], attempted).join('\n');

describe('the verdict', () => {
  it('is silent where all is well', () => {
    assert.equal(verdict(ROWS), '');
    assert.equal(verdict(ROWS, ana([11, '12', 13])), '');
    // Accepted by nobody, and stored: its page was gone before it could say so.
    assert.equal(verdict(ROWS, ana([11, 12, 13], [1, 3])), '');
    // By REST, before the first greeting.
    assert.equal(verdict([row(11, 1, { temp_id: null }), ...ROWS.slice(1)]), '');
  });

  it('finds what is lost, or stored as something else', () => {
    assert.match(verdict(ROWS.slice(1)), /#1 \(t1\) was accepted, and is not stored/);
    for (const more of [{ temp_id: 't9' }, { sender_id: 2 }, { room_id: 2 }]) assert.match(verdict([row(11, 1, more), ...ROWS.slice(1)]), /#1 \(t1\) was accepted, and is not stored/);
  });

  it('finds what is stored twice, or was never written', () => {
    assert.match(verdict([...ROWS, row(14, 2, { temp_id: 't9' })]), /#2 is stored more than once/);
    assert.match(verdict([...ROWS, row(14, 4)]), /#4 was stored though nobody wrote it/);
  });

  it('finds what is out of its author’s order, but for what was refused in between', () => {
    const swapped = [row(11, 1), row(12, 3), row(13, 2)];
    assert.match(verdict(swapped), /#2 is stored after a later one/);
    assert.equal(verdict(swapped, ana([11, 12, 13], [1, 2, 3], ['t2'])), '');
  });

  it('finds what a page does not show, shows too much, twice, in another order, or still as not sent', () => {
    assert.match(verdict(ROWS, ana([11, 13])), /12 is missing in room 1 of ana/);
    assert.match(verdict(ROWS, ana([11, 12, 13, 14])), /14 is too much in room 1 of ana/);
    assert.match(verdict(ROWS, ana([11, 12, 12, 13])), /12 is there twice in room 1 of ana/);
    assert.match(verdict(ROWS, ana([12, 11, 13])), /the order in room 1 of ana/);
    assert.match(verdict(ROWS, ana([11, 12, 13, 'not sent: t4'])), /not sent: t4 is too much/);
  });
});

describe('the heap', () => {
  /** Twenty samples, half a minute apart, of a page that grows by so many bytes a minute, and by 400 for each message. */
  const samples = (growth: number): Sample[] =>
    Array.from({ length: 20 }, (_, n) => ({ at: n / 2, held: n * 500, heap: 3e6 + n * 500 * 400 + (n / 2) * growth, nodes: 400, listeners: 30 }));

  it('may grow by its messages, and by little else', () => {
    assert.deepEqual(judgeGrowth('ana', samples(50_000), 400, true).wrong, []);
    assert.match(judgeGrowth('ana', samples(500_000), 400, true).wrong.join(), /grows by 500 kB a minute/);
  });

  it('is not judged by too few samples, nor where the page was loaded anew', () => {
    assert.deepEqual(judgeGrowth('ana', samples(500_000).slice(0, 4), 400, true).wrong, []);
    assert.deepEqual(judgeGrowth('ben', samples(500_000), 400, false).wrong, []);
  });

  it('is that of the same page loaded anew, or little more', () => {
    const [old] = samples(0) as [Sample];
    assert.deepEqual(judgeLeft('ana', old, { ...old, heap: old.heap - 1e6 }).wrong, []);
    assert.match(judgeLeft('ana', { ...old, heap: 9e6 }, old).wrong.join(), /6.0 MB are left over/);
  });

  it('knows a slope', () => assert.equal(slope([{ at: 0, value: 1 }, { at: 1, value: 3 }, { at: 2, value: 5 }]), 2));
});

describe('the plan', () => {
  const plan = makePlan(new Chance(7), 600_000);

  it('is the same for the same seed, and another for another', () => {
    assert.deepEqual(makePlan(new Chance(7), 600_000), plan);
    assert.notDeepEqual(makePlan(new Chance(8), 600_000), plan);
  });

  it('has troubles of each kind in ten minutes, and never loads Ana’s page anew', () => {
    const names = new Set(plan.map(({ name }) => name));
    for (const name of ['cut', 'half-open', 'refused', 'stripped', 'black hole', 'offline', 'reload', 'frames dropped', 'server: restart', 'server: crash']) assert.ok(names.has(name), name);
    assert.ok(plan.every(({ who, name }) => who !== 'ana' || name !== 'reload'));
  });
});
