import type { Terms } from './translation.js';

/** English texts of the parts of `<chat-thread>` that are loaded later. */
export const enRichParts = {
  showMore: 'Show more',
  jumpToLatest: 'Jump to latest',
  newMessages: (count) => (count === 1 ? '1 new message' : `${count} new messages`),
  isTyping: (names) =>
    names.length === 1
      ? `${names[0]} is typing`
      : names.length === 2
        ? `${names[0]} and ${names[1]} are typing`
        : 'Several people are typing',
  announce: (sender, text) => `${sender}: ${text}`,
  announceIn: (sender, room, text) => `${sender} in ${room}: ${text}`,
  noText: 'No text',
  deletedUser: 'Deleted user',
  unnamedUser: 'Unnamed user',
  discard: 'Discard',
  notShown: 'This message cannot be displayed.',
  openFile: 'Open file',
  reloadToContinue: 'Reload to continue: another tab runs a newer version of this chat.',
  unreadable: (count) => `${count} could not be displayed.`,
  waiting: 'Waiting for the connection…',
  loadingOlder: 'Loading older messages…',
  skipped: 'Earlier messages were skipped.',
  loadSkipped: 'Load them',
  noAccess: 'You do not have access to this conversation.',
  notDurable: 'Keep this page open until your messages are sent.',
} satisfies Partial<Terms>;
