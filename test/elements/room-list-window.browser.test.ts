import { aTimeout, expect, html } from '@open-wc/testing';
import type { ChatRoomsElement } from '../../src/elements/chat-rooms/chat-rooms.js';
import { room, tokenOf } from '../support/fake-backend.js';
import { all, mount, one, text, until, useFakeBackend, URL_OF_BACKEND as url } from '../support/mounted.js';

const ROOMS = 10_000;
const token = tokenOf(1);
const template = html`<style>
    chat-rooms { height: 500px; width: 320px }
    .tall::part(name) { white-space: normal; font-size: 22px }
  </style>
  <chat-connection url=${url} token=${token}><chat-rooms></chat-rooms></chat-connection>`;

const list = (rooms: Element): HTMLElement => one(rooms, '.list');
const options = (rooms: Element): HTMLElement[] => all(rooms, '[role=option]');
const press = (target: Element, key: string): boolean =>
  target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, composed: true, cancelable: true }));
const focused = (rooms: Element): HTMLElement => rooms.shadowRoot!.activeElement as HTMLElement;
const position = (row: Element): number => Number(row.ariaPosInSet);
/** The names of the rows in the viewport, with the distance of each from its top, in px. */
function visible(rooms: Element): string[] {
  const box = list(rooms).getBoundingClientRect();
  return options(rooms)
    .map((row) => ({ row, rect: row.getBoundingClientRect() }))
    .filter(({ rect }) => rect.bottom > box.top + 1 && rect.top < box.bottom - 1)
    .map(({ row, rect }) => `${text(row.querySelector('[part=name]')!)} ${Math.round(rect.top - box.top)}`);
}
/** The rows in the viewport follow each other without a gap, and fill it. */
function expectFilled(rooms: Element): void {
  const box = list(rooms).getBoundingClientRect();
  const rects = options(rooms)
    .map((row) => row.getBoundingClientRect())
    .filter((rect) => rect.bottom > box.top && rect.top < box.bottom);
  expect(rects[0]!.top).to.be.at.most(box.top + 10);
  expect(rects.at(-1)!.bottom).to.be.at.least(box.bottom - 10);
  for (const [index, rect] of rects.slice(1).entries()) expect(rect.top).to.be.closeTo(rects[index]!.bottom, 1);
}

