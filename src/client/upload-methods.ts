/** The methods of {@link ChatUploads}, with the connection as first argument. Loaded on first use. */
import { noop } from '../internal/noop.js';
import { isNewRoom, type Upload } from '../model/index.js';
import { idKey, type Id } from '../protocol/index.js';
import { MAX_FILES, type UploadQueue } from '../session/uploads/upload-queue.js';
import { filesPerMessage, isAllowed } from '../store/permissions.js';
import { unsentAttachment } from '../store/uploads.js';
import { ChatError } from '../transport/index.js';
import type { AddOptions, SendFilesOptions } from './chat-uploads.js';
import type { ConnectionParts } from './connection-parts.js';
import { isAccepted } from './is-accepted.js';
import { newLocalId } from './local-id.js';
import type { SendResult } from './pending-sends.js';
import { queueMessage } from './queue-message.js';
import { requireSendable } from './send-errors.js';

const queueOf = async ({ session }: ConnectionParts): Promise<UploadQueue> =>
  (await session.outbox.loadFallback()).files.load();

/** Why a file cannot be sent. */
function blockedBy(
  { store, clock }: ConnectionParts,
  roomId: Id,
  { size, mediaType }: Pick<Upload, 'size' | 'mediaType'>,
  name: string,
  queued: number,
): ChatError | undefined {
  const { limits } = store.data;
  const { attachment_bytes: bytes, accept } = limits;
  if (!isAllowed(store.data, roomId, 'attach', undefined, clock.now()))
    return new ChatError('forbidden', 'You cannot send files in this conversation.');
  if (queued >= MAX_FILES) return new ChatError('too_many', `At most ${MAX_FILES} files can wait to be sent.`);
  if (bytes !== undefined && size > bytes)
    return new ChatError('too_large', `The file has ${size} bytes; the limit is ${bytes}.`);
  if (accept && !isAccepted(mediaType, name, accept))
    return new ChatError('unsupported_type', `This type of file cannot be sent. Allowed: ${accept.join(', ')}.`);
  return undefined;
}

/** The room of a local id, once it is created. */
const createdRoom = ({ store }: ConnectionParts, roomId: Id): Id =>
  store.data.createdRooms.get(idKey(roomId)) ?? roomId;

export async function add(
  core: ConnectionParts,
  localRoomId: Id,
  file: Blob,
  options: AddOptions = {},
): Promise<Upload> {
  const roomId = createdRoom(core, localRoomId);
  const queue = await queueOf(core);
  const name = options.name ?? ((file as Partial<File>).name || 'file');
  // Without parameters: `audio/webm;codecs=opus`.
  const mediaType = file.type.split(';')[0]!.trim();
  const upload = { uploadId: newLocalId(), roomId, name, mediaType, size: file.size };
  wakeOnConnection(core);
  return queue.add(file, upload, blockedBy(core, roomId, upload, name, queue.size));
}

const watched = new WeakSet<ConnectionParts>();

/** Continues waiting uploads as soon as the backend can be reached. */
function wakeOnConnection(core: ConnectionParts): void {
  if (watched.has(core)) return;
  watched.add(core);
  core.store.subscribe((data, previous) => {
    const works = data.phase.is === 'connected' || data.phase.is === 'polling';
    if (works && data.phase !== previous.phase && data.uploads.size > 0)
      void queueOf(core).then((queue) => queue.wake(data.uploads.keys()), noop);
  });
}

export async function send(
  core: ConnectionParts,
  localRoomId: Id,
  content: string,
  { attachments, replyTo }: SendFilesOptions,
): Promise<SendResult> {
  const roomId = createdRoom(core, localRoomId);
  const { store } = core;
  const { uploads } = store.data;
  const text = requireSendable(core, content, attachments.length > 0);
  const most = filesPerMessage(store.data);
  if (attachments.length > most)
    throw new ChatError('too_many', `The message has ${attachments.length} files; the limit is ${most}.`);
  const files = attachments.map((uploadId) => {
    const upload = uploads.get(uploadId);
    if (!upload) throw new ChatError('not_found', 'There is no such upload.');
    if (isNeeded(core, uploadId)) throw new ChatError('conflict', 'Another message has this file. Add it again.');
    if (upload.error && upload.state === 'blocked') throw upload.error;
    const { name, mediaType, size } = upload;
    return { uploadId, name, mediaType, size };
  });
  const newRoom = store.data.newRooms.get(idKey(roomId));
  // A page may still show the new conversation of a former user.
  if (!newRoom && isNewRoom(roomId)) throw new ChatError('not_found', 'There is no such conversation.');
  const sent = queueMessage(core, { roomId, content: text, replyTo, files, newRoom }, files.map(unsentAttachment));
  const taken = takenBy(core);
  for (const uploadId of attachments) taken.add(uploadId);
  const release = (): void => attachments.forEach((uploadId) => taken.delete(uploadId));
  sent.then(release, release);
  return sent;
}

/** The files of messages that are not sent: a message is shown only when it is on the device. */
const takenFiles = new WeakMap<ConnectionParts['store'], Set<string>>();

function takenBy({ store }: ConnectionParts): Set<string> {
  const taken = takenFiles.get(store) ?? new Set();
  takenFiles.set(store, taken);
  return taken;
}

/** Whether a message that is not sent needs a file. */
const isNeeded = (core: ConnectionParts, uploadId: string): boolean =>
  takenBy(core).has(uploadId) ||
  [...core.store.data.threads.values()].some(({ timeline }) =>
    timeline.some(({ delivery, attachments }) => delivery !== 'sent' && attachments?.some(({ id }) => id === uploadId)),
  );

export async function discard(core: ConnectionParts, uploadId: string): Promise<void> {
  if (isNeeded(core, uploadId))
    throw new ChatError('conflict', 'A message needs this file. Discard the message instead.');
  await (await queueOf(core)).discard(uploadId);
}

export async function retry(core: ConnectionParts, uploadId: string): Promise<void> {
  const queue = await queueOf(core);
  const upload = core.store.data.uploads.get(uploadId);
  const blocked = upload && blockedBy(core, upload.roomId, upload, upload.name, 0);
  if (!queue.retry(uploadId, blocked)) throw new ChatError('not_found', 'There is no such upload.');
}

export async function pause(core: ConnectionParts): Promise<void> {
  (await queueOf(core)).setPaused(true);
}

export async function resume(core: ConnectionParts): Promise<void> {
  (await queueOf(core)).setPaused(false);
}
