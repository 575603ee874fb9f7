/** The methods of {@link ChatUploads}, with the connection as first argument. Loaded on first use. */
import type { Upload } from '../model/index.js';
import { idKey, sameId, type Id, type Message } from '../protocol/index.js';
import { MAX_FILES, type UploadQueue } from '../session/uploads/upload-queue.js';
import { isAllowed } from '../store/permissions.js';
import { unsentAttachment } from '../store/uploads.js';
import { ChatError } from '../transport/index.js';
import type { AddOptions, SendFilesOptions } from './chat-uploads.js';
import type { ConnectionCore } from './connection-core.js';
import { isAccepted } from './is-accepted.js';
import { newLocalId } from './local-id.js';
import type { SendResult } from './pending-sends.js';
import { sendError } from './send-errors.js';
import { countCharacters, sendableText } from './sendable-text.js';

const queueOf = async ({ session }: ConnectionCore): Promise<UploadQueue> =>
  (await session.outbox.loadFallback()).files.load();

/** Why a file cannot be sent. */
function blockedBy(
  { store, clock }: ConnectionCore,
  roomId: Id,
  file: Blob,
  name: string,
  queued: number,
): ChatError | undefined {
  const { limits } = store.data;
  const { attachment_bytes: bytes, accept } = limits;
  if (!isAllowed(store.data, roomId, 'attach', undefined, clock.now()))
    return new ChatError('forbidden', 'You cannot send files in this conversation.');
  if (queued >= MAX_FILES) return new ChatError('too_many', `At most ${MAX_FILES} files can wait to be sent.`);
  if (bytes !== undefined && file.size > bytes)
    return new ChatError('too_large', `The file has ${file.size} bytes; the limit is ${bytes}.`);
  if (accept && !isAccepted(file.type, name, accept))
    return new ChatError('unsupported_type', `This type of file cannot be sent. Allowed: ${accept.join(', ')}.`);
  return undefined;
}

export async function add(core: ConnectionCore, roomId: Id, file: Blob, options: AddOptions = {}): Promise<Upload> {
  const queue = await queueOf(core);
  const name = options.name ?? ((file as Partial<File>).name || 'file');
  const error = blockedBy(core, roomId, file, name, queue.size);
  wakeOnConnection(core);
  return queue.add(file, { uploadId: newLocalId(), roomId, name, mediaType: file.type, size: file.size }, error);
}

const watched = new WeakSet<ConnectionCore>();

/** Continues waiting uploads as soon as the backend can be reached. */
function wakeOnConnection(core: ConnectionCore): void {
  if (watched.has(core)) return;
  watched.add(core);
  core.store.subscribe((data, previous) => {
    const works = data.phase.is === 'connected' || data.phase.is === 'polling';
    if (works && data.phase !== previous.phase && data.uploads.size > 0)
      void queueOf(core).then(
        (queue) => queue.wake(),
        () => {},
      );
  });
}

export async function send(
  core: ConnectionCore,
  roomId: Id,
  content: string,
  { attachments, replyTo }: SendFilesOptions,
): Promise<SendResult> {
  const { store, session, clock, tokens } = core;
  const { limits, capabilities, uploads } = store.data;
  const text = sendableText(content);
  const isEmpty = !text && attachments.length === 0;
  if (tokens.isSignedOut || isEmpty || countCharacters(text) > (limits.content ?? Infinity))
    throw sendError(text, tokens.isSignedOut, limits.content);
  const most = capabilities.includes('uploads') ? (limits.attachments ?? 1) : 1;
  if (attachments.length > most)
    throw new ChatError('too_many', `The message has ${attachments.length} files; the limit is ${most}.`);
  const files = attachments.map((uploadId) => {
    const upload = uploads.get(uploadId);
    if (!upload) throw new ChatError('not_found', 'There is no such upload.');
    if (upload.error && upload.state === 'blocked') throw upload.error;
    const { name, mediaType, size } = upload;
    return { uploadId, name, mediaType, size };
  });
  const localId = newLocalId();
  const original: Message | undefined =
    replyTo == null ? undefined : store.data.threads.get(idKey(roomId))?.timeline.find(({ id }) => sameId(id, replyTo));
  const at = clock.now();
  const sent = core.pending.add(localId);
  const newRoom = store.data.newRooms.get(idKey(roomId));
  void session.outbox.add({ localId, roomId, content: text, replyTo, files, newRoom }, () => {
    const shown = files.map(unsentAttachment);
    store.dispatch({
      type: 'send',
      draft: { localId, roomId, content: text, replyTo: original, at, attachments: shown },
    });
  });
  core.setTyping(roomId, false);
  return sent;
}

export async function discard(core: ConnectionCore, uploadId: string): Promise<void> {
  for (const { timeline } of core.store.data.threads.values())
    for (const { delivery, attachments } of timeline)
      if (delivery !== 'sent' && attachments?.some(({ id }) => id === uploadId))
        throw new ChatError('conflict', 'A message needs this file. Discard the message instead.');
  await (await queueOf(core)).discard(uploadId);
}

export async function retry(core: ConnectionCore, uploadId: string): Promise<void> {
  if (!(await queueOf(core)).retry(uploadId)) throw new ChatError('not_found', 'There is no such upload.');
}

export async function pause(core: ConnectionCore): Promise<void> {
  (await queueOf(core)).setPaused(true);
}

export async function resume(core: ConnectionCore): Promise<void> {
  (await queueOf(core)).setPaused(false);
}
