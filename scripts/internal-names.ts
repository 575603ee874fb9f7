/**
 * Members of our classes that the build of dist/chat.js shortens, because a minifier cannot know that they are internal: nothing outside of dist/ uses them,
 * and they are neither sent, stored nor documented. The npm package keeps all names. test/support/internal-names.node.test.ts checks the list.
 */
export const INTERNAL_NAMES: readonly string[] = [
  'DeliveryFallback', 'Heartbeat', 'NotificationLoader', 'ReadReceipts', 'Reconnect', 'STORAGE_PROBLEMS', 'SharedSocket', 'TOKEN_TIMEOUT_MS',
  'TokenFlow', 'TypingNotifier', 'UserChannel', 'acceptsIdempotencyKey', 'addressOf', 'answerMs', 'applyFrame', 'applyTokenInPlace', 'askForToken',
  'asksByRequest', 'authMode', 'broadcast', 'canAsk', 'canContinueWithout', 'cancelAll', 'cancelRetry', 'caughtUp', 'checkMs', 'clearRooms',
  'confirmMs', 'crashes', 'createRequests', 'credential', 'deferredRequests', 'detachUnowned', 'dispatch', 'endPause', 'exactUnread', 'expiresAt',
  'failures', 'falseHoles', 'fetchChanges', 'fetchReceipts', 'fetchTicket', 'fetchUserInfo', 'followLeader', 'forget', 'fullReadAt', 'handshakeMs',
  'hasUserInfo', 'heartbeatMs', 'holdFrames', 'isActive', 'isAsked', 'isAtEnd', 'isAway', 'isComplete', 'isConfirmed', 'isCopy', 'isEmpty',
  'isExpired', 'isFollower', 'isGroup', 'isHealthy', 'isHeld', 'isHidden', 'isHydrating', 'isLeader', 'isListed', 'isLoaded', 'isMine', 'isOpen',
  'isOpenElsewhere', 'isOther', 'isOtherUser', 'isOverdue', 'isProviderOnly', 'isRequest', 'isSameUser', 'isSender', 'isSetAside', 'isStale',
  'isStored', 'isUsable', 'issuedAt', 'joinScope', 'knownUpTo', 'lastScope', 'listByRest', 'listRooms', 'loadFallback', 'loadHeartbeat',
  'loadHistoryPage', 'loadNewestPage', 'loadParts', 'localize', 'longest', 'matchPending', 'nameUnknown', 'noSuchMessage', 'onAlive', 'onConnected',
  'onDraft', 'onFrame', 'onGreeting', 'onHeld', 'onHistory', 'onLate', 'onLeaderChange', 'onLoaded', 'onLost', 'onNewSocket', 'onOpen',
  'onOtherToken', 'onProblem', 'onRefreshed', 'onRestSuccess', 'onRoomList', 'onScroll', 'onSend', 'onSettled', 'onSignedOut', 'onSubscriptionEnded',
  'onSuccess', 'onText', 'onTyping', 'onUncertainUser', 'onUnreadCount', 'onUserChange', 'onViewing', 'openRooms', 'outboxes', 'ownerIfConfirmed',
  'pollMs', 'previewed', 'putDraft', 'readEach', 'readOpenRooms', 'readOtherRooms', 'readRoom', 'recheck', 'rechecks', 'reconnect', 'refreshRefused',
  'refreshRooms', 'refresher', 'refusedMessages', 'rejectDiscarded', 'rejectOfFormerUser', 'releaseFrames', 'releaseStorage', 'reopen',
  'reportProblem', 'requestMs', 'rereadMs', 'restOrThrow', 'resyncAfterGap', 'roomSync', 'roomsPage', 'runNow', 'scopeFor', 'sendError', 'setSender',
  'setTyping', 'setUnauthorized', 'setUserInfo', 'setback', 'settle', 'sharedSocket', 'signedOut', 'skewMs', 'socketEnded', 'socketTokens',
  'startOver', 'switchTo', 'takeRefused', 'tellAgain', 'tellNotifications', 'timeoutMs', 'toConnected', 'toConnecting', 'toError', 'toHttpError',
  'toIdle', 'toOffline', 'toPolling', 'toReconnecting', 'toUnauthorized', 'unsent', 'waitForFrame', 'wasConnected', 'wasHeld', 'watchPage',
  'withNextTry', 'withReceipts', 'withoutSocket', 'yieldToMain',
];
