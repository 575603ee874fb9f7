/** The requests of the capability `uploads`. Loaded on demand: see rest-deferred.ts. */
import { Attachment, check } from '../protocol/index.js';
import { parseUrl } from '../internal/url.js';
import { anything, object, string } from '../protocol/schema.js';
import { systemClock } from './clock.js';
import { ChatError } from './errors.js';
import type { RestClient } from './rest.js';
import { toHttpError } from './http-error.js';
import { fetchWithDeadline } from './with-deadline.js';
import { transfer, type Transfer, type TransferOptions } from './transfer.js';
import type { OutgoingFileContent, UploadRequest } from './transport.js';

/** The answer to `POST uploads/`, if the file is sent to another address. */
const PresignedBody = object(() => ({
  id: Attachment()._zod.def.shape.id,
  put: object(() => ({ url: string, headers: anything }))(),
}));

/** @throws {ChatError} */
export async function uploadFile(rest: RestClient, request: UploadRequest): Promise<Attachment> {
  return request.isPresigned ? uploadPresigned(rest, request) : uploadMultipart(rest, request);
}

async function uploadMultipart(rest: RestClient, request: UploadRequest): Promise<Attachment> {
  const { file: content, name, uploadId, signal, onProgress } = request;
  const answer = await sendForm(rest, 'uploads/', {
    fields: {},
    file: { content, name, onProgress },
    fileField: 'file',
    headers: { 'Idempotency-Key': uploadId },
    signal,
  });
  return rest.unwrap(check(Attachment, answer, 'POST uploads/'));
}

interface FormRequest {
  fields: object;
  file: OutgoingFileContent;
  /** @default 'attachment' */
  fileField?: string;
  headers: Record<string, string>;
  signal: AbortSignal | undefined;
}

/** Sends a form with a file. @returns the body of the response, unchecked. @throws {ChatError} */
export function sendForm(
  rest: RestClient,
  path: string,
  { fields, file, fileField = 'attachment', headers, signal = new AbortController().signal }: FormRequest,
): Promise<unknown> {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, String(value));
  body.append(fileField, file.content, file.name);
  return rest.withToken((token) => {
    const all = { ...headers, Accept: 'application/json', Authorization: `Bearer ${token}` };
    const request: Transfer = { method: 'POST', url: new URL(path, rest.base), headers: all, body };
    return send(rest, request, { signal, onProgress: file.onProgress }, token);
  });
}

async function uploadPresigned(rest: RestClient, request: UploadRequest): Promise<Attachment> {
  const { file, name, mediaType, uploadId, signal } = request;
  const answer = await rest.request('uploads/', {
    method: 'POST',
    body: { name, media_type: mediaType || 'application/octet-stream', size: file.size },
    headers: { 'Idempotency-Key': uploadId },
    signal,
  });
  // The file is there already, and the answer to an earlier attempt was lost.
  if (!(answer as { put?: unknown } | null | undefined)?.put)
    return rest.unwrap(check(Attachment, answer, 'POST uploads/'));
  const { id, put } = rest.unwrap(check(PresignedBody, answer, 'POST uploads/'));
  const url = parseUrl(put.url, rest.base);
  if (!url || !/^https?:$/.test(url.protocol))
    throw new ChatError('unexpected_answer', 'The server named an invalid address for the file.');
  // Without the token: the address itself permits this upload.
  await send(rest, { method: 'PUT', url, headers: textFields(put.headers), body: file }, request, '\0');
  const path = `uploads/${encodeURIComponent(id)}/complete/`;
  const completed = await rest.request(path, { method: 'POST', body: {}, signal });
  return rest.unwrap(check(Attachment, completed, 'POST uploads/{id}/complete/'));
}

/** The headers that a server has named. */
const textFields = (headers: unknown): Record<string, string> =>
  Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)]));

/**
 * @param token is removed from error messages.
 * @returns the body of the response, unchecked.
 */
async function send(
  rest: RestClient,
  request: Transfer,
  { signal, onProgress }: Pick<UploadRequest, 'signal' | 'onProgress'>,
  token: string,
): Promise<unknown> {
  const { fetch, clock = systemClock } = rest.options;
  const options: TransferOptions = { clock, signal, onProgress };
  // Node has no XMLHttpRequest, and a page's own `fetch` may do more than the browser's.
  const isPlain = !fetch && 'XMLHttpRequest' in globalThis;
  const response = isPlain ? await transfer(request, options) : await byFetch(request, options, fetch);
  const text = await response.text();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // A storage may answer with XML, or not at all.
  }
  if (!response.ok) throw toHttpError(response, json, token);
  rest.options.onSuccess?.();
  return json;
}

/** The deadline for an upload by `fetch`, which does not report whether there is progress, in milliseconds. */
const FETCH_TIMEOUT_MS = 600_000;

async function byFetch(
  { url, ...init }: Transfer,
  { clock, signal }: TransferOptions,
  fetch: typeof globalThis.fetch | undefined,
): Promise<Response> {
  const options = { clock, signal, fetch, timeoutMs: FETCH_TIMEOUT_MS };
  const response = await fetchWithDeadline(
    url,
    { ...init, credentials: 'omit', redirect: 'manual' },
    options,
    async (received) => ({ text: await received.text(), received }),
  );
  const { text, received } = response!;
  const { status, headers } = received;
  // Status 0 is a redirect, which is not followed.
  return new Response(status === 204 ? null : text, { status: status || 502, headers });
}

/** Discards a file that was not sent. @throws {ChatError} */
export async function discardUpload(rest: RestClient, id: string | number): Promise<void> {
  await rest.request(`uploads/${encodeURIComponent(id)}/`, { method: 'DELETE', keepalive: true });
}
