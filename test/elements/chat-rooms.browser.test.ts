import { aTimeout, expect, fixture, fixtureCleanup, html, oneEvent } from '@open-wc/testing';
import type { ChatRoomSelectEvent } from '../../src/elements/chat-rooms/room-select-event.js';
import { json, room, tokenOf, type FakeBackend } from '../support/fake-backend.js';
import { all, intercept, mount, one, text, until, URL_OF_BACKEND as url } from '../support/mounted.js';

const token = tokenOf(1);
const person = (id: number, first_name: string): object => ({
  id,
  username: first_name.toLowerCase(),
  first_name,
  last_name: '',
});
const template = html`<chat-connection url=${url} token=${token}><chat-rooms></chat-rooms><chat-thread></chat-thread></chat-connection>`;
const nameIn = (row: Element): Element => row.querySelector('[part=name]')!;
const press = (target: Element, key: string): boolean =>
  target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, composed: true, cancelable: true }));

describe('<chat-rooms>', () => {
  let backend: FakeBackend;
  let restore: () => void;
  beforeEach(() => {
    ({ backend, restore } = intercept((made) => {
      made.rooms = [
        room(1, 'DM: ana & ben', {
          room_type: 'direct',
          participants: [person(1, 'Ana'), person(2, 'Ben')],
          unread_count: 3,
          last_message: {
            content: 'See you',
            timestamp: new Date(Date.now() - 5 * 60_000).toISOString(),
            sender: person(2, 'Ben'),
          },
        }),
        room(2, 'Garden', {
          last_message: { content: 'Watered', timestamp: '2026-01-02T10:00:00Z', sender: person(1, 'Ana') },
        }),
        room(3, 'Quiet', { updated_at: '2026-01-01T10:00:00Z' }),
      ];
    }));
  });
  afterEach(async () => {
    fixtureCleanup();
    await aTimeout(0);
    restore();
  });

  it('shows name, last message, time and unread count', async () => {
    const { rooms } = await mount(template);
    await until(() => all(rooms, '[role=option]').length === 3);
    expect(all(rooms, '[part=name]').map(text)).to.deep.equal(['Ben', 'Garden', 'Quiet']);
    expect(all(rooms, '[part=preview]').map(text)).to.deep.equal(['See you', 'You: Watered', 'No messages yet']);
    expect(text(one(rooms, '[part=time]'))).to.match(/^5 ?m/);
    expect(text(one(rooms, '[part=badge]'))).to.contain('3 unread');
    await expect(rooms).to.be.accessible();
  });

  it("12.9: names and previews start at the edge of the page's direction, not at that of their own", async () => {
    backend.rooms = [
      room(1, 'Garden', {
        last_message: { content: 'Watered', timestamp: '2026-01-02T10:00:00Z', sender: person(2, 'Ben') },
      }),
      room(2, 'שלום', {
        last_message: { content: 'مرحبا', timestamp: '2026-01-01T10:00:00Z', sender: person(2, 'Ben') },
      }),
    ];
    const { connection, rooms } = await mount(template);
    await until(() => all(rooms, '[role=option]').length === 2);
    const edges = (part: string, side: 'left' | 'right'): number[] =>
      all(rooms, `[part=${part}]`).map((element) => {
        const content = new Range();
        content.selectNodeContents(element);
        return Math.round(content.getBoundingClientRect()[side]);
      });
    for (const [dir, side] of [
      ['ltr', 'left'],
      ['rtl', 'right'],
    ] as const) {
      connection.dir = dir;
      for (const part of ['name', 'preview']) {
        const [first, second] = edges(part, side);
        expect(first, `${part}, ${dir}`).to.equal(second);
      }
    }
  });

  it("12.9: the thread's header starts at the edge of the page's direction, and times keep their own", async () => {
    backend.rooms = [room(1, 'Garden')];
    backend.store(1, 2, 'hi');
    const { connection, rooms, thread } = await mount(template);
    connection.dir = 'rtl';
    rooms.selected = 1;
    await until(() => one(thread, 'li time') && text(one(thread, '[part=header]')) === 'Garden');
    const content = new Range();
    content.selectNodeContents(one(thread, '[part=header]'));
    const { right } = one(thread, '[part=header]').getBoundingClientRect();
    expect(right - content.getBoundingClientRect().right).to.be.within(0, 40);
    for (const time of all(thread, 'time')) expect(time.matches(':dir(ltr)'), text(time)).to.equal(true);
  });

  it('12.9: a name that is too long is cut at its end, in both directions of the page', async () => {
    backend.rooms = [room(1, 'Stairwell '.repeat(40)), room(2, 'חדר מדרגות '.repeat(40))];
    const { connection, rooms } = await mount(template);
    await until(() => all(rooms, '[role=option]').length === 2);
    for (const dir of ['ltr', 'rtl']) {
      connection.dir = dir;
      for (const name of all(rooms, '[part=name]')) {
        const walker = document.createTreeWalker(name, NodeFilter.SHOW_TEXT);
        let node = walker.nextNode() as Text;
        while (!node.data.trim()) node = walker.nextNode() as Text;
        const start = new Range();
        start.setStart(node, 0);
        start.setEnd(node, 1);
        const [box, first] = [name.getBoundingClientRect(), start.getBoundingClientRect()];
        const isVisible = first.left >= box.left - 1 && first.right <= box.right + 1;
        expect(isVisible, `${dir}: the first letter of ${node.data.slice(0, 9)}`).to.equal(true);
      }
    }
  });

  it('selects by click; the thread shows the room; the page can prevent it', async () => {
    const { rooms, thread } = await mount(template);
    await until(() => all(rooms, '[role=option]').length === 3);
    setTimeout(() => all(rooms, '[role=option]')[1]!.click());
    const event = (await oneEvent(rooms, 'chat-room-select')) as ChatRoomSelectEvent;
    expect([event.roomId, event.room.name]).to.deep.equal([2, 'Garden']);
    await until(() => text(one(thread, '[part=header]')) === 'Garden');
    expect(rooms.getAttribute('selected')).to.equal('2');
    rooms.addEventListener('chat-room-select', (vetoed) => vetoed.preventDefault());
    all(rooms, '[role=option]')[2]!.click();
    await rooms.updateComplete;
    expect(rooms.selected).to.equal(2);
  });

  it('accepts a selection that a framework makes right after inserting the element', async () => {
    const root = await fixture<HTMLElement>(html`<chat-connection url=${url} token=${token}></chat-connection>`);
    const [rooms, thread] = [document.createElement('chat-rooms'), document.createElement('chat-thread')];
    root.append(rooms, thread);
    rooms.selected = 3;
    await until(
      () => thread.shadowRoot!.querySelector('[part=header]') && text(one(thread, '[part=header]')) === 'Quiet',
    );
    expect(rooms.selected).to.equal(3);
  });

  it('accepts the selection from its attribute, before and after connecting', async () => {
    const { rooms, thread } = await mount(
      html`<chat-connection url=${url} token=${token}><chat-rooms selected="3"></chat-rooms><chat-thread></chat-thread></chat-connection>`,
    );
    await until(() => text(one(thread, '[part=header]')) === 'Quiet');
    rooms.setAttribute('selected', '2');
    await until(() => text(one(thread, '[part=header]')) === 'Garden');
    rooms.selected = null;
    await until(() => !one(thread, '[part=header]'));
  });

  it('is a single tab stop with arrow key navigation', async () => {
    const { rooms } = await mount(template);
    await until(() => all(rooms, '[role=option]').length === 3);
    const options = all(rooms, '[role=option]');
    expect(options.map(({ tabIndex }) => tabIndex)).to.deep.equal([0, -1, -1]);
    options[0]!.focus();
    press(options[0]!, 'ArrowDown');
    await rooms.updateComplete;
    expect(rooms.shadowRoot!.activeElement).to.equal(options[1]);
    expect(options.map(({ tabIndex }) => tabIndex)).to.deep.equal([-1, 0, -1]);
    press(options[1]!, 'End');
    expect(rooms.shadowRoot!.activeElement).to.equal(options[2]);
    press(options[2]!, 'ArrowDown');
    expect(rooms.shadowRoot!.activeElement).to.equal(options[2]);
    press(options[2]!, 'Enter');
    await rooms.updateComplete;
    expect(rooms.selected).to.equal(3);
  });

  it('12.4: a focused row keeps the focus when a message moves it to the top, and when others move', async () => {
    const { rooms, connection } = await mount(template);
    await until(() => all(rooms, '[role=option]').length === 3);
    for (const [roomId, order] of [
      [3, ['Quiet', 'Ben', 'Garden']],
      [2, ['Garden', 'Quiet', 'Ben']],
    ] as const) {
      const row = all(rooms, '[role=option]').find((option) => text(nameIn(option)) === 'Quiet')!;
      row.focus();
      const last_message = { content: 'news', timestamp: new Date().toISOString(), sender: null };
      backend.socket.receive({ type: 'room_updated', room_id: roomId, updates: { last_message } });
      await until(() => all(rooms, '[part=name]').map(text).join() === order.join());
      expect(rooms.shadowRoot!.activeElement, `${connection.connection.state} ${roomId}`).to.equal(row);
    }
  });

  it('12.4: Escape clears the filter, and only then reaches the page', async () => {
    const { rooms } = await mount(template);
    await until(() => all(rooms, '[role=option]').length === 3);
    const filter = one(rooms, '[part=filter]') as HTMLInputElement;
    filter.value = 'gar';
    filter.dispatchEvent(new Event('input'));
    await rooms.updateComplete;
    expect(all(rooms, '[role=option]').length).to.equal(1);
    let reached = 0;
    rooms.addEventListener('keydown', () => reached++);
    press(filter, 'Escape');
    await rooms.updateComplete;
    expect([reached, filter.value, all(rooms, '[role=option]').length]).to.deep.equal([0, '', 3]);
    press(filter, 'Escape');
    expect(reached).to.equal(1);
  });

  it('filters by name, participant and last message, and reports no matches', async () => {
    const { rooms } = await mount(template);
    await until(() => all(rooms, '[role=option]').length === 3);
    for (const [filter, names] of [
      ['garden', ['Garden']],
      ['BEN', ['Ben', 'Garden', 'Quiet']],
      ['watered', ['Garden']],
    ] as const) {
      rooms.filter = filter;
      await rooms.updateComplete;
      expect(all(rooms, '[part=name]').map(text), filter).to.deep.equal([...names]);
    }
    rooms.filter = 'xyz';
    await rooms.updateComplete;
    expect(text(one(rooms, '[part=note]'))).to.equal('No results for “xyz”');
    await expect(rooms).to.be.accessible();
  });

  it('shows that the list is loading', async () => {
    backend.onSocket = 'hang';
    backend.onRequest = () => 'hang';
    const connection = await fixture(
      html`<chat-connection url=${url} token=${token}><chat-rooms></chat-rooms></chat-connection>`,
    );
    const rooms = connection.querySelector('chat-rooms')!;
    await until(() => text(one(rooms, '.loading')) === 'Loading conversations…');
    await expect(rooms).to.be.accessible();
  });

  it('10.23: reports how many rooms were unreadable, instead of an empty list', async () => {
    backend.rooms.push({ name: 'no id' }, { id: null });
    const { rooms } = await mount(template);
    await until(() => all(rooms, '[role=option]').length === 3);
    expect(text(one(rooms, '[part=note]'))).to.equal('2 could not be displayed.');
    await expect(rooms).to.be.accessible();
    rooms.lang = 'de';
    rooms.requestUpdate();
    await until(() => text(one(rooms, '[part=note]')) === '2 konnten nicht angezeigt werden.');
  });

  it('10.23: the same if no room was readable, by REST and by socket', async () => {
    backend.rooms = [{ name: 'no id' }];
    const { connection, rooms } = await mount(template);
    await until(() => text(one(rooms, '[part=note]')) === '1 could not be displayed.');
    expect(text(rooms.shadowRoot!.firstElementChild!)).to.not.contain('No conversations yet');
    backend.rooms.push({});
    await connection.connection.refreshRoomList();
    await until(() => text(one(rooms, '[part=note]')) === '2 could not be displayed.');
  });

  it('10.23: reports that there are more rooms than shown', async () => {
    backend.onRequest = (_method, path) =>
      path.startsWith('rooms/?') || path === 'rooms/'
        ? json({ results: backend.rooms, next: '/api/chat/rooms/?page=2' })
        : undefined;
    const { rooms } = await mount(template);
    await until(() => text(one(rooms, '[part=note]')) === 'Not all conversations are shown.');
    expect(all(rooms, '[role=option]')).to.have.length(3);
  });

  it('shows a text when empty', async () => {
    backend.rooms = [];
    const { rooms } = await mount(template);
    await until(() => text(one(rooms, '[part=note]')) === 'No conversations yet');
    await expect(rooms).to.be.accessible();
  });
});
