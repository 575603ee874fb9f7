/** Every text of the elements. A locale gives all of them; docs/API.md shows how to add one. */
export interface Terms {
  // States
  signIn: string;
  connecting: string;
  connected: string;
  reconnecting: string;
  polling: string;
  offline: string;
  unauthorized: string;
  failing: string;
  /** Why: in this language, or `english` where it has no words for the code. */
  reason: (code: string, english: string) => string;
  attempt: (count: number) => string;
  nextTryIn: (seconds: number) => string;
  tryingNow: string;
  retryNow: string;
  /** The button that opens the details. */
  details: string;
  /** They could not be loaded; what is known without them follows. */
  noDetails: string;
  messagesWait: string;
  // The launcher
  /** The panel's first line, where the page gives none. */
  chat: string;
  openChat: (unread: number) => string;
  closeChat: string;
  backToConversations: string;
  // Rooms
  conversations: string;
  filterConversations: string;
  noConversations: string;
  /** There are more than the list shows. */
  notAllConversations: string;
  noMatch: (filter: string) => string;
  loadingConversations: string;
  unread: (count: number) => string;
  you: string;
  noMessagesYet: string;
  unnamed: string;
  attachment: string;
  now: string;
  // Thread
  chooseConversation: string;
  /** The page has not said yet which room to show. */
  noConversation: string;
  messagesIn: (room: string) => string;
  loadingMessages: string;
  loadingOlder: string;
  beginning: string;
  loadFailed: string;
  emptyThread: string;
  /** Of what was loaded, conversations or messages. */
  unreadable: (count: number) => string;
  jumpToLatest: string;
  newMessages: (count: number) => string;
  today: string;
  yesterday: string;
  isTyping: (names: string[]) => string;
  announce: (sender: string, text: string) => string;
  sending: string;
  sent: string;
  read: string;
  edited: string;
  notSent: string;
  skipped: string;
  loadSkipped: string;
  noAccess: string;
  notDurable: string;
  reloadToContinue: string;
  retry: string;
  discard: string;
  openFile: string;
  /** The button under the first part of a long message. */
  showMore: string;
  /** In the place of what could not be drawn. */
  notShown: string;
  roomNotShown: string;
  // Composer
  writeMessage: string;
  messageTo: (room: string) => string;
  send: string;
  tooLong: (over: number) => string;
  readOnly: string;
}
