/**
 * Changes of existing messages: shown at once, and taken back if the server refuses them. Loaded on first use: see
 * room-methods.ts.
 */
import { check, idKey, Message, type Id } from '../protocol/index.js';
import { mayHaveBeenSent, rewriteMessage } from '../session/outbox/rewrite-message.js';
import { noop } from '../internal/noop.js';
import { isAllowed, messageOf, type RoomAction } from '../store/permissions.js';
import type { ChatMessage, PendingChange } from '../store/state.js';
import { ChatError, throwIfAborted, type DeferredRequests } from '../transport/index.js';
import type { DeleteOptions } from './chat-room.js';
import type { ConnectionParts } from './connection-parts.js';
import { newLocalId } from './local-id.js';
import { requireSendable } from './send-errors.js';

type Host = Pick<ConnectionParts, 'clock' | 'pending' | 'session' | 'store' | 'timers' | 'tokens'>;

const isoTime = ({ clock }: Host): string => new Date(clock.now()).toISOString();

/**
 * The message, if it is loaded. The server checks the others.
 * @throws {ChatError} `forbidden` if the user may not change it.
 */
function allowedMessage(host: Host, roomId: Id, messageId: Id, action: RoomAction): ChatMessage | undefined {
  const { data } = host.store;
  const message = messageOf(data, roomId, messageId);
  const actions: RoomAction[] = action === 'delete_own' ? ['delete_own', 'delete_any'] : [action];
  if (actions.some((each) => isAllowed(data, roomId, each, message, host.clock.now()))) return message;
  throw new ChatError('forbidden', 'You are not allowed to do this in this conversation.');
}

/**
 * Shows a change while a request is pending.
 * @param run gets a function to call after a wait. It throws `aborted` if the session is now that of another user, whose
 *   sign-in has discarded the change, or of another backend.
 * @returns the result of the request.
 */
async function whileShown<Result>(
  host: Host,
  change: PendingChange,
  run: (throwIfOtherUser: () => void) => Promise<Result>,
): Promise<Result> {
  const { session, store } = host;
  const backend = session.address?.api;
  const throwIfOtherUser = (): void => {
    if (!store.data.changes.includes(change) || session.address?.api !== backend)
      throw new ChatError('aborted', 'The user or the backend has changed.');
  };
  store.dispatch({ type: 'change', change });
  try {
    return await run(throwIfOtherUser);
  } finally {
    store.dispatch({ type: 'change-ended', changeId: change.changeId });
  }
}

/** The message as the server knows it. */
const originalOf = (host: Host, roomId: Id, messageId: Id): ChatMessage | undefined => {
  const message = messageOf(host.store.data, roomId, messageId);
  return message?.original ?? message;
};

/** What a change can change, for comparison. */
const versionOf = ({ content, edited_at, deleted_at, reactions }: Partial<ChatMessage> = {}): string =>
  JSON.stringify([content, edited_at, deleted_at, reactions]);

/**
 * Requests a change, and applies the server's version of the message, unless a live event has brought one meanwhile,
 * which may be newer.
 */
async function request(
  host: Host,
  roomId: Id,
  messageId: Id,
  run: (requests: DeferredRequests, signal: AbortSignal) => Promise<Message>,
): Promise<void> {
  const { session, store } = host;
  const { signal } = session;
  const before = originalOf(host, roomId, messageId);
  const requests = await session.restOrThrow().deferred();
  const message = await run(requests, signal);
  throwIfAborted(signal);
  if (versionOf(originalOf(host, roomId, messageId)) !== versionOf(before)) return;
  store.dispatch({ type: 'room-event', event: { type: 'message-updated', roomId, seq: undefined, message } });
}

// ————— Editing

export async function editMessage(host: Host, roomId: Id, messageId: Id, content: string): Promise<void> {
  const text = requireSendable(host, content);
  const message = allowedMessage(host, roomId, messageId, 'edit_own');
  const change = { type: 'edit', changeId: newLocalId(), roomId, messageId, content: text, at: isoTime(host) } as const;
  if (message && message.delivery !== 'sent') return editUnsent(host, change, message);
  // In order: the second edit replaces the first one, and is no conflict with it.
  const key = `edit ${idKey(roomId)} ${idKey(messageId)}`;
  await whileShown(host, change, (throwIfOtherUser) =>
    inOrder(host, key, () => {
      throwIfOtherUser();
      return requestEdit(host, change);
    }),
  );
}

