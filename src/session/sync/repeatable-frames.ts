import type { ChangeFrame } from '../../protocol/index.js';
import { isPassed, type PassedFrame } from '../../model/index.js';

/**
 * The changes that can be applied again after a response that was pending when they arrived. New messages are in the
 * page, and `messages_marked_read` would be counted twice.
 */
export const repeatableFrames = (frames: readonly ChangeFrame[]): (ChangeFrame & PassedFrame)[] =>
  frames.filter(
    (frame): frame is ChangeFrame & PassedFrame => isPassed(frame) && frame.type !== 'messages_marked_read',
  );
