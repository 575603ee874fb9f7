/** 12.6: a reader who asks the system for more contrast gets it, on themed pages too. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'puppeteer-core';
import { startSite, type Site } from './site.js';

/** WCAG 2.2, 1.4.6 (level AAA): text of normal size. */
const MIN_CONTRAST = 7;

/** Values that a page may set, none of which has enough contrast. */
const PALE = `chat-connection { --chat-border: #8884; --chat-text-muted: #888; --chat-focus-ring: 1px dotted #888;
  --chat-accent: #ffd500; --chat-on-accent: #000; --chat-bubble-own: #888; --chat-on-bubble-own: #999 }`;

const html = (style: string): string => `<!doctype html><html lang="en"><head>
<script type="module" src="/dist/chat.js"></script><style>chat-thread { height: 400px } ${style}</style></head><body>
<chat-connection token-url="/token/1"><chat-status always></chat-status><chat-rooms selected="1"></chat-rooms>
<chat-thread></chat-thread></chat-connection></body></html>`;

/** What is compared: a colour, and the one around it. `[element, selector, property]`; without selector, the element. */
const PAIRS: Record<string, [tag: string, selector: string, property: string][]> = {
  'own bubble': [
    ['chat-thread', '.own .bubble', 'color'],
    ['chat-thread', '.own .bubble', 'background-color'],
  ],
  'own bubble and page': [
    ['chat-thread', '.own .bubble', 'background-color'],
    ['chat-thread', '', 'background-color'],
  ],
  'muted text': [
    ['chat-thread', '.meta', 'color'],
    ['chat-thread', '', 'background-color'],
  ],
  'delivery mark': [
    ['chat-thread', '.delivery', 'color'],
    ['chat-thread', '', 'background-color'],
  ],
  'border of the input': [
    ['chat-thread', '.field', 'border-top-color'],
    ['chat-thread', '', 'background-color'],
  ],
  preview: [
    ['chat-rooms', '.room:not(.unread) .preview', 'color'],
    ['chat-rooms', '', 'background-color'],
  ],
  state: [
    ['chat-status', '.label', 'color'],
    ['chat-status', '.base', 'background-color'],
  ],
  'focus ring': [
    ['chat-rooms', ':focus', 'outline-color'],
    ['chat-rooms', '', 'background-color'],
  ],
};

type Color = readonly [r: number, g: number, b: number];

function luminance(color: Color): number {
  const [r, g, b] = color.map((value) =>
    value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4,
  ) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: Color, b: Color): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

/** @returns the contrast of each pair, and the widths that tell bubbles, the focus and the selection apart. */
async function measure(page: Page): Promise<{ contrasts: Record<string, number>; shapes: string[] }> {
  const { colors, shapes } = await page.evaluate((pairs) => {
    document.querySelector('chat-rooms')!.focus();
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })!;
    const colors = pairs.map((pair) =>
      pair.map(([tag, selector, property]) => {
        const element = document.querySelector(tag)!;
        const style = getComputedStyle(selector ? element.shadowRoot!.querySelector(selector)! : element);
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = style.getPropertyValue(property);
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
      }),
    );
    const shapes = [
      ['chat-rooms', ':focus', 'outline-width'],
      ['chat-rooms', ':focus', 'outline-style'],
      ['chat-thread', '.other .bubble', 'border-top-width'],
      ['chat-rooms', '[aria-selected=true]', 'box-shadow'],
    ].map(([tag, selector, property]) =>
      getComputedStyle(document.querySelector(tag!)!.shadowRoot!.querySelector(selector!)!).getPropertyValue(property!),
    );
    return { colors, shapes };
  }, Object.values(PAIRS));
  const contrasts = colors.map(([a, b]) => contrast(a as unknown as Color, b as unknown as Color));
  return { contrasts: Object.fromEntries(Object.keys(PAIRS).map((name, index) => [name, contrasts[index]!])), shapes };
}

async function open(site: Site, path: string, wish: string, scheme: string): Promise<Page> {
  const { page } = await site.open(path);
  const session = await page.createCDPSession();
  const features = [
    { name: 'prefers-contrast', value: wish },
    { name: 'prefers-color-scheme', value: scheme },
  ];
  await session.send('Emulation.setEmulatedMedia', { features });
  await page.addStyleTag({ content: ':root { color-scheme: light dark }' });
  await page.waitForFunction(() => {
    const [thread, rooms, status] = ['chat-thread', 'chat-rooms', 'chat-status'].map(
      (tag) => document.querySelector(tag)?.shadowRoot,
    );
    // The styles of bubbles are complete once the rich parts are loaded.
    const { elementStyles } = (thread?.host.constructor ?? {}) as { elementStyles?: unknown[] };
    const isRich = elementStyles && thread!.adoptedStyleSheets.length > elementStyles.length;
    return (
      isRich &&
      thread!.querySelector('.own .delivery') &&
      rooms?.querySelector('[aria-selected=true]') &&
      status?.querySelector('.connected')
    );
  });
  // With the keyboard, so that the focus is visible.
  await page.keyboard.press('Tab');
  return page;
}

describe('12.6: prefers-contrast: more', () => {
  let site: Site;
  before(async () => void (site = await startSite({ html: { '/default': html(''), '/pale': html(PALE) } })));
  after(() => site.close());

  for (const path of ['/default', '/pale'])
    for (const scheme of ['light', 'dark'])
      it(`raises the contrast of a ${scheme} page with the colours ${path.slice(1)}`, async () => {
        const page = await open(site, path, 'more', scheme);
        const { contrasts, shapes } = await measure(page);
        for (const [name, found] of Object.entries(contrasts))
          assert.ok(found >= MIN_CONTRAST, `${name}: ${found.toFixed(1)}:1`);
        assert.deepEqual(shapes.slice(0, 3), ['3px', 'solid', '1px']);
        assert.match(shapes[3]!, /inset/);
        await page.close();
      });

  it('nothing changes for other readers', async () => {
    const page = await open(site, '/default', 'no-preference', 'light');
    const { contrasts, shapes } = await measure(page);
    assert.ok(contrasts['border of the input']! < 2);
    assert.deepEqual(shapes, ['2px', 'solid', '0px', 'none']);
    await page.close();
  });
});
