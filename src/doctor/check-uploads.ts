/** Capability `uploads`: the doctor uploads a small file, sends it, loads it, and discards another one. */
import { isId } from '../internal/is-id.js';
import { isAllowedIn } from './check-permissions.js';
import type { CheckId } from './checks.js';
import { isResponse, type RequestResult } from './raw-request.js';
import { checkMembership } from './remedies.js';
import { bodyOf, changeFailure } from './sent-message.js';
import { isRecord } from './shapes.js';
import type { WriteContext } from './write-context.js';

const UPLOAD_CHECKS = [
  'uploads.file',
  'uploads.repeated',
  'uploads.message',
  'uploads.used',
  'uploads.url',
  'uploads.renewed',
  'uploads.discard',
] as const satisfies readonly CheckId[];

const FILE_FIX =
  'On POST uploads/ with the form field "file", store the file, and answer 201 with {"id", "url", "name", "media_type", ' +
  '"size"}. If limits.upload is "presigned": answer {"id", "put": {"url", "headers"}}, and POST uploads/{id}/complete/ ' +
  'with the attachment. Otherwise do not announce uploads.';
const REPEATED_FIX =
  'Store the header Idempotency-Key with the upload, unique per user, and answer the same key with the same upload: a ' +
  'client repeats a request whose answer was lost.';
const MESSAGE_FIX =
  'On send_message with {"attachments": [<upload id>, …]}, give the uploads to the message, allow an empty "content", ' +
  'and return the message with "attachments", in this order, and with "attachment", the URL of the first.';
const USED_FIX =
  'An upload belongs to one message. If an id is used, foreign or expired, store nothing, and answer 404 with {"detail", ' +
  '"code": "unknown_upload"}: the widget then uploads the file again.';
const URL_FIX =
  'Serve the url of an attachment without a token: sign it instead. Answer a Range request with 206, Content-Range and ' +
  'only these bytes: without it, browsers cannot play videos from the middle.';
const RENEWED_FIX = `Answer GET messages/{id}/ with the message, whose URLs are valid again. ${checkMembership}`;
const DISCARD_FIX = 'On DELETE uploads/{id}/, delete an upload that was not sent, and answer 204 without a body.';

const TEXT = 'unified-chat doctor: a test file, please ignore';
/** The first bytes that are loaded. */
const PART = { range: 'bytes=0-6', text: 'unified' };

export async function checkUploads(write: WriteContext): Promise<void> {
  const { context, room } = write;
  const { findings } = context;
  if (!context.hasCapability('uploads')) {
    for (const id of UPLOAD_CHECKS) findings.unsupported(id, 'The backend does not announce uploads.');
    return;
  }
  if (!isAllowedIn(context, room, 'attach'))
    return findings.skip(
      `the user may not do this in room ${room}: its 'can' does not contain attach`,
      ...UPLOAD_CHECKS,
    );
  if (!acceptsText(context.limits))
    return findings.skip(
      'the backend accepts no text files (limits.accept), and others are not tried',
      ...UPLOAD_CHECKS,
    );
  const id = await new UploadChecks(write).uploadFile();
  if (id === undefined) return findings.skip('no file can be uploaded: see uploads.file', ...UPLOAD_CHECKS.slice(1));
  await new UploadChecks(write).checkAll(id);
}

function acceptsText({ accept }: Record<string, unknown>): boolean {
  return !Array.isArray(accept) || ['text/plain', 'text/*', '*/*'].some((type) => accept.includes(type));
}

class UploadChecks {
  constructor(private readonly write: WriteContext) {}

  async uploadFile(): Promise<unknown> {
    const { context } = this.write;
    context.startCheck('uploads.file');
    const { failure, body } = await this.#upload('first');
    const { id, url, state } = body;
    const problem =
      failure ||
      (!isId(id) && 'returned no id') ||
      (typeof url !== 'string' && state !== 'checking' && "returned no url, and not the state 'checking'");
    if (!problem) {
      context.findings.pass('uploads.file');
      return id;
    }
    context.findings.fail('uploads.file', `POST ${context.routePath('uploads/')} ${problem}.`, FILE_FIX);
    return undefined;
  }

  async checkAll(id: unknown): Promise<void> {
    const { context } = this.write;
    context.startCheck('uploads.repeated');
    const again = await this.#upload('first');
    if (again.failure)
      this.#fail('uploads.repeated', `The first upload succeeded; the same one ${again.failure}.`, REPEATED_FIX);
    else if (String(again.body['id']) !== String(id))
      this.#fail('uploads.repeated', 'Two uploads with the same Idempotency-Key have different ids.', REPEATED_FIX);
    else context.findings.pass('uploads.repeated');
    await this.#checkDiscard();
    const message = await this.#checkMessage(id);
    if (!message) return;
    await this.#checkUsed(id);
    await this.#checkUrl(message);
    await this.#checkRenewed(message);
    // No message that the doctor can delete stays.
    if (context.hasCapability('delete')) await context.request(messagePath(message), { method: 'DELETE' });
  }

