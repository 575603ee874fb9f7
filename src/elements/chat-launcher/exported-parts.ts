/**
 * Values of `exportparts` for the elements in the panel: `chat-launcher::part(thread-bubble-own)`. The prefix keeps
 * apart parts of the same name.
 */
const exported = (prefix: string, parts: string): string =>
  parts.replace(/[\w-]+/g, `$&:${prefix}-$&`).replaceAll(' ', ',');

export const STATUS_PARTS = exported(
  'status',
  'base dot label retry details hide panel panel-heading basics progress findings finding verdict fix all-checks copy close text',
);
export const ROOMS_PARTS = exported(
  'rooms',
  'base header filter list room room-selected room-unread avatar name preview time badge note',
);
export const THREAD_PARTS = exported(
  'thread',
  'base header messages day message message-own message-other avatar author bubble bubble-own bubble-other text link more quote attachment system meta delivery failure retry discard typing jump note composer input send attach uploads upload upload-retry upload-remove drop skipped reactions reaction hint counter',
);
