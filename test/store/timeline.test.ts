import { expect } from '@open-wc/testing';
import type { Message } from '../../src/protocol/index.js';
import type { ChatMessage } from '../../src/store/index.js';
import { isUnloaded, addPending, merge, removePending, setDelivery, withoutGone, type Timeline } from '../../src/store/timeline.js';
import { ChatError } from '../../src/transport/index.js';

const message = (id: number | string, more: Partial<Message> = {}): Message =>
  ({ id, content: `m${id}`, timestamp: new Date(Date.UTC(2026, 0, 1) + Number(id) * 1000 || 0).toISOString(), sender: null, is_read: false, ...more }) as Message;

const ids = (timeline: Timeline): unknown[] => timeline.map(({ id }) => id);
const draft = (localId: string): Parameters<typeof addPending>[1] => ({ localId, roomId: 1, content: localId, at: 0 });

describe('a timeline', () => {
  it('is in the order of ids, whatever order they come in, and holds each once', () => {
    let timeline: Timeline = [];
    for (const id of [5, 1, 10, 2, 9, 5, 1]) timeline = merge(timeline, [message(id)]);
    expect(ids(timeline)).to.deep.equal([1, 2, 5, 9, 10]);
    timeline = merge(timeline, [message('11'), message('9')]);
    expect(ids(timeline)).to.deep.equal([1, 2, 5, '9', 10, '11']);
  });

  it('goes by time where ids have no order', () => {
    const at = (id: string, second: number): Message => message(id, { timestamp: `2026-01-01T00:00:0${second}Z` });
    const timeline = merge([], [at('c', 1), at('a', 3), at('b', 2), at('a', 3)]);
    expect(ids(timeline)).to.deep.equal(['c', 'b', 'a']);
  });

  it('keeps the server’s order among those of one moment, live, in a page, and in the page before', () => {
    const at = (id: string): Message => message(id, { timestamp: '2026-01-01T00:00:01Z' });
    let timeline = merge([], [at('q'), at('a')]);
    timeline = merge(timeline, [at('c')]);
    timeline = merge(timeline, [at('a'), at('c'), at('b')]);
    timeline = merge(timeline, [at('z'), at('y')], true);
    expect(ids(timeline)).to.deep.equal(['z', 'y', 'q', 'a', 'c', 'b']);
  });

  it('confirms a pending message in place: same key, right position', () => {
    let timeline = addPending(addPending(merge([], [message(1)]), draft('temp_a'), null), draft('temp_b'), null);
    timeline = merge(timeline, [message(3, { _tempId: 'temp_a' })]);
    expect(timeline.map(({ key, delivery }) => `${key} ${delivery}`)).to.deep.equal(['#1 sent', 'temp_a sent', 'temp_b sending']);
    timeline = merge(timeline, [message(2), message(3, { _tempId: 'temp_a' }), message(4, { _tempId: 'temp_b' })]);
    expect(timeline.map(({ key }) => key)).to.deep.equal(['#1', '#2', 'temp_a', 'temp_b']);
  });

  it('takes a pending message away when its stored twin came before the news of it', () => {
    let timeline = addPending([], draft('temp_a'), null);
    timeline = merge(timeline, [message(7)]); // from the history, without the temporary id
    timeline = merge(timeline, [message(7, { _tempId: 'temp_a' })]);
    expect(ids(timeline)).to.deep.equal([7]);
  });

  it('never lets a stored message go back', () => {
    let timeline = merge([], [message(1, { _tempId: 'temp_a', is_read: true })]);
    timeline = setDelivery(timeline, 'temp_a', 'failed', new ChatError('timeout', 'late'));
    timeline = removePending(timeline, 'temp_a');
    timeline = merge(timeline, [message(1, { is_read: false })]);
    expect([timeline[0]!.delivery, timeline[0]!.is_read]).to.deep.equal(['sent', true]);
  });

  it('takes away what a page should hold and does not, and nothing else', () => {
    const known = addPending(merge([], [1, 2, 3, 4, 5].map((id) => message(id))), draft('temp_a'), null);
    const page = [message(3), message(5)];
    expect(ids(withoutGone(known, page, false, 5)), 'what is before the page stays').to.deep.equal([1, 2, 3, 5, 'temp_a']);
    expect(ids(withoutGone(known, page, true, 5)), 'but not where nothing is before it').to.deep.equal([3, 5, 'temp_a']);
    expect(ids(withoutGone(known, [message(3)], false, 4)), 'after it, only what may have come since').to.deep.equal([1, 2, 3, 5, 'temp_a']);
    expect(ids(withoutGone(known, [], true, 3)), 'an empty room').to.deep.equal([4, 5, 'temp_a']);
  });

  it('stays fast when it is long', () => {
    const long = Array.from({ length: 10_000 }, (_, n) => message(n + 1));
    let timeline = merge([], long);
    const start = performance.now();
    for (let n = 0; n < 200; n++) timeline = merge(timeline, [message(10_001 + n)]);
    // A second's worth of a very busy room, in a small part of that second.
    expect(performance.now() - start).to.be.below(300);
  });

  it('knows what belongs before the first message that is loaded, where more is not', () => {
    const [old, first, later] = [5, 10, 15].map((id) => ({ id, content: '', timestamp: '2026-11-23T12:00:00Z', delivery: 'sent' })) as unknown as [ChatMessage, ChatMessage, ChatMessage];
    expect([isUnloaded([first], true, old), isUnloaded([first], true, later), isUnloaded([first], false, old), isUnloaded([], true, old)]).to.deep.equal([true, false, false, false]);
  });
});
