/** Measures the contrast of the rendered elements by the formula of WCAG 2. */
import { STATES } from '../playground/backend.js';

export interface Measured {
  what: string;
  /** 1 to 21; undefined if the element is not rendered. */
  ratio: number | undefined;
  /** Required ratio: 4.5 for text, 3 for large text and graphics. */
  needs: number;
}

type Rgb = [red: number, green: number, blue: number];

const canvas = document.createElement('canvas');
canvas.width = canvas.height = 1;
const painter = canvas.getContext('2d', { willReadFrequently: true })!;

/** Paints a CSS colour of any format over another, including translucent colours. */
function painted(color: string, over: Rgb): Rgb {
  painter.fillStyle = `rgb(${over.join(' ')})`;
  painter.fillRect(0, 0, 1, 1);
  painter.fillStyle = color;
  painter.fillRect(0, 0, 1, 1);
  const [red, green, blue] = painter.getImageData(0, 0, 1, 1).data;
  return [red!, green!, blue!];
}

const parentOf = (element: Element): Element | null =>
  element.parentElement ?? (element.getRootNode() as Partial<ShadowRoot>).host ?? null;

/** The background colour behind an element, with all layers combined. */
function behind(element: Element | null): Rgb {
  if (!element) return painted(getComputedStyle(document.documentElement).backgroundColor, [255, 255, 255]);
  return painted(getComputedStyle(element).backgroundColor, behind(parentOf(element)));
}

function luminance(rgb: Rgb): number {
  const [red, green, blue] = rgb.map((byte) => {
    const share = byte / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as Rgb;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function ratioOf(element: Element): number {
  const ground = behind(element);
  const [light, dark] = [luminance(ground), luminance(painted(getComputedStyle(element).color, ground))].sort(
    (a, b) => b - a,
  ) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

/** The measured texts, besides the labels of the states. */
const LOOKED_AT: [what: string, tag: string, selector: string, needs: number][] = [
  ['Messages from others', 'chat-thread', '[part~=bubble-other] [part=text]', 4.5],
  ['Own messages', 'chat-thread', '[part~=bubble-own] [part=text]', 4.5],
  ['Times of messages', 'chat-thread', '[part=meta]', 4.5],
  ['Day separators', 'chat-thread', '[part=day]', 4.5],
  ['Message field', 'chat-thread', '[part=input]', 4.5],
  ['Reason for a failed message', 'chat-thread', '[part~=failure]', 4.5],
  ['Room names', 'chat-rooms', '[part~=room]:not([part~=room-selected]) [part=name]', 4.5],
  ['Selected room', 'chat-rooms', '[part~=room-selected] [part=name]', 4.5],
  ['Message previews', 'chat-rooms', '[part=preview]', 4.5],
  ['Unread count', 'chat-rooms', '[part=badge]', 4.5],
  ['Avatar initials', 'chat-rooms', '[part=avatar]', 4.5],
  ['Launcher button', 'chat-launcher', '[part=button]', 3],
  ['Launcher badge', 'chat-launcher', '[part=badge]', 4.5],
  ['Launcher heading', 'chat-launcher', '[part=title]', 4.5],
];

/** The first visible match. */
function seen(tag: string, selector: string): Element | undefined {
  for (const element of document.querySelectorAll(tag)) {
    for (const found of element.shadowRoot?.querySelectorAll(selector) ?? [])
      if (found.checkVisibility({ visibilityProperty: true })) return found;
  }
  return undefined;
}

export function measure(): Measured[] {
  const looks = [
    ...LOOKED_AT,
    ...Object.keys(STATES).map(
      (state) => [`State: ${state}`, `chat-status[state=${state}]`, '[part=label]', 4.5] as const,
    ),
  ];
  return looks.map(([what, tag, selector, needs]) => {
    const element = seen(tag, selector);
    return { what, ratio: element && ratioOf(element), needs };
  });
}
