/** One attempt to upload a file. Loaded with upload-queue.ts. */
import type { Id } from '../../protocol/index.js';
import { ChatError, throwIfAborted, type UploadRequest } from '../../transport/index.js';
import type { FileStorage } from './file-storage.js';
import { askPage, type UploadEntry, type UploadHost } from './upload-entry.js';
import { LOST } from './upload-errors.js';

/**
 * @param report reports a change of the state.
 * @returns the backend's id; that of an earlier attempt, perhaps in another tab, if there is one.
 * @throws {ChatError}
 */
export async function uploadOnce(
  { session, scope }: UploadHost,
  files: FileStorage,
  entry: UploadEntry,
  signal: AbortSignal,
  report: (progress: number) => void,
): Promise<Id> {
  const { uploadId, roomId, name, mediaType } = entry.upload;
  const row = await files.get(scope, uploadId);
  throwIfAborted(signal);
  // Another tab may have uploaded it while this one waited for the lock.
  const uploaded = entry.remoteId ?? row?.remoteId;
  if (uploaded !== undefined) return uploaded;
  const file = entry.file ?? row?.file;
  if (!file) throw LOST();
  if (row?.isUploadedByPage && !entry.uploader) {
    // It was added before a reload, or in another tab.
    entry.uploader = askPage(session.platform.onAttach, { roomId, file, name }).uploader;
    if (!entry.uploader) throw new ChatError('unreachable', 'The page does not upload this file now.');
  }
  report(0);
  const remoteId = entry.uploader
    ? await entry.uploader(file, { signal, onProgress: report })
    : await uploadToBackend(session, { file, name, mediaType, uploadId, signal, onProgress: report });
  throwIfAborted(signal);
  return remoteId;
}

async function uploadToBackend(
  { rest, backend }: UploadHost['session'],
  request: Omit<UploadRequest, 'isPresigned'>,
): Promise<Id> {
  const requests = await rest?.deferred();
  throwIfAborted(request.signal);
  if (!requests?.uploadFile) throw new ChatError('disconnected', 'Not connected. Sign in first.');
  const attachment = await requests.uploadFile({ ...request, isPresigned: backend.limits.upload === 'presigned' });
  if (attachment.state === 'blocked') throw new ChatError('forbidden', 'The server does not accept this file.');
  return attachment.id;
}
