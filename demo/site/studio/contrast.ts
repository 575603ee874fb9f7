/** The contrast of what is really drawn, as WCAG 2 counts it. */
import { STATES } from '../playground/backend.js';

export interface Measured {
  what: string;
  /** 1 to 21, or nothing where it is not drawn at present. */
  ratio: number | undefined;
  /** 4.5 for text, 3 for what is large or no text. */
  needs: number;
}

type Rgb = [red: number, green: number, blue: number];

const canvas = document.createElement('canvas');
canvas.width = canvas.height = 1;
const painter = canvas.getContext('2d', { willReadFrequently: true })!;

/** Paints one colour over another: any way of writing it, see-through or not. */
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

/** What is behind an element, all layers together. */
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

/** What is measured, beside the states: a name, an element, a part of it. */
const LOOKED_AT: [what: string, tag: string, selector: string, needs: number][] = [
  ['Messages of others', 'chat-thread', '[part~=bubble-other] [part=text]', 4.5],
  ['One’s own messages', 'chat-thread', '[part~=bubble-own] [part=text]', 4.5],
  ['Times', 'chat-thread', '[part=meta]', 4.5],
  ['Days', 'chat-thread', '[part=day]', 4.5],
  ['What the field holds', 'chat-thread', '[part=input]', 4.5],
  ['Why a message was not sent', 'chat-thread', '[part~=failure]', 4.5],
  ['Names of rooms', 'chat-rooms', '[part~=room]:not([part~=room-selected]) [part=name]', 4.5],
  ['The chosen room', 'chat-rooms', '[part~=room-selected] [part=name]', 4.5],
  ['Last words', 'chat-rooms', '[part=preview]', 4.5],
  ['Unread', 'chat-rooms', '[part=badge]', 4.5],
  ['Initials', 'chat-rooms', '[part=avatar]', 4.5],
  ['The launcher', 'chat-launcher', '[part=button]', 3],
  ['Its number', 'chat-launcher', '[part=badge]', 4.5],
  ['Its panel’s first line', 'chat-launcher', '[part=title]', 4.5],
];

/** The first such part that can be seen. */
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
