import { expect } from '@open-wc/testing';
import type { Message } from '../../src/protocol/index.js';
import type { ChatMessage } from '../../src/client/index.js';
import {
  addPending,
  append,
  isUnloaded,
  merge,
  removePending,
  setDelivery,
  dropDeleted,
  type Part,
  type Timeline,
} from '../../src/store/timeline.js';
import { ChatError } from '../../src/transport/index.js';

const message = (id: number | string, more: Partial<Message> = {}): Message =>
  ({
    id,
    content: `m${id}`,
    timestamp: new Date(Date.UTC(2026, 0, 1) + Number(id) * 1000 || 0).toISOString(),
    sender: null,
    is_read: false,
    ...more,
  }) as Message;

const ids = (timeline: Timeline): unknown[] => timeline.map(({ id }) => id);
const draft = (localId: string, at = 0): Parameters<typeof addPending>[1] => ({
  localId,
  roomId: 1,
  content: localId,
  at,
});
const part = (timeline: Timeline, more: Partial<Part> = {}): Part => ({
  timeline,
  loaded: true,
  hasOlder: false,
  hasNewer: false,
  ...more,
});
const live = (timeline: Timeline, ...messages: Message[]): Timeline =>
  messages.reduce((known, each) => append(part(known), [each]), timeline);
const page = (timeline: Timeline, messages: readonly Message[]): Timeline => merge(part(timeline), messages);
const older = (timeline: Timeline, messages: readonly Message[]): Timeline =>
  merge(part(timeline, { hasOlder: true }), messages, true);

