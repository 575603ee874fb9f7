/** Changes the picture of a room. Loaded on first use: see room-methods.ts. */
import { noop } from '../internal/noop.js';
import type { Id } from '../protocol/index.js';
import { ChatError, throwIfAborted } from '../transport/index.js';
import type { ConnectionParts } from './connection-parts.js';
import { newLocalId } from './local-id.js';
import { notSupported, peopleRequestsOf } from './people-requests-of.js';
import { requireAllowed, update } from './room-changes.js';

type Host = Pick<ConnectionParts, 'session' | 'store'>;

export async function changePicture(host: Host, roomId: Id, picture: Blob | null): Promise<void> {
  const { signal } = host.session;
  const requests = await peopleRequestsOf(host, 'manage_room');
  throwIfAborted(signal);
  requireAllowed(host, roomId, 'rename');
  const upload = picture && (await uploadPicture(host, picture, signal));
  throwIfAborted(signal);
  try {
    const { picture: address = null } = await requests.changePicture(roomId, upload?.id ?? null, signal);
    throwIfAborted(signal);
    update(host, roomId, { picture: address });
  } catch (thrown) {
    // Its answer may be lost: then the upload is used, and cannot be discarded.
    upload?.discard();
    throw thrown;
  }
}

async function uploadPicture(
  { session, store }: Host,
  file: Blob,
  signal: AbortSignal,
): Promise<{ id: Id; discard(): void }> {
  const { attachment_bytes: bytes, upload } = store.data.limits;
  if (!session.backend.has('uploads')) throw notSupported();
  if (!/^image\//.test(file.type)) throw new ChatError('unsupported_type', 'A picture must be an image.');
  if (bytes !== undefined && file.size > bytes)
    throw new ChatError('too_large', `The file has ${file.size} bytes; the limit is ${bytes}.`);
  const requests = await session.restOrThrow().deferred();
  throwIfAborted(signal);
  if (!requests.uploadFile) throw notSupported();
  const { id } = await requests.uploadFile({
    file,
    name: (file as Partial<File>).name || 'picture',
    mediaType: file.type,
    uploadId: newLocalId(),
    isPresigned: upload === 'presigned',
    signal,
    onProgress: noop,
  });
  return { id, discard: () => void requests.discardUpload?.(id).catch(noop) };
}
