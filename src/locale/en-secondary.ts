import type { Terms } from './translation.js';

/**
 * English texts of the code that is loaded beside the first request: `<chat-status>`, `<chat-rooms>`, `<chat-launcher>`,
 * the rich parts of `<chat-thread>`, and announcements.
 */
export const enSecondary = {
  connecting: 'Connecting…',
  connected: 'Connected',
  reconnecting: 'Reconnecting…',
  polling: 'Messages may take a few seconds.',
  offline: 'You’re offline. Messages will be sent when you’re back.',
  unauthorized: 'You’re signed out.',
  signInFailing: 'This site can’t sign you in right now.',
  failing: 'No connection. Messages will be sent later.',
  reason: (_code, english) => english,
  retryNow: 'Retry now',
  details: 'Details',
  noDetails: 'Could not load the details.',
  hide: 'Hide',
  chat: 'Chat',
  openChat: (unread) => (unread > 0 ? `Open chat, ${unread} unread` : 'Open chat'),
  closeChat: 'Close chat',
  backToConversations: 'Back to conversations',
  conversations: 'Conversations',
  filterConversations: 'Filter conversations',
  noConversations: 'No conversations yet',
  notAllConversations: 'Not all conversations are shown.',
  noMatch: (filter) => `No results for “${filter}”`,
  matches: (count) => (count === 1 ? '1 result' : `${count} results`),
  loadingConversations: 'Loading conversations…',
  unread: (count) => `${count} unread`,
  you: 'You',
  noMessagesYet: 'No messages yet',
  now: 'now',
  roomNotShown: 'This conversation cannot be displayed.',
  // The rich parts of a thread, and announcements
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
  announceDirect: (sender, text) => `Direct message from ${sender}: ${text}`,
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
