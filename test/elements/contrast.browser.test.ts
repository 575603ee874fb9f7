/** 12.6: text on the accent colour, and text in it, is readable with any accent. */
import { expect, html } from '@open-wc/testing';
import { room, tokenOf } from '../support/fake-backend.js';
import { all, mount, one, until, URL_OF_BACKEND as url, useFakeBackend } from '../support/mounted.js';

/** WCAG 2.2, 1.4.3: text of normal size. */
const MIN_CONTRAST = 4.5;

const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })!;

/** The relative luminance of a colour in any notation. */
function luminance(color: string): number {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = color;
  canvas.fillRect(0, 0, 1, 1);
  const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

describe('12.6: contrast', () => {
  const backend = useFakeBackend((made) => {
    made.rooms = [room(1, 'Ana & Ben', { room_type: 'general', unread_count: 2 })];
    made.store(1, 2, 'hi');
    Object.assign(made.store(1, 1, 'long '.repeat(1_000)), { is_read: true });
    made.store(1, 2, 'bye');
  });

  for (const scheme of ['light', 'dark'])
    for (const accent of [
      '#ffd500',
      '#08704f',
      '#0a7d5a',
      '#777',
      '#00f',
      '#f00',
      '#0f0',
      '#fff',
      '#000',
      'rebeccapurple',
    ])
      it(`is at least ${MIN_CONTRAST} with the accent ${accent} in a ${scheme} page`, async () => {
        const { connection, thread } = await mount(
          html`<chat-connection url=${url} token=${tokenOf(1)}
            ><style>
              chat-connection {
                color-scheme: ${scheme};
                --chat-accent: ${accent};
              }
              chat-thread {
                height: 400px;
              }</style
            ><chat-thread room="1"></chat-thread><chat-rooms></chat-rooms><chat-launcher open></chat-launcher
          ></chat-connection>`,
        );
        const [rooms, launcher] = ['chat-rooms', 'chat-launcher'].map((tag) => connection.querySelector(tag)!);
        await until(() => one(thread, '.avatar') && one(rooms!, '.avatar') && one(launcher!, '.header'));
        expect(backend().rooms).to.have.length(1);
        const places: [name: string, element: Element | undefined, background?: Element][] = [
          ['own bubble', one(thread, '.own .bubble')],
          ['send button', one(thread, '.send')],
          ['initials in the thread', one(thread, '.avatar')],
          ['initials in the list', one(rooms!, '.avatar')],
          ['delivery mark', one(thread, '.delivery.checks'), thread],
          ['button in an own bubble', one(thread, '.own [part=more]'), one(thread, '.own .bubble')],
          ['badge', all(rooms!, '.badge')[0]],
          ['launcher', one(launcher!, '.button')],
          ['header of the panel', one(launcher!, '.header')],
        ];
        for (const [name, element, background = element] of places) {
          if (!element) continue;
          const found = contrast(getComputedStyle(element).color, getComputedStyle(background!).backgroundColor);
          expect(found, name).to.be.at.least(MIN_CONTRAST - 0.05);
        }
        expect(places.filter(([, element]) => element).length).to.be.at.least(7);
      });
});