/** The last request of each message that is edited. */
const editsOf = new WeakMap<Host['store'], Map<string, Promise<void>>>();

/** Runs one request after the other. */
async function inOrder({ store }: Host, key: string, run: () => Promise<void>): Promise<void> {
  const edits = editsOf.get(store) ?? new Map<string, Promise<void>>();
  editsOf.set(store, edits);
  const current = (edits.get(key) ?? Promise.resolve()).catch(noop).then(run);
  edits.set(key, current);
  try {
    await current;
  } finally {
    if (edits.get(key) === current) edits.delete(key);
  }
}

async function requestEdit(
  host: Host,
  { roomId, messageId, content }: Extract<PendingChange, { type: 'edit' }>,
): Promise<void> {
  const expectedEditedAt = originalOf(host, roomId, messageId)?.edited_at;
  try {
    await request(host, roomId, messageId, (requests, signal) =>
      required(requests.editMessage).call(requests, { roomId, messageId }, content, expectedEditedAt, signal),
    );
  } catch (thrown) {
    if (thrown instanceof ChatError && thrown.status === 409) {
      const current = check(
        Message,
        (thrown.answer as { message?: unknown } | undefined)?.message,
        'PATCH messages/{id}/',
      );
      if (current.ok)
        host.store.dispatch({
          type: 'room-event',
          event: { type: 'message-updated', roomId, seq: undefined, message: current.value },
        });
      throw new ChatError('conflict', 'The message was edited on another device.', 409);
    }
    throw thrown;
  }
}

/** Changes a message in the outbox. One that may be stored already is edited as soon as that is known. */
async function editUnsent(
  host: Host,
  change: Extract<PendingChange, { type: 'edit' }>,
  { localId }: ChatMessage,
): Promise<void> {
  const { session, store } = host;
  const { roomId, content } = change;
  const rewrite = async (): Promise<boolean> => {
    if (!(await rewriteMessage(session.outbox, localId!, content))) return false;
    store.dispatch({ type: 'rewritten', roomId, localId: localId!, content });
    return true;
  };
  if (await rewrite()) return;
  const sent = await whileShown(host, { ...change, messageId: localId! }, () =>
    untilSentOrFailed(host, roomId, localId!),
  );
  if (sent.delivery === 'failed') {
    if (await rewrite()) return;
    throw new ChatError('conflict', 'This message may have been sent. Retry or discard it first.');
  }
  if (sent.content === content) return;
  const stored = { ...change, messageId: sent.id };
  await whileShown(host, stored, () => requestEdit(host, stored));
}

/** Waits until a message is stored, or has failed. @throws {ChatError} `discarded`, `aborted` */
function untilSentOrFailed({ store, session }: Host, roomId: Id, localId: string): Promise<ChatMessage> {
  const { signal } = session;
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const entry = store.data.threads.get(idKey(roomId))?.timeline.find((each) => each.localId === localId);
      const message = entry?.original ?? entry;
      if (signal.aborted) reject(new ChatError('aborted', 'The connection was stopped.'));
      else if (!message) reject(new ChatError('discarded', 'The message was discarded.'));
      else if (message.delivery === 'sending') return;
      else resolve(message);
      stop();
    };
    const stop = store.subscribe(look);
    look();
  });
}

// ————— Deleting

