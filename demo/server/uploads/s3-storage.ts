/** Files in a bucket of an S3-compatible service. Requests are signed by aws4fetch; nothing is buffered. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { AwsClient } from 'aws4fetch';
import { StorageUnavailable, type FileStorage } from './file-storage.js';

/** How long the service may take until it answers; for a file, until all of it is sent. */
const ANSWER_MS = 10_000;
const PUT_MS = 120_000;

interface Bucket {
  client: AwsClient;
  /** Ends with '/'. */
  address: string;
}

/**
 * @param text `https://<access key>:<secret key>@<host>/<bucket>/<optional prefix>?region=<region>`; keys are
 *   percent-encoded.
 * @throws {Error} if it is not such an address.
 */
function readAddress(text: string): Bucket {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const path = url?.pathname.replace(/^\/+|\/+$/g, '');
  if (!url || !/^https?:$/.test(url.protocol) || !url.username || !url.password || !path)
    // The address is not part of the message: it contains the secret key.
    throw new Error(
      'S3_URL must be https://<access key>:<secret key>@<host>/<bucket>?region=<region>, with percent-encoded keys.',
    );
  const client = new AwsClient({
    accessKeyId: decodeURIComponent(url.username),
    secretAccessKey: decodeURIComponent(url.password),
    service: 's3',
    region: url.searchParams.get('region') ?? 'us-east-1',
    // The body of a request is read once. Clients repeat requests that failed.
    retries: 0,
  });
  return { client, address: `${url.origin}/${path}/` };
}

export function openS3(text: string): FileStorage {
  const { client, address } = readAddress(text);

  async function ask(method: string, key: string, init: RequestInit & { timeoutMs?: number } = {}): Promise<Response> {
    const { timeoutMs = ANSWER_MS, ...rest } = init;
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), timeoutMs);
    try {
      const response = await client.fetch(address + key, { method, signal: timeout.signal, ...rest });
      if (response.ok || response.status === 404) return response;
      await response.body?.cancel();
      throw new Error(`The S3 service answered ${method} with ${response.status}.`);
    } catch (error) {
      throw new StorageUnavailable(error);
    } finally {
      // Reading the answer takes as long as its reader needs.
      clearTimeout(timer);
    }
  }

  /** For answers whose body is of no use. Without this, the connection stays occupied. */
  async function statusOf(response: Response): Promise<number> {
    await response.body?.cancel();
    return response.status;
  }

  return {
    async put(key, path, mediaType) {
      const { size } = await stat(path);
      const init = {
        body: Readable.toWeb(createReadStream(path)) as BodyInit,
        duplex: 'half',
        headers: { 'Content-Length': String(size), 'Content-Type': mediaType },
        timeoutMs: PUT_MS,
      };
      const status = await statusOf(await ask('PUT', key, init));
      if (status === 404) throw new StorageUnavailable(new Error('There is no such bucket.'));
    },
    async get(key, range) {
      const headers: Record<string, string> = range ? { Range: `bytes=${range.start}-${range.end}` } : {};
      const response = await ask('GET', key, { headers });
      if (response.status === 404 || !response.body) {
        await statusOf(response);
        return undefined;
      }
      return Readable.fromWeb(response.body as ReadableStream);
    },
    async size(key) {
      const response = await ask('HEAD', key);
      const size = Number(response.headers.get('Content-Length'));
      return (await statusOf(response)) === 404 ? undefined : size;
    },
    async delete(key) {
      await statusOf(await ask('DELETE', key));
    },
    async signPut(key, { mediaType, size, seconds }) {
      const headers = { 'Content-Type': mediaType, 'Content-Length': String(size) };
      const url = new URL(address + key);
      url.searchParams.set('X-Amz-Expires', String(seconds));
      // The size is signed, so that nothing larger is stored. Browsers set the header themselves.
      const signed = await client.sign(url.href, {
        method: 'PUT',
        headers,
        aws: { signQuery: true, allHeaders: true },
      });
      return { url: signed.url, headers: { 'Content-Type': mediaType } };
    },
  };
}