describe('12.15: a list of 10,000 rooms', () => {
  const backend = useFakeBackend((made) => {
    made.rooms = Array.from({ length: ROOMS }, (_, index) =>
      room(index + 1, `Room ${index + 1}`, {
        last_message: {
          content: `message ${index + 1}`,
          timestamp: new Date(Date.UTC(2026, 0, 1) - index * 60_000).toISOString(),
          sender: null,
        },
      }),
    );
  });

  async function mounted(): Promise<ChatRoomsElement> {
    const { rooms } = await mount(html`<div>${template}</div>`);
    await until(() => list(rooms)?.scrollHeight > ROOMS * 40);
    return rooms;
  }
  async function scrollTo(rooms: Element, top: number): Promise<void> {
    list(rooms).scrollTop = top;
    await until(() => Math.abs(list(rooms).scrollTop - top) < 1);
    await until(() => visible(rooms).length > 5);
  }
  const news = (id: number, content = 'news'): void =>
    backend().socket.receive({
      type: 'room_updated',
      room_id: id,
      updates: { last_message: { content, timestamp: new Date().toISOString(), sender: null }, unread_count: 1 },
    });

  it('renders the rows in and near the viewport', async () => {
    const rooms = await mounted();
    expect(rooms.shadowRoot!.querySelectorAll('*').length).to.be.below(600);
    const height = options(rooms)[1]!.getBoundingClientRect().top - options(rooms)[0]!.getBoundingClientRect().top;
    expect(list(rooms).scrollHeight / height).to.be.closeTo(ROOMS, 2);
    for (const share of [0.5, 0.123, 1, 0.9, 0]) {
      const { scrollHeight, clientHeight } = list(rooms);
      await scrollTo(rooms, Math.round((scrollHeight - clientHeight) * share));
      expectFilled(rooms);
      const first = position(options(rooms).find((row) => text(row).includes(visible(rooms)[0]!.split(' ')[1]!))!);
      expect(first).to.be.closeTo(share * ROOMS, 12);
      expect(rooms.shadowRoot!.querySelectorAll('*').length).to.be.below(600);
    }
    expect(options(rooms).every(({ ariaSetSize }) => ariaSetSize === String(ROOMS))).to.equal(true);
  });

  it('is reached by keyboard to its end, with the focused row in the viewport', async () => {
    const rooms = await mounted();
    rooms.focus();
    for (const [key, expected] of [
      ['ArrowDown', 2],
      ['PageDown', undefined],
      ['End', ROOMS],
      ['ArrowUp', ROOMS - 1],
      ['PageUp', undefined],
      ['Home', 1],
      ['ArrowUp', 1],
    ] as const) {
      const before = position(focused(rooms));
      press(focused(rooms), key);
      const at = position(focused(rooms));
      if (expected) expect(at, key).to.equal(expected);
      else expect(Math.abs(at - before), key).to.be.within(4, 12);
      await until(() => visible(rooms).some((row) => row.startsWith(`Room ${at} `)));
      expectFilled(rooms);
    }
    // Keys that are held down: no event waits for a frame.
    for (let count = 0; count < 200; count++) press(focused(rooms), 'ArrowDown');
    expect(position(focused(rooms))).to.equal(201);
    await aTimeout(50);
    expect(visible(rooms).some((row) => row.startsWith('Room 201 '))).to.equal(true);
    press(focused(rooms), 'Enter');
    await rooms.updateComplete;
    expect(rooms.selected).to.equal(201);
    // In some browsers the list itself takes the focus, because it scrolls.
    press(list(rooms), 'Enter');
    expect(rooms.selected).to.equal(201);
    press(list(rooms), 'ArrowDown');
    expect(position(focused(rooms))).to.equal(1);
  });

  it('keeps the focused row while the user scrolls away, and the tab stop of the selected room', async () => {
    const rooms = await mounted();
    rooms.focus();
    press(focused(rooms), 'ArrowDown');
    const row = focused(rooms);
    await scrollTo(rooms, 300_000);
    expect(focused(rooms) === row).to.equal(true);
    expectFilled(rooms);
    press(row, 'ArrowDown');
    expect(position(focused(rooms))).to.equal(3);
    await until(() => visible(rooms).some((each) => each.startsWith('Room 3 ')));
    rooms.selected = 5_000;
    await rooms.updateComplete;
    expect(
      options(rooms)
        .filter(({ tabIndex }) => tabIndex === 0)
        .map(position),
    ).to.deep.equal([5_000]);
    expectFilled(rooms);
  });

  it('stays in place when rooms move to the top; at the top, the new first room is shown', async () => {
    const rooms = await mounted();
    await scrollTo(rooms, 100_000);
    const before = visible(rooms);
    const nameOf = (row: string): string => row.slice(0, row.lastIndexOf(' '));
    const firstRow = (): string => text(one(rooms, '[role=option] [part=name]'));
    news(9_000);
    await until(() => firstRow() === 'Room 9000');
    expect(visible(rooms)).to.deep.equal(before);
    // A visible row moves to the top: the rows after it, which are more than those before it, stay.
    const moved = nameOf(before[2]!);
    news(Number(moved.split(' ')[1]));
    await until(() => firstRow() === moved);
    expect(visible(rooms).slice(-4)).to.deep.equal(before.slice(-4));
    await scrollTo(rooms, 0);
    news(8_000);
    await until(() => visible(rooms)[0]!.startsWith('Room 8000 '));
    expectFilled(rooms);
  });

  it('shows the first results of a filter', async () => {
    const rooms = await mounted();
    await scrollTo(rooms, 400_000);
    const filter = one(rooms, '[part=filter]') as HTMLInputElement;
    for (const [query, first, count] of [
      ['room 99', 'Room 99 ', 111],
      ['room 9999', 'Room 9999 ', 1],
      ['', 'Room 1 ', ROOMS],
    ] as const) {
      filter.value = query;
      filter.dispatchEvent(new Event('input'));
      await until(() => visible(rooms)[0]?.startsWith(first));
      expect(options(rooms)[0]!.ariaSetSize).to.equal(String(count));
    }
    expectFilled(rooms);
  });

  it('reaches the end with rows of different heights', async () => {
    for (const each of backend().rooms.filter(({ id }) => Number(id) % 7 === 0))
      each.name = `${each.name}, with a name that takes several lines`;
    const rooms = await mounted();
    rooms.className = 'tall';
    rooms.focus();
    press(focused(rooms), 'End');
    await until(() => visible(rooms).some((row) => row.startsWith(`Room ${ROOMS} `)));
    press(focused(rooms), 'Home');
    await until(() => visible(rooms)[0]!.startsWith('Room 1 '));
    let updates = 0;
    rooms.requestUpdate = () => void updates++;
    await aTimeout(100);
    expect(updates).to.equal(0);
  });

  it('is right when it is shown later', async () => {
    const { rooms } = await mount(html`<div>${template}</div>`);
    rooms.hidden = true;
    await until(() => list(rooms));
    await aTimeout(50);
    rooms.hidden = false;
    await until(() => list(rooms).scrollHeight > ROOMS * 40);
    await scrollTo(rooms, 200_000);
    expectFilled(rooms);
  });
});