export async function deleteMessage(
  host: Host,
  roomId: Id,
  messageId: Id,
  { delayMs = 0, signal: undo }: DeleteOptions = {},
): Promise<void> {
  const message = allowedMessage(host, roomId, messageId, 'delete_own');
  const { session, store } = host;
  const change = { type: 'delete', changeId: newLocalId(), roomId, messageId, at: isoTime(host) } as const;
  if (message && message.delivery !== 'sent') {
    const { localId } = message;
    const discard = (): void => {
      session.outbox.discard(localId!);
      store.dispatch({ type: 'discard', roomId, localId: localId! });
      host.pending.rejectDiscarded(localId!);
    };
    if (message.delivery === 'failed' || !mayHaveBeenSent(session.outbox, localId!)) return discard();
    // It may be stored already: it is deleted as soon as that is known.
    const decided = await whileShown(host, change, () => untilSentOrFailed(host, roomId, localId!));
    if (decided.delivery === 'failed') return discard();
    return deleteMessage(host, roomId, decided.id);
  }
  await whileShown(host, change, async (throwIfOtherUser) => {
    if (delayMs > 0 || undo?.aborted) await delay(host, `delete ${change.changeId}`, delayMs, undo);
    // A change of user ends the delay.
    throwIfOtherUser();
    const { signal } = session;
    const requests = await session.restOrThrow().deferred();
    await required(requests.deleteMessage).call(requests, { roomId, messageId });
    throwIfAborted(signal);
    // A live event may have brought the server's time of the deletion.
    if (originalOf(host, roomId, messageId)?.deleted_at) return;
    store.dispatch({
      type: 'room-event',
      event: { type: 'message-deleted', roomId, seq: undefined, messageId, deletedAt: change.at },
    });
  });
}

/**
 * Waits. Ends early if the page is closed, or the connection stopped or used for another user.
 * @throws {ChatError} `aborted` by the signal.
 */
function delay({ timers }: Host, name: string, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = new AbortController();
    const onAbort = (): void => {
      timers.cancel(name);
      done.abort();
      reject(new ChatError('aborted', 'The deletion was undone.'));
    };
    if (signal?.aborted) return onAbort();
    signal?.addEventListener('abort', onAbort, { once: true, signal: done.signal });
    timers.set(name, ms, () => {
      done.abort();
      resolve();
    });
    // Before the session's own listener, which stops all requests.
    globalThis.addEventListener?.('pagehide', () => timers.runNow(name), { capture: true, signal: done.signal });
  });
}

// ————— Reactions

/** The reactions that are being sent, by message and emoji. `next`: the last one of those that came meanwhile. */
type ReactionQueue = Map<string, { sent: Promise<void>; next: boolean | undefined }>;

const queues = new WeakMap<Host['store'], ReactionQueue>();

function queueOf({ store }: Host): ReactionQueue {
  const queue: ReactionQueue = queues.get(store) ?? new Map<string, never>();
  queues.set(store, queue);
  return queue;
}

export async function react(host: Host, roomId: Id, messageId: Id, emoji: string, on: boolean): Promise<void> {
  allowedMessage(host, roomId, messageId, 'react');
  const change = { type: 'react', changeId: newLocalId(), roomId, messageId, emoji, on } as const;
  await whileShown(host, change, () => sendReaction(host, change));
}

/** One request at a time for a message and an emoji: two could arrive in the wrong order. */
async function sendReaction(host: Host, change: Extract<PendingChange, { type: 'react' }>): Promise<void> {
  const { roomId, messageId, emoji, on } = change;
  const queue = queueOf(host);
  const key = `${idKey(roomId)} ${idKey(messageId)} ${emoji}`;
  const current = queue.get(key);
  if (current) {
    current.next = on;
    return current.sent;
  }
  const entry: { sent: Promise<void>; next: boolean | undefined } = { sent: Promise.resolve(), next: undefined };
  const run = async (): Promise<void> => {
    try {
      for (let wanted: boolean | undefined = on; wanted !== undefined; wanted = entry.next) {
        const value: boolean = wanted;
        entry.next = undefined;
        await request(host, roomId, messageId, (requests, signal) =>
          required(requests.react).call(requests, { roomId, messageId }, emoji, value, signal),
        );
      }
    } finally {
      queue.delete(key);
    }
  };
  queue.set(key, entry);
  return (entry.sent = run());
}

/** @throws {ChatError} `invalid` if an adapter has announced a capability whose method it does not have. */
function required<Method>(method: Method | undefined): Method {
  if (!method) throw new ChatError('invalid', 'The adapter announces a capability whose method it does not have.');
  return method;
}
