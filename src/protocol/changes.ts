/** The changes of a room. */
import type { FrameOf } from './server-frames.js';

/** Frames that change a room. With capability `sync`, each has a `seq`. */
export type ChangeFrame = FrameOf<
  'new_message' | 'message_updated' | 'message_deleted' | 'reactions_updated' | 'message_read' | 'messages_marked_read'
>;

const CHANGES: ReadonlySet<string> = new Set<ChangeFrame['type']>([
  'new_message',
  'message_updated',
  'message_deleted',
  'reactions_updated',
  'message_read',
  'messages_marked_read',
]);

export const isChange = (frame: { type: string }): frame is ChangeFrame => CHANGES.has(frame.type);
