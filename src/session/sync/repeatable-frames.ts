import type { ChangeFrame } from '../../protocol/index.js';
import { isPassed, type PassedFrame } from '../../model/index.js';

/**
 * The changes that can be applied again after an answer that was on its way meanwhile. New messages are in their page, and `messages_marked_read`
 * would count twice.
 */
export const repeatableFrames = (frames: readonly ChangeFrame[]): (ChangeFrame & PassedFrame)[] =>
  frames.filter(
    (frame): frame is ChangeFrame & PassedFrame => isPassed(frame) && frame.type !== 'messages_marked_read',
  );
