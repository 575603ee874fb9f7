/** Every frame and body recorded from a real backend passes the codec and the reducer. */
import { expect } from '@open-wc/testing';
import {
  check,
  checkEach,
  decodeChatFrame,
  decodeNotificationFrame,
  Message,
  MessagesBody,
  Room,
  roomsPage,
  sameId,
  CreatedRoomBody,
  type Id,
} from '../../src/protocol/index.js';
import { toEvent } from '../../src/transport/frames.js';
import type { TransportEvent } from '../../src/transport/index.js';
import * as pages from '../../src/store/history-pages.js';
import type { Action } from '../../src/store/actions.js';
import { reduce, usePages } from '../../src/store/reduce.js';
import { INITIAL, type ChatData } from '../../src/store/state.js';

interface Entry {
  who: string;
  event: string;
  data: unknown;
}

usePages(pages);

const load = async (name: string): Promise<Entry[]> =>
  (await fetch(new URL(`./transcripts/${name}.json`, import.meta.url))).json() as Promise<Entry[]>;
const received = (entries: Entry[], who: string): unknown[] =>
  entries.filter((entry) => entry.event === 'server frame' && entry.who === who).map(({ data }) => data);

/** Converts an event to an action, like the session. */
function actionOf(event: TransportEvent): Action | undefined {
  switch (event.type) {
    case 'connection-established':
      return { type: 'user', id: event.userId, username: event.username, isOther: false, isHidden: false };
    case 'room-list':
      return {
        type: 'rooms',
        rooms: event.rooms,
        method: 'websocket',
        leftOut: 0,
        isComplete: true,
        exactUnread: true,
      };
    case 'new-message':
      return { type: 'live-message', roomId: event.roomId, message: event.message, wasHeld: false };
    case 'typing':
    case 'message-read':
    case 'messages-marked-read':
    case 'room-updated':
      return { type: 'room-event', event };
    default:
      return undefined;
  }
}

describe('recordings of a real backend', () => {
  it('all frames of the chat socket are decoded without problems', async () => {
    const entries = (await load('django-channels')).filter(({ event }) => event === 'server frame');
    expect(entries.length).to.be.above(25);
    for (const { data } of entries) {
      const { frame, problems } = decodeChatFrame(JSON.stringify(data));
      expect(problems, JSON.stringify(data)).to.deep.equal([]);
      expect(frame).to.deep.include({ type: (data as { type: string }).type });
    }
  });

  it('all frames of the notifications socket are decoded', async () => {
    const entries = (await load('django-notifications')).filter(({ event }) => event === 'server frame');
    expect(entries.length).to.be.above(1);
    for (const { data } of entries) expect(decodeNotificationFrame(JSON.stringify(data)).problems).to.deep.equal([]);
  });

  it('all REST bodies are decoded without losses', async () => {
    const bodies = (await load('django-channels')).filter(({ event }) => / -> 20\d application\/json$/.test(event));
    expect(bodies.length).to.be.above(6);
    for (const { event, data } of bodies) {
      const path = event.split(' ')[1]!;
      if (path.includes('/send_message/')) expect(check(Message, data, event).ok, event).to.equal(true);
      else if (path.includes('start_dm')) expect(check(CreatedRoomBody, data, event).ok, event).to.equal(true);
      else if (path.includes('/messages/?')) {
        const page = check(MessagesBody, data, event);
        expect(page.ok && checkEach(Message, page.value.messages, event).problems, event).to.deep.equal([]);
        expect(page.ok && sameId((page.value.messages.at(-1) as Message).id, page.value['newest_id'] as Id)).to.equal(
          true,
        );
      } else if (/rooms\/\d+\/$/.test(path)) {
        expect(check(Room, data, event).ok, event).to.equal(true);
        expect(roomsPage([data]).ok).to.equal(true);
      } else expect(path, 'a body without a check above').to.contain('mark_read');
    }
  });

  it('the frames received by ana produce the state that ana saw', async () => {
    let state: ChatData = reduce(INITIAL, { type: 'history', roomId: 1, side: 'newest', messages: [], hasMore: false });
    const typing: number[] = [];
    const unread: number[] = [];
    for (const data of received(await load('django-channels'), 'ana')) {
      const { frame } = decodeChatFrame(JSON.stringify(data));
      const action = frame && actionOf(toEvent(frame));
      if (!action) continue;
      state = reduce(state, action);
      if (frame.type === 'typing') typing.push(state.threads.get('1')!.typing.length);
      if (frame.type === 'room_list' || frame.type === 'messages_marked_read')
        unread.push(state.rooms.find(({ id }) => id === 1)!.unread_count);
    }
    expect(state.user).to.deep.equal({ id: 1, username: 'ana' });
    // 'while ana unsubscribed' was not delivered: she was not subscribed at the time.
    expect(state.threads.get('1')!.timeline.map(({ content }) => content)).to.deep.equal(['hello ben', 'hi ana']);
    expect(typing, 'ben types and stops; cleo is not a member').to.deep.equal([1, 0, 0]);
    expect(unread).to.deep.equal([1, 0, 0]);
    expect(state.rooms.map(({ name }) => name)).to.deep.equal(['DM: ana & ben', 'General']);
  });
});
