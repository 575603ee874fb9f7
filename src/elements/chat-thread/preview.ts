/** Small pictures of files that are about to be sent. Drawn, because a strict policy forbids `blob:` addresses. */

/** Width and height, in pixels. */
export const PREVIEW_PX = 80;
/** A larger file would take too long to decode, in bytes. */
const MAX_BYTES = 50_000_000;

const drawn = new WeakSet<HTMLCanvasElement>();

/** Draws the middle of a picture, once. A file that is no picture leaves the canvas empty. */
export function drawPreview(canvas: HTMLCanvasElement, file: Blob): void {
  if (drawn.has(canvas) || file.size > MAX_BYTES) return;
  drawn.add(canvas);
  createImageBitmap(file, { resizeWidth: 2 * PREVIEW_PX }).then(
    (bitmap) => {
      const side = Math.min(bitmap.width, bitmap.height);
      const [x, y] = [(bitmap.width - side) / 2, (bitmap.height - side) / 2];
      canvas.getContext('2d')?.drawImage(bitmap, x, y, side, side, 0, 0, canvas.width, canvas.height);
      bitmap.close();
    },
    () => {},
  );
}