describe('a timeline', () => {
  it('inserts late messages in order, each once', () => {
    let timeline = live([], ...[5, 1, 10, 2, 9, 5, 1].map((id) => message(id)));
    expect(ids(timeline)).to.deep.equal([1, 2, 5, 9, 10]);
    timeline = live(timeline, message('11'), message('9'));
    expect(ids(timeline)).to.deep.equal([1, 2, 5, '9', 10, '11']);
  });

  it('10.25: keeps the server’s order within a page; orders pages by time, then id; appends live messages', () => {
    const at = (id: string | number, day: number): Message => message(id, { timestamp: `2026-01-0${day}T00:00:00Z` });
    // Imported: the oldest messages have the newest ids.
    let timeline = page([], [at(31, 3), at(12, 4), at(7, 5)]);
    timeline = older(timeline, [at(90, 1), at(45, 2)]);
    expect(ids(timeline), 'ids do not follow time').to.deep.equal([90, 45, 31, 12, 7]);
    timeline = page(timeline, [at(31, 3), at(12, 4), at(7, 5)]);
    expect(ids(timeline), 'the same page again').to.deep.equal([90, 45, 31, 12, 7]);
    timeline = live(timeline, at(91, 1));
    expect(ids(timeline), 'imported while the room is open').to.deep.equal([90, 45, 31, 12, 7, 91]);
    expect(ids(live(page([], [at('c', 1), at('a', 3), at('b', 2)]), at('d', 1))), 'not ours to sort').to.deep.equal([
      'c',
      'a',
      'b',
      'd',
    ]);
    expect(ids(page(page([], [at('x', 1), at('y', 3)]), [at('z', 2)])), 'between pages').to.deep.equal(['x', 'z', 'y']);
    expect(ids(page(page([], [at(2, 1)]), [at(1, 1), at(3, 1)])), 'of one moment').to.deep.equal([1, 2, 3]);
  });

  it('10.25: compares microseconds', () => {
    const at = (id: number, micros: string): Message => message(id, { timestamp: `2026-01-01T00:00:00.000${micros}Z` });
    expect(ids(page(page([], [at(1, '900')]), [at(2, '1'), at(3, '95')]))).to.deep.equal([2, 1, 3]);
  });

  it('10.25: keeps the position of a rejected message among stored ones', () => {
    let timeline = addPending(addPending(page([], [message(1)]), draft('temp_a'), null), draft('temp_b'), null);
    timeline = setDelivery(timeline, 'temp_a', 'failed', new ChatError('forbidden', 'no'));
    timeline = live(timeline, message(2), message(3));
    expect(ids(timeline)).to.deep.equal([1, 'temp_a', 2, 3, 'temp_b']);
    timeline = page(timeline, [message(1), message(2), message(3), message(4)]);
    expect(ids(timeline), 'when the page is read again').to.deep.equal([1, 'temp_a', 2, 3, 4, 'temp_b']);
    timeline = setDelivery(timeline, 'temp_a', 'sending', null);
    timeline = live(timeline, message(5));
    expect(ids(timeline), 'while it is resent').to.deep.equal([1, 'temp_a', 2, 3, 4, 5, 'temp_b']);
    timeline = live(timeline, message(6, { _tempId: 'temp_a' }));
    expect(ids(timeline), 'once it is stored').to.deep.equal([1, 2, 3, 4, 5, 6, 'temp_b']);
    expect(timeline.at(-2)!.key).to.equal('temp_a');
  });

  it('10.25: inserts a rejected message from before the loaded page when its pages are loaded', () => {
    const refused = setDelivery(
      addPending([], draft('temp_a', Date.UTC(2026, 0, 1, 0, 0, 2, 500)), null),
      'temp_a',
      'failed',
      new ChatError('forbidden', 'no'),
    );
    const timeline = merge(part(refused, { loaded: false }), [message(4), message(5)]);
    expect(ids(timeline)).to.deep.equal(['temp_a', 4, 5]);
    expect(ids(older(timeline, [message(1), message(2), message(3)]))).to.deep.equal([1, 2, 'temp_a', 3, 4, 5]);
  });

  it('keeps the server’s order among equal times: live, in a page, and in the page before', () => {
    const at = (id: string): Message => message(id, { timestamp: '2026-01-01T00:00:01Z' });
    let timeline = live([], at('q'), at('a'));
    timeline = live(timeline, at('c'));
    timeline = page(timeline, [at('a'), at('b'), at('c')]);
    timeline = older(timeline, [at('z'), at('y')]);
    expect(ids(timeline)).to.deep.equal(['z', 'y', 'q', 'a', 'b', 'c']);
  });

  it('confirms a pending message in place: same key, right position', () => {
    let timeline = addPending(addPending(page([], [message(1)]), draft('temp_a'), null), draft('temp_b'), null);
    timeline = live(timeline, message(3, { _tempId: 'temp_a' }));
    expect(timeline.map(({ key, delivery }) => `${key} ${delivery}`)).to.deep.equal([
      '#1 sent',
      'temp_a sent',
      'temp_b sending',
    ]);
    timeline = page(timeline, [message(2), message(3, { _tempId: 'temp_a' }), message(4, { _tempId: 'temp_b' })]);
    expect(timeline.map(({ key }) => key)).to.deep.equal(['#1', '#2', 'temp_a', 'temp_b']);
  });

  it('removes a pending message if its stored copy arrived first', () => {
    let timeline = addPending([], draft('temp_a'), null);
    timeline = page(timeline, [message(7)]); // from the history, without the temporary id
    timeline = live(timeline, message(7, { _tempId: 'temp_a' }));
    expect(ids(timeline)).to.deep.equal([7]);
  });

  it('never reverts a stored message', () => {
    let timeline = live([], message(1, { _tempId: 'temp_a', is_read: true }));
    timeline = setDelivery(timeline, 'temp_a', 'failed', new ChatError('timeout', 'late'));
    timeline = removePending(timeline, 'temp_a');
    timeline = page(timeline, [message(1, { is_read: false })]);
    expect([timeline[0]!.delivery, timeline[0]!.is_read]).to.deep.equal(['sent', true]);
  });

  it('removes exactly the messages that a page should contain but does not', () => {
    const known = addPending(
      page(
        [],
        [1, 2, 3, 4, 5].map((id) => message(id)),
      ),
      draft('temp_a'),
      null,
    );
    const newest = [message(3), message(5)];
    expect(ids(dropDeleted(known, newest, false, message(5))), 'messages before the page stay').to.deep.equal([
      1,
      2,
      3,
      5,
      'temp_a',
    ]);
    expect(ids(dropDeleted(known, newest, true, message(5))), 'but not if there are none before it').to.deep.equal([
      3,
      5,
      'temp_a',
    ]);
    expect(
      ids(dropDeleted(known, [message(3)], false, message(4))),
      'after it, only those that may be newer',
    ).to.deep.equal([1, 2, 3, 5, 'temp_a']);
    expect(ids(dropDeleted(known, [], true, message(3))), 'an empty room').to.deep.equal([4, 5, 'temp_a']);
  });

  it('10.25: removes nothing before a page whose times do not follow the server’s order', () => {
    const at = (id: number, day: number): Message => message(id, { timestamp: `2026-01-0${day}T00:00:00Z` });
    const known = page([], [at(1, 4), at(2, 5), at(3, 1), at(4, 6)]);
    expect(ids(dropDeleted(known, [at(3, 1), at(4, 6)], false, at(4, 6)))).to.deep.equal([1, 2, 3, 4]);
  });

  it('recognises messages older than the loaded ones if more are available', () => {
    const [old, first, later] = [5, 10, 15].map((id) => ({
      id,
      content: '',
      timestamp: '2026-11-23T12:00:00Z',
      delivery: 'sent',
    })) as unknown as [ChatMessage, ChatMessage, ChatMessage];
    expect(
      [true, false].map((isLive) => [
        isUnloaded(part([first], { hasOlder: true }), old, isLive),
        isUnloaded(part([first], { hasOlder: true }), later, isLive),
        isUnloaded(part([first]), old, isLive),
        isUnloaded(part([], { hasOlder: true }), old, isLive),
      ]),
    ).to.deep.equal([
      [true, false, false, false],
      [true, false, false, false],
    ]);
  });
});
