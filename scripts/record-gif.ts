/** A moving picture of a page: what it shows, as often as the screen can be asked, with every second as long as it was. */
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { PNG } from 'pngjs';
import type { Page, ScreenshotClip } from 'puppeteer-core';

interface Encoder {
  writeFrame(pixels: Uint8Array, width: number, height: number, options: { palette?: number[][]; delay: number; transparent: boolean; transparentIndex: number; dispose: number }): void;
  finish(): void;
  bytes(): Uint8Array;
}
// Its package names an ES module in a way that Node does not understand.
const gif = createRequire(import.meta.url)('gifenc') as {
  GIFEncoder(): Encoder;
  quantize(pixels: Uint8Array, colours: number): number[][];
  applyPalette(pixels: Uint8Array, palette: number[][]): Uint8Array;
};

/** The last colour means: as before. */
const COLOURS = 255;
/** Frames of which the palette is made. */
const SAMPLES = 12;

interface Frame {
  png: Buffer;
  at: number;
}

/**
 * Films while `run` acts.
 * @param file where to: a GIF, without end.
 * @param lastMs how long the last frame stays, in milliseconds.
 */
export async function film(page: Page, clip: ScreenshotClip, file: string, lastMs: number, run: () => Promise<void>): Promise<void> {
  const frames: Frame[] = [];
  let isRunning = true;
  const camera = (async () => {
    while (isRunning) {
      const png = Buffer.from(await page.screenshot({ clip }));
      if (!frames.at(-1)?.png.equals(png)) frames.push({ png, at: Date.now() });
    }
  })();
  await run();
  isRunning = false;
  await camera;
  const end = Date.now() + lastMs;
  const encoder = gif.GIFEncoder();
  const images = frames.map(({ png }) => PNG.sync.read(png));
  // One palette for all: of frames from everywhere, so that a colour that comes late has its place.
  const some = Buffer.concat(Array.from({ length: SAMPLES }, (_, index) => images[Math.floor((index * (images.length - 1)) / (SAMPLES - 1))]!.data));
  const palette = [...gif.quantize(some, COLOURS), [0, 0, 0]];
  const asBefore = palette.length - 1;
  let before: Uint8Array | undefined;
  images.forEach(({ data, width, height }, index) => {
    const pixels = gif.applyPalette(data, palette.slice(0, -1));
    const changed = before ? pixels.map((colour, at) => (colour === before![at] ? asBefore : colour)) : pixels;
    const delay = (frames[index + 1]?.at ?? end) - frames[index]!.at;
    encoder.writeFrame(changed, width, height, { ...(index === 0 && { palette }), delay, transparent: index > 0, transparentIndex: asBefore, dispose: 1 });
    before = pixels;
  });
  encoder.finish();
  await writeFile(file, encoder.bytes());
  console.log(`${file}: ${images.length} frames, ${((await readFile(file)).length / 1_000).toFixed(0)} kB`);
}
