/**
 * All interface texts of the elements, in one language. A text with a variable part is a function. If the language has
 * more forms than singular and plural, choose the form with `Intl.PluralRules`.
 * `registerLocale` adds a language; texts that it leaves out are English.
 */
export interface Terms {
  // Connection states
  signIn: string;
  connecting: string;
  connected: string;
  reconnecting: string;
  polling: string;
  offline: string;
  unauthorized: string;
  /** In place of `unauthorized` or `failing`: the page's token endpoint issues no token. */
  signInFailing: string;
  /** State `error`. */
  failing: string;
  /**
   * Why the connection is in its state.
   * @param code a `ReasonCode`.
   * @param english the English sentence: return it for a code without a translation.
   */
  reason: (code: string, english: string) => string;
  retryNow: string;
  /** Button that opens the connection details. */
  details: string;
  /** The code of the connection details failed to load. Followed by the reason of the state, and technical data. */
  noDetails: string;
  /** Button that hides the state of the connection until it changes. */
  hide: string;
  // Launcher
  /** Default heading of the panel, and name of the button that has opened it. */
  chat: string;
  openChat: (unread: number) => string;
  closeChat: string;
  backToConversations: string;
  // Rooms
  conversations: string;
  /** Placeholder and label of the filter field. */
  filterConversations: string;
  noConversations: string;
  /** The backend has more rooms than the list contains. */
  notAllConversations: string;
  /** The filter has no results. */
  noMatch: (filter: string) => string;
  /** Announced to screen readers: the number of rooms that the filter leaves, at least 1. */
  matches: (count: number) => string;
  loadingConversations: string;
  unread: (count: number) => string;
  /** Author of the user's own messages: in a preview, `You: …`; in a thread, for screen readers. */
  you: string;
  /** Preview of a room without messages. */
  noMessagesYet: string;
  /** A room without a name. */
  unnamed: string;
  /** A message that consists of a file. */
  attachment: string;
  /** A message with neither text nor file. */
  noText: string;
  /** Name of the button that adds or removes one's own reaction. `count`: the people who have reacted. */
  reaction: (emoji: string, count: number) => string;
  /** Button that chooses files for the next message. */
  attachFiles: string;
  /** Description of that button: files per message, and the size of each. */
  attachLimits: (count: number, size: string) => string;
  /** Name of the list of files of the next message. */
  filesToSend: string;
  /** Button beside a file of the next message. */
  removeFile: (name: string) => string;
  /** Name of a progress bar. */
  uploading: (name: string) => string;
  /** A file above the limit for one message. */
  tooManyFiles: (limit: number) => string;
  /** While files are dragged over a thread. */
  dropFiles: string;
  /** The backend scans a file. */
  fileChecking: string;
  /** The backend has refused a file that was sent. */
  fileBlocked: string;
  /** Author of a message whose account no longer exists. */
  deletedUser: string;
  /** A user without a name. */
  unnamedUser: string;
  /** Age of a message: less than a minute. */
  now: string;
  // Thread
  /** No room is selected in `<chat-rooms>`. */
  chooseConversation: string;
  /** The thread's `room` is empty. */
  noConversation: string;
  messagesIn: (room: string) => string;
  loadingMessages: string;
  /** In place of messages or rooms while the server cannot be reached. */
  waiting: string;
  loadingOlder: string;
  /** Above the first message of a room. */
  beginning: string;
  /** Followed by the error's message. */
  loadFailed: string;
  emptyThread: string;
  /** Number of rooms or messages that were left out because their data is invalid. */
  unreadable: (count: number) => string;
  jumpToLatest: string;
  /** Messages received while the reader is scrolled up. */
  newMessages: (count: number) => string;
  today: string;
  yesterday: string;
  isTyping: (names: string[]) => string;
  /** Read aloud by screen readers when a message arrives. */
  announce: (sender: string, text: string) => string;
  /** The same for a message in another room than the one on screen. */
  announceIn: (sender: string, room: string, text: string) => string;
  /** A message in a direct room that is not shown. */
  announceDirect: (sender: string, text: string) => string;
  sending: string;
  sent: string;
  read: string;
  edited: string;
  /** In place of a deleted message, and of a quote of it. */
  deletedMessage: string;
  notSent: string;
  /** After a long absence only the newest messages were loaded. Followed by the button `loadSkipped`. */
  skipped: string;
  loadSkipped: string;
  noAccess: string;
  /** The browser cannot store unsent messages. */
  notDurable: string;
  /** A newer version of the chat in another tab has upgraded the local storage. */
  reloadToContinue: string;
  retry: string;
  discard: string;
  openFile: string;
  /** Button under a long message. */
  showMore: string;
  /** In place of a message that failed to render. */
  notShown: string;
  /** In place of a room that failed to render. */
  roomNotShown: string;
  // Composer
  writeMessage: string;
  messageTo: (room: string) => string;
  send: string;
  /** @param over number of characters above the limit. */
  tooLong: (over: number, limit: number) => string;
  /** Below the field, near the limit. */
  charactersLeft: (left: number) => string;
  /** In place of the composer. */
  readOnly: string;
}
