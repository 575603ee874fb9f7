import type { Terms } from './translation.js';

/**
 * English texts of chat.js: those that `<chat-thread>` needs at first, or that several elements share. The other texts
 * are part of the chunk that uses them: en-secondary.ts.
 */
export const en = {
  signIn: 'Sign in to chat',
  unnamed: 'Conversation',
  attachment: 'Attachment',
  chooseConversation: 'Choose a conversation',
  noConversation: 'No conversation yet',
  messagesIn: (room) => `Messages in ${room}`,
  loadingMessages: 'Loading messages…',
  beginning: 'Start of the conversation',
  loadFailed: 'Could not load messages.',
  emptyThread: 'No messages yet. Say hello!',
  today: 'Today',
  yesterday: 'Yesterday',
  sending: 'Sending',
  sent: 'Sent',
  read: 'Read',
  edited: 'edited',
  deletedMessage: 'This message was deleted.',
  notSent: 'Not sent',
  retry: 'Retry',
  writeMessage: 'Write a message',
  messageTo: (room) => `Message to ${room}`,
  send: 'Send',
  tooLong: (over, limit) => `${over} over the limit of ${limit}`,
  charactersLeft: (left) => `${left} left`,
  readOnly: 'This conversation is read-only.',
} satisfies Partial<Terms>;
