import type { Terms } from './translation.js';

/** What `<chat-thread>` says at first, and others too. The rest comes with what says it: en-secondary.ts, en-rich-parts.ts. */
export const en = {
  signIn: 'Sign in to chat',
  unnamed: 'Conversation',
  attachment: 'Attachment',
  chooseConversation: 'Choose a conversation',
  noConversation: 'No conversation yet',
  messagesIn: (room) => `Messages in ${room}`,
  loadingMessages: 'Loading messages',
  beginning: 'This is where the conversation begins',
  loadFailed: 'The messages could not be loaded.',
  emptyThread: 'No messages yet. Say hello!',
  today: 'Today',
  yesterday: 'Yesterday',
  sending: 'Sending',
  sent: 'Sent',
  read: 'Read',
  edited: 'edited',
  notSent: 'Not sent',
  retry: 'Retry',
  writeMessage: 'Write a message',
  messageTo: (room) => `Message to ${room}`,
  send: 'Send',
  tooLong: (over) => `${over} characters too long`,
  readOnly: 'You can read this conversation, but not write in it.',
} satisfies Partial<Terms>;
