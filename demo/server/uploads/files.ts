/** Files of messages: how they are read with their message, and what clients see of them. */
import type { ResolvedOptions } from '../options.js';
import { signedUrl, type Audience } from './signed-urls.js';

export type FileState = 'uploading' | 'checking' | 'ready' | 'blocked';

/** The visible columns of a file. */
export interface FileRow {
  id: string;
  name: string;
  mediaType: string;
  size: number | null;
  width: number | null;
  height: number | null;
  thumbhash: string | null;
  durationMs: number | null;
  state: FileState;
}

/** A file of a message. */
export interface SentFile extends FileRow {
  epoch: number;
}

/** The columns of a `FileRow`; `f` is the table alias of attachments. */
export const FILE_COLUMNS = `f.id, f.name, f.media_type as "mediaType", f.size, f.width, f.height, f.thumbhash,
  f.duration_ms as "durationMs", f.state`;

/** The files of message `m`, as JSON; null if it has none. Messages without files cost nothing. */
export const FILES_OF_MESSAGE = `case when m.attachment_id is not null then (
    select json_agg(json_build_object('id', f.id, 'name', f.name, 'mediaType', f.media_type, 'size', f.size,
      'width', f.width, 'height', f.height, 'thumbhash', f.thumbhash, 'durationMs', f.duration_ms, 'state', f.state,
      'epoch', coalesce((select e.epoch from file_epochs e where e.room_id = m.room_id), 0)) order by f.position)
    from attachments f where f.message_id = m.id or f.id = m.attachment_id) end`;

/** A file on the wire: see docs/PROTOCOL.md. */
export interface WireFile {
  id: string;
  url: string | null;
  name: string;
  media_type: string;
  size: number | undefined;
  width: number | undefined;
  height: number | undefined;
  thumbhash: string | undefined;
  duration_ms: number | undefined;
  state: 'checking' | 'blocked' | undefined;
}

export function fileOnTheWire(options: ResolvedOptions, file: FileRow, audience: Audience): WireFile {
  const { id, name, mediaType: media_type, state } = file;
  return {
    id,
    url: state === 'ready' ? signedUrl(options, file, audience) : null,
    name,
    media_type,
    size: file.size ?? undefined,
    width: file.width ?? undefined,
    height: file.height ?? undefined,
    thumbhash: file.thumbhash ?? undefined,
    duration_ms: file.durationMs ?? undefined,
    state: state === 'checking' || state === 'blocked' ? state : undefined,
  };
}

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** Whether a text can be the id of a file. Anything else is an error of the database. */
export const isFileId = (id: unknown): id is string => typeof id === 'string' && UUID.test(id);
