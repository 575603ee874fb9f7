/** The files of unsent messages. Deferred: loaded with history-pages.ts. */
import type { OutgoingFile, SessionEvent } from '../model/index.js';
import type { Attachment } from '../protocol/index.js';
import type { ChatData } from './state.js';

export function onUpload(
  state: ChatData,
  action: Extract<SessionEvent, { type: 'upload' | 'upload-ended' }>,
): ChatData {
  const uploads = new Map(state.uploads);
  if (action.type === 'upload') uploads.set(action.upload.uploadId, action.upload);
  else uploads.delete(action.uploadId);
  return { ...state, uploads };
}

/** The file of an unsent message, like that of a stored one. Its id is the `uploadId`. */
export const unsentAttachment = ({ uploadId, name, mediaType, size }: OutgoingFile): Attachment => ({
  id: uploadId,
  url: null,
  name,
  media_type: mediaType,
  size,
});
