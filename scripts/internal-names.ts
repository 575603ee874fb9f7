/**
 * Property names that the build of dist/chat.js shortens. A minifier cannot know that they are internal: not used
 * outside of dist/, not sent, not stored, not documented. The npm package keeps all names. Checked by
 * test/support/internal-names.node.test.ts.
 */
export const INTERNAL_NAMES: readonly string[] = [
  'DeliveryFallback', 'Heartbeat', 'LiveRegion', 'NotificationLoader', 'ReadReceipts', 'Reconnect', 'STORAGE_PROBLEMS',
  'SharedSocket', 'TOKEN_TIMEOUT_MS', 'TokenFlow', 'TypingNotifier', 'UserChannel', 'acceptsIdempotencyKey',
  'addressOf', 'adoptDrafts', 'answerMs', 'applyFrame', 'applyTokenInPlace', 'askForToken', 'asksByRequest', 'authMode',
  'broadcast', 'brokenRow', 'canAsk', 'canContinueWithout', 'cancelAll', 'cancelRetry', 'caughtUp', 'charLimit',
  'checkMs', 'clearRooms', 'confirmMs', 'crashes', 'createRequests', 'credential', 'deferredRequests', 'detachUnowned',
  'dispatch', 'enRichParts', 'endPause', 'exactUnread', 'expiresAt', 'failures', 'falseHoles', 'fetchChanges',
  'fetchReceipts', 'fetchTicket', 'fetchUserInfo', 'followLeader', 'forget', 'fullReadAt', 'getThread', 'handshakeMs',
  'hasUserInfo', 'heartbeatMs', 'holdFrames', 'isActive', 'isAsked', 'isAtEnd', 'isAway', 'isComplete', 'isConfirmed',
  'isCopy', 'isEmpty', 'isExpired', 'isFollower', 'isGroup', 'isHealthy', 'isHeld', 'isHidden', 'isHydrating',
  'isLeader', 'isListed', 'isLoaded', 'isMine', 'isOpen', 'isOpenElsewhere', 'isOther', 'isOtherUser', 'isOverdue',
  'isProviderOnly', 'isRequest', 'isSameUser', 'isSender', 'isSetAside', 'isStale', 'isStored', 'isUsable', 'issuedAt',
  'joinScope', 'jumpButton', 'knownUpTo', 'lastScope', 'listByRest', 'listRooms', 'loadFallback', 'loadHeartbeat',
  'loadHistoryPage', 'loadNewestPage', 'loadParts', 'loadingNewer', 'localize', 'matchPending', 'messageText',
  'nameUnknown', 'noSuchMessage', 'notices', 'onAlive', 'onConnected', 'onDraft', 'onFrame', 'onGreeting', 'onHeld',
  'onHistory', 'onLate', 'onLeaderChange', 'onLoaded', 'onLost', 'onNewSocket', 'onOpen', 'onOtherToken', 'onProblem',
  'onRefreshed', 'onRestSuccess', 'onRoomList', 'onScroll', 'onSend', 'onSettled', 'onSignedOut', 'onSubscriptionEnded',
  'onSuccess', 'onText', 'onTyping', 'onUncertainUser', 'onUnreadCount', 'onUserChange', 'onViewing', 'openRooms',
  'outboxes', 'ownerIfConfirmed', 'pageConnection', 'pollMs', 'previewed', 'putDraft', 'queueOf', 'queuedMessages',
  'quoteAndAttachment', 'readEach', 'readOpenRooms', 'readOtherRooms', 'readRoom', 'recheck', 'rechecks', 'reconnect',
  'refreshRefused', 'refreshRooms', 'refresher', 'refusedMessages', 'rejectDiscarded', 'rejectOfFormerUser',
  'releaseFrames', 'releaseStorage', 'reopen', 'reportProblem', 'requestMs', 'rereadMs', 'restOrThrow',
  'resyncAfterGap', 'richParts', 'roomSync', 'roomsPage', 'runNow', 'scopeFor', 'sendError', 'setAuthor', 'setSender',
  'setTyping', 'setUnauthorized', 'setUserInfo', 'setback', 'settle', 'sharedSocket', 'signedOut', 'skewMs',
  'skippedNotice', 'socketEnded', 'socketTokens', 'startOver', 'switchTo', 'takeRefused', 'tellAgain',
  'tellNotifications', 'timeoutMs', 'toConnected', 'toConnecting', 'toError', 'toHttpError', 'toIdle', 'toOffline',
  'toPolling', 'toReconnecting', 'toUnauthorized', 'typingIndicator', 'unregister', 'unsent', 'waitForFrame',
  'wasConnected', 'wasHeld', 'watchPage', 'withNextTry', 'withReceipts', 'withoutSocket', 'yieldToMain',
];
