/** Records a page as an animated GIF: takes screenshots as fast as possible, and keeps their real timing. */
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { PNG } from 'pngjs';
import type { Page, ScreenshotClip } from 'puppeteer-core';

interface Encoder {
  writeFrame(
    pixels: Uint8Array,
    width: number,
    height: number,
    options: { palette?: number[][]; delay: number; transparent: boolean; transparentIndex: number; dispose: number },
  ): void;
  finish(): void;
  bytes(): Uint8Array;
}
const require = createRequire(import.meta.url);
// Loaded as CommonJS: Node cannot load the package's ES module.
const gif = require('gifenc') as {
  GIFEncoder(): Encoder;
  quantize(pixels: Uint8Array, colours: number): number[][];
  applyPalette(pixels: Uint8Array, palette: number[][]): Uint8Array;
};

/** Colours of the palette. One more entry means 'unchanged'. */
const COLOURS = 255;
/** Number of frames from which the palette is computed. */
const SAMPLES = 12;

interface Frame {
  png: Buffer;
  at: number;
}

/**
 * Records the page while `run` is running.
 * @param file path of the GIF, which loops.
 * @param lastMs duration of the last frame, in milliseconds.
 */
export async function recordGif(
  page: Page,
  clip: ScreenshotClip,
  file: string,
  lastMs: number,
  run: () => Promise<void>,
): Promise<void> {
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
  // One palette for all frames, from samples of the whole recording.
  const samples = Buffer.concat(
    Array.from(
      { length: SAMPLES },
      (_, index) => images[Math.floor((index * (images.length - 1)) / (SAMPLES - 1))]!.data,
    ),
  );
  const palette = [...gif.quantize(samples, COLOURS), [0, 0, 0]];
  const unchanged = palette.length - 1;
  let previous: Uint8Array | undefined;
  images.forEach(({ data, width, height }, index) => {
    const pixels = gif.applyPalette(data, palette.slice(0, -1));
    const changes = previous ? pixels.map((colour, at) => (colour === previous![at] ? unchanged : colour)) : pixels;
    const delay = (frames[index + 1]?.at ?? end) - frames[index]!.at;
    encoder.writeFrame(changes, width, height, {
      ...(index === 0 && { palette }),
      delay,
      transparent: index > 0,
      transparentIndex: unchanged,
      dispose: 1,
    });
    previous = pixels;
  });
  encoder.finish();
  await writeFile(file, encoder.bytes());
  console.log(`${file}: ${images.length} frames, ${((await readFile(file)).length / 1_000).toFixed(0)} kB`);
}
