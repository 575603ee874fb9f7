/** Receives a multipart form: its fields, and one file, which goes to a local file as it arrives. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import busboy, { type Busboy } from 'busboy';
import { RequestError } from '../errors.js';
import { safeName } from './file-names.js';

/** A file on this machine, which its receiver deletes. */
export interface LocalFile {
  path: string;
  name: string;
  /** As its sender says. */
  claimedType: string;
  size: number;
}

export interface Form {
  fields: Record<string, string>;
  file: LocalFile | undefined;
}

interface Limits {
  /** The form field of the file. */
  field: string;
  maxBytes: number;
  /** The folder for the file. */
  incoming: string;
}

const MAX_FIELDS = 20;
const MAX_FIELD_BYTES = 65_536;

export const tooLarge = (maxBytes: number): RequestError =>
  new RequestError('too_large', `A file must not exceed ${maxBytes} bytes.`);

/**
 * @throws {RequestError} `too_large`, `invalid`. The request is then read to its end, because a client that is still
 *   sending would not see the answer.
 */
export async function receiveForm(request: IncomingMessage, limits: Limits): Promise<Form> {
  await mkdir(limits.incoming, { recursive: true });
  const form: Form = { fields: {}, file: undefined };
  const writing: Promise<void>[] = [];
  let isTooLarge = false;
  try {
    const parser = busboy({
      headers: request.headers,
      // Names of files in UTF-8, as browsers send them.
      defParamCharset: 'utf8',
      limits: { files: 1, fields: MAX_FIELDS, fieldSize: MAX_FIELD_BYTES, fileSize: limits.maxBytes },
    });
    parser.on('field', (name, value) => void (form.fields[name] = value));
    parser.on('file', (field, stream, { filename, mimeType }) => {
      if (field !== limits.field) return void stream.resume();
      stream.on('limit', () => (isTooLarge = true));
      // As browsers escape it in a form.
      const name = safeName(filename?.replaceAll('%22', '"'));
      const file = { path: join(limits.incoming, crypto.randomUUID()), name, size: 0 };
      form.file = { ...file, claimedType: mimeType };
      const written = writeFile(stream, form.file);
      written.catch((error: unknown) => parser.destroy(error as Error));
      writing.push(written);
    });
    await parse(request, parser);
    await Promise.all(writing);
  } catch (error) {
    await Promise.allSettled(writing);
    await discard(form.file);
    // The disk is full, for example.
    if (error instanceof Error && 'syscall' in error) throw error;
    throw new RequestError('invalid', 'The form data cannot be parsed.');
  }
  if (isTooLarge) {
    await discard(form.file);
    throw tooLarge(limits.maxBytes);
  }
  return form;
}

/** Not `pipeline`, which would close the connection after an error, before the answer. */
function parse(request: IncomingMessage, parser: Busboy): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    parser.once('close', resolve).once('error', reject);
    request.once('error', reject).once('close', () => {
      if (!request.complete) reject(new Error('The client has broken off.'));
    });
    request.pipe(parser);
  }).catch((error: unknown) => {
    request.unpipe(parser).resume();
    parser.destroy();
    throw error;
  });
}

async function writeFile(stream: Readable, file: LocalFile): Promise<void> {
  file.size = await writeTo(file.path, stream);
}

/** @returns the number of bytes. Also after an error, nothing writes to the file any more: it can be deleted. */
async function writeTo(path: string, stream: Readable, ...transforms: Transform[]): Promise<number> {
  const target = createWriteStream(path);
  try {
    await pipeline([stream, ...transforms, target]);
    return target.bytesWritten;
  } finally {
    // A pipeline that fails early does not wait until the file is open, which creates it.
    if (!target.closed) await once(target, 'close');
  }
}

/** Writes a stream to a new local file. @throws {RequestError} `too_large`. */
export async function receiveStream(
  stream: Readable,
  { incoming, maxBytes }: Omit<Limits, 'field'>,
): Promise<Pick<LocalFile, 'path' | 'size'>> {
  await mkdir(incoming, { recursive: true });
  const path = join(incoming, crypto.randomUUID());
  let size = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      done(size > maxBytes ? tooLarge(maxBytes) : null, chunk);
    },
  });
  try {
    await writeTo(path, stream, count);
  } catch (error) {
    await discard({ path });
    throw error;
  }
  return { path, size };
}

export const discard = async (file: Pick<LocalFile, 'path'> | undefined): Promise<void> => {
  if (file) await rm(file.path, { force: true });
};

/** Identifies the bytes of a local file after a text. */
export async function digestOfFile(text: string, path: string): Promise<string> {
  const hash = createHash('sha256').update(text);
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('base64url');
}
