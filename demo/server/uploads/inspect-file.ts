/** Decides by its bytes what a file is, and whether it may be sent. Images are measured and encoded again. */
import { open } from 'node:fs/promises';
import { fileTypeFromFile } from 'file-type';
import { RequestError } from '../errors.js';
import type { ResolvedOptions } from '../options.js';
import { encodeImage, isImage } from './images.js';
import { durationOf } from './media-duration.js';

export interface Inspected {
  /** The file to store: a new local file for an image. */
  path: string;
  mediaType: string;
  size: number;
  width: number | null;
  height: number | null;
  thumbhash: string | null;
  /** Of audio and video, in milliseconds. */
  durationMs: number | null;
}

/** The media type of a file that looks like nothing. */
export const UNKNOWN = 'application/octet-stream';
/** A text has no magic bytes: its beginning is valid UTF-8 without control characters. */
const SAMPLE_BYTES = 65_536;
// eslint-disable-next-line no-control-regex -- control characters are exactly what no text has
const NOT_IN_TEXT = /[\u0000-\u0008\u000e-\u001a\u001c-\u001f]/;

/** Names of one type that differ between detectors and browsers. */
const SAME: Readonly<Record<string, string>> = { 'audio/x-m4a': 'audio/mp4', 'video/x-m4v': 'video/mp4' };

/** @throws {RequestError} `unsupported_type`, `too_large` (an image with too many pixels). */
export async function inspectFile(
  file: { path: string; size: number },
  { accept, limits }: Pick<ResolvedOptions, 'accept' | 'limits'>,
): Promise<Inspected> {
  const detected = (await fileTypeFromFile(file.path))?.mime;
  // Markup is a text: a browser never gets it as anything else.
  const isMarkup = detected === 'application/xml' || detected === 'text/html';
  const mediaType = detected === undefined || isMarkup ? await textOrUnknown(file.path) : (SAME[detected] ?? detected);
  checkAccepted(mediaType, accept);
  if (isImage(mediaType))
    return { mediaType, durationMs: null, ...(await encodeImage(file.path, mediaType, limits.imagePixels)) };
  const durationMs = await durationOf(file.path, mediaType);
  return { ...file, mediaType, durationMs, width: null, height: null, thumbhash: null };
}

/** @throws {RequestError} `unsupported_type` if the list, as in the attribute `accept` of HTML, does not contain the type. */
export function checkAccepted(mediaType: string, accept: readonly string[]): void {
  const matching = [mediaType, mediaType.replace(/\/.*/, '/*'), '*/*'];
  if (matching.some((entry) => accept.includes(entry))) return;
  const allowed = accept.join(', ');
  throw new RequestError('unsupported_type', `Files of the type ${mediaType} cannot be sent. Allowed: ${allowed}.`);
}

async function textOrUnknown(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(SAMPLE_BYTES), 0, SAMPLE_BYTES, 0);
    const sample = buffer.subarray(0, bytesRead);
    // `stream`: the sample may end within a character.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(sample, { stream: true });
    return NOT_IN_TEXT.test(text) ? UNKNOWN : 'text/plain';
  } catch (error) {
    if (error instanceof TypeError) return UNKNOWN;
    throw error;
  } finally {
    await file.close();
  }
}
