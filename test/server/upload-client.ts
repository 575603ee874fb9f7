/** Uploads and messages with files, as a client sends them, and files to send. */
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import sharp from 'sharp';
import { rest, type Backend, type RestResponse } from './support.js';

export interface Attachment {
  id: string;
  url: string | null;
  name: string;
  media_type: string;
  size: number;
  width?: number;
  height?: number;
  thumbhash?: string;
  duration_ms?: number;
  state?: string;
}

export const textFile = (text: string, name = 'a.txt'): File => new File([text], name, { type: 'text/plain' });

export async function imageFile(width: number, height: number, name = 'photo.png'): Promise<File> {
  const image = sharp({ create: { width, height, channels: 3, background: { r: 200, g: 40, b: 40 } } });
  return new File([new Uint8Array(await image.png().toBuffer())], name, { type: 'image/png' });
}

/** A photo as a telephone makes it: held upright, with the place where it was taken. */
export async function photoFile(): Promise<File> {
  const image = sharp({ create: { width: 40, height: 20, channels: 3, background: 'teal' } })
    .withExif({ IFD0: { Make: 'Phone of Ana' }, IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '48/1 12/1 0/1' } })
    .withMetadata({ orientation: 6 });
  return new File([new Uint8Array(await image.jpeg().toBuffer())], 'IMG_1.jpg', { type: 'image/jpeg' });
}

/** Silence, as a WAV file. */
export function audioFile(ms: number): File {
  const rate = 8_000;
  const bytes = (rate * ms) / 1_000;
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + bytes, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  // PCM, one channel, one byte per sample.
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate, 28);
  header.writeUInt16LE(1, 32);
  header.writeUInt16LE(8, 34);
  header.write('data', 36);
  header.writeUInt32LE(bytes, 40);
  return new File([header, new Uint8Array(bytes).fill(128)], 'note.wav', { type: 'audio/wav' });
}

/** Bytes that look like nothing, with the beginning of a PDF. */
export const pdfFile = (bytes: number): File =>
  new File(['%PDF-1.7\n', new Uint8Array(randomBytes(bytes))], 'a.pdf', { type: 'application/pdf' });

export function upload(
  server: Backend,
  userId: number | null,
  file: File,
  { key, field = 'file' }: { key?: string; field?: string } = {},
): Promise<RestResponse> {
  const body = new FormData();
  body.set(field, file);
  return rest(server, userId, 'uploads/', {
    method: 'POST',
    body,
    headers: key === undefined ? {} : { 'Idempotency-Key': key },
  });
}

/** Uploads files. @returns their ids. */
export async function uploadAll(server: Backend, userId: number, ...files: File[]): Promise<string[]> {
  const ids: string[] = [];
  for (const file of files) ids.push(((await upload(server, userId, file)).body as Attachment).id);
  return ids;
}

export const sendFiles = (
  server: Backend,
  userId: number,
  room: number,
  attachments: unknown[],
  { key, content }: { key?: string; content?: string } = {},
): Promise<RestResponse> =>
  rest(server, userId, `rooms/${room}/send_message/`, {
    json: { room, attachments, content },
    headers: key === undefined ? {} : { 'Idempotency-Key': key },
  });

/** The files in a folder of the disk storage, without those that are being received. */
export async function storedFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  return names.filter((entry) => entry.isFile() && !entry.parentPath.endsWith('incoming')).map(({ name }) => name);
}