  /** Uploads the test file, under the same key each time. @returns the attachment. */
  async #upload(name: string): Promise<{ failure: string; body: Record<string, unknown> }> {
    const { context, uploadKey } = this.write;
    const headers = { 'Idempotency-Key': `${uploadKey}-${name}` };
    const file = new File([TEXT], 'doctor.txt', { type: 'text/plain' });
    const done = (result: RequestResult, expected?: number) => ({
      failure: changeFailure(result, expected),
      body: bodyOf(result),
    });
    if (context.limits['upload'] !== 'presigned') {
      const form = new FormData();
      form.set('file', file);
      return done(await context.request('uploads/', { method: 'POST', body: form, headers }), 201);
    }
    const description = { name: file.name, media_type: file.type, size: file.size };
    const started = await context.request('uploads/', { method: 'POST', body: description, headers });
    const { id, put } = bodyOf(started);
    // A repeated upload that is complete is answered with its attachment.
    if (changeFailure(started, 201) || !isRecord(put)) return done(started, 201);
    const toStorage = {
      token: undefined,
      headers: put['headers'] as Record<string, string>,
      method: 'PUT',
      body: file,
    };
    const stored = await context.request(String(put['url']), toStorage);
    if (!isResponse(stored) || stored.status >= 300)
      return {
        failure: `returned an address to which the file cannot be sent: PUT ${changeFailure(stored)}`,
        body: {},
      };
    return done(await context.request(`uploads/${String(id)}/complete/`, { method: 'POST', body: {} }));
  }

  #fail(id: CheckId, message: string, fix: string): void {
    this.write.context.findings.fail(id, message, fix);
  }

  #send(id: unknown): Promise<RequestResult> {
    const { context, room, roomPath } = this.write;
    const body = { room, content: '', attachments: [id] };
    return context.request(`${roomPath}send_message/`, { method: 'POST', body });
  }

  /** @returns the message; undefined if it was not stored, or has no files. */
  async #checkMessage(id: unknown): Promise<Record<string, unknown> | undefined> {
    const { context } = this.write;
    context.startCheck('uploads.message');
    const result = await this.#send(id);
    const failure = changeFailure(result, 201);
    const message = bodyOf(result);
    const files = filesOf(message);
    const problem = failure
      ? `A message with an upload and without text ${failure}`
      : files.length !== 1 || String(files[0]!['id']) !== String(id)
        ? "The message in the answer does not have the upload in 'attachments'"
        : message['attachment'] !== files[0]!['url'] && "The message's 'attachment' is not the URL of its first file";
    if (!problem) {
      context.findings.pass('uploads.message');
      context.restBodies.push(['message with a file', message]);
      return message;
    }
    this.#fail('uploads.message', `${problem}.`, MESSAGE_FIX);
    context.findings.skip('no file can be sent: see uploads.message', 'uploads.used', 'uploads.url', 'uploads.renewed');
    return undefined;
  }

  async #checkUsed(id: unknown): Promise<void> {
    const { context } = this.write;
    context.startCheck('uploads.used');
    const result = await this.#send(id);
    if (isResponse(result) && result.status < 300)
      return this.#fail('uploads.used', 'One upload can be sent in two messages.', USED_FIX);
    const failure = changeFailure(result, 404);
    if (failure) return this.#fail('uploads.used', `Sending an upload a second time ${failure}.`, USED_FIX);
    if (bodyOf(result)['code'] !== 'unknown_upload')
      return this.#fail('uploads.used', "The answer 404 does not have the code 'unknown_upload'.", USED_FIX);
    context.findings.pass('uploads.used');
  }

  async #checkUrl(message: Record<string, unknown>): Promise<void> {
    const { context } = this.write;
    context.startCheck('uploads.url');
    const { url, state } = filesOf(message)[0]!;
    if (typeof url !== 'string')
      return context.findings.skip(`the file cannot be loaded yet: ${String(state)}`, 'uploads.url');
    const result = await context.request(url, { token: undefined, headers: { Range: PART.range } });
    const failure = changeFailure(result, 206);
    if (failure)
      return this.#fail(
        'uploads.url',
        `The URL of the file, asked for a part and without a token, ${failure}.`,
        URL_FIX,
      );
    if ((result as { text: string }).text !== PART.text)
      return this.#fail('uploads.url', `The answer to Range: ${PART.range} does not contain these bytes.`, URL_FIX);
    context.findings.pass('uploads.url');
  }

  async #checkRenewed(message: Record<string, unknown>): Promise<void> {
    const { context } = this.write;
    context.startCheck('uploads.renewed');
    const path = messagePath(message);
    const result = await context.request(path);
    const failure = changeFailure(result);
    const route = context.routePath(path);
    if (failure) return this.#fail('uploads.renewed', `GET ${route} ${failure}.`, RENEWED_FIX);
    if (filesOf(bodyOf(result)).length === 0)
      return this.#fail('uploads.renewed', `The answer of GET ${route} does not have the file.`, RENEWED_FIX);
    context.findings.pass('uploads.renewed');
  }

  async #checkDiscard(): Promise<void> {
    const { context } = this.write;
    context.startCheck('uploads.discard');
    const { failure, body } = await this.#upload('discarded');
    if (failure) return context.findings.skip(`a second file cannot be uploaded: it ${failure}`, 'uploads.discard');
    const path = `uploads/${encodeURIComponent(String(body['id']))}/`;
    const refused = changeFailure(await context.request(path, { method: 'DELETE' }), 204);
    if (refused) return this.#fail('uploads.discard', `DELETE ${context.routePath(path)} ${refused}.`, DISCARD_FIX);
    context.findings.pass('uploads.discard');
  }
}

const messagePath = ({ id }: Record<string, unknown>): string => `messages/${encodeURIComponent(String(id))}/`;

const filesOf = ({ attachments }: Record<string, unknown>): Record<string, unknown>[] =>
  Array.isArray(attachments) ? attachments.filter(isRecord) : [];
