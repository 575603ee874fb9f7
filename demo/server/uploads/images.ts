/**
 * Images: measured, and encoded again. So nothing is left of what a camera adds (place, time, owner), nor of anything
 * else that is hidden in the file. Decoding runs in the threads of libuv, at most four at a time.
 */
import { stat } from 'node:fs/promises';
import type { Sharp, SharpOptions } from 'sharp';
import { rgbaToThumbHash } from 'thumbhash';
import { RequestError } from '../errors.js';
import { discard } from './receive-form.js';

/** Formats that browsers show, and how to encode them. */
const ENCODE: Readonly<Record<string, (image: Sharp) => Sharp>> = {
  'image/jpeg': (image) => image.jpeg({ quality: 90 }),
  'image/png': (image) => image.png(),
  'image/gif': (image) => image.gif(),
  'image/webp': (image) => image.webp({ quality: 90 }),
  'image/avif': (image) => image.avif({ quality: 70, effort: 2 }),
};

/** A thumbhash describes at most so many pixels per side. */
const THUMB_SIDE = 100;

export const isImage = (mediaType: string): boolean => Object.hasOwn(ENCODE, mediaType);

interface Encoded {
  path: string;
  size: number;
  width: number;
  height: number;
  thumbhash: string;
}

/**
 * Writes the image to a new file beside the given one.
 * @throws {RequestError} `too_large` if it has too many pixels, decided by its header; `unsupported_type` if it is broken.
 */
export async function encodeImage(path: string, mediaType: string, maxPixels: number): Promise<Encoded> {
  // On demand: loading it takes longer than most of the server.
  const { default: sharp } = await import('sharp');
  const target = `${path}.encoded`;
  const open = (options: SharpOptions = {}): Sharp => sharp(path, { limitInputPixels: maxPixels, ...options });
  try {
    // Without the limit: the header alone tells the size, and the answer can name it.
    const { width, height, pages = 1 } = await sharp(path, { limitInputPixels: false }).metadata();
    // Frames of an animation count, because all of them are decoded.
    if (width * height * pages > maxPixels)
      throw new RequestError(
        'too_large',
        `An image must not exceed ${maxPixels} pixels; this one has ${width * height * pages}.`,
      );
    // Rotated as the camera says, because that information is removed, too.
    const image = open({ animated: pages > 1 }).autoOrient();
    const info = await ENCODE[mediaType]!(image).toFile(target);
    const thumb = await open()
      .autoOrient()
      .resize(THUMB_SIDE, THUMB_SIDE, { fit: 'inside' })
      .ensureAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const hash = rgbaToThumbHash(thumb.info.width, thumb.info.height, thumb.data);
    return {
      path: target,
      size: (await stat(target)).size,
      width: info.width,
      height: info.pageHeight ?? info.height,
      thumbhash: Buffer.from(hash).toString('base64'),
    };
  } catch (error) {
    await discard({ path: target });
    if (error instanceof RequestError) throw error;
    throw new RequestError('unsupported_type', 'The image cannot be read. Save it again as JPEG or PNG.');
  }
}
