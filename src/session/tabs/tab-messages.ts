/**
 * Validates messages from other tabs: they may run another release of this script, or another script. Loaded on demand:
 * see deferred.ts.
 */
import { check, checkEach, Message, readFrame, User, type ClientFrame, type Problem } from '../../protocol/index.js';
import {
  anything,
  flag,
  Id,
  optionalOr,
  number,
  object,
  nullOnError,
  string,
  text,
  textOrNull,
  Time,
  timeOrNull,
  z,
} from '../../protocol/schema.js';
import type { OutboxTabMessage, TabMessage } from './tab-channel.js';
import type { StoredMessage as KeptMessage } from '../../model/index.js';

/** Milliseconds since 1970 that are a valid date. */
const Moment = z.custom<number>((value) => typeof value === 'number' && !Number.isNaN(new Date(value).getTime()));
const Refused = object(() => ({ code: string, message: string, status: optionalOr(number) }));
/** A copy of the schema in protocol/notifications.ts, which is loaded only with notifications. */
const Notification = object(() => ({
  id: Id,
  sender: nullOnError(User()),
  notification_type: text,
  title: text,
  message: text,
  priority: text,
  is_read: z.catch(flag, false),
  created_at: Time,
  read_at: timeOrNull,
  action_url: textOrNull,
}));
const Kept = object(() => ({
  localId: string,
  roomId: Id,
  content: string,
  replyTo: optionalOr(Id),
  at: Moment,
  after: optionalOr(Id),
  idempotent: optionalOr(flag),
  sentWithoutKey: optionalOr(flag),
  confirmedByAuthor: optionalOr(flag),
  discarded: optionalOr(flag),
  refused: optionalOr(Refused()),
}));
const kept = (): { kept: ReturnType<typeof Kept> } => ({ kept: Kept() });
const localId = { localId: string };

const room = { room_id: Id };
const message = { ...room, message_id: Id };
/**
 * Frames that are sent for another tab: those of `ClientFrames`, in the kinds of schema that a page has already loaded.
 * Except `authenticate` and `sync`, because each tab has a token and known messages of its own.
 */
const FRAMES = {
  subscribe_room: object(() => room),
  unsubscribe_room: object(() => room),
  send_message: object(() => ({ ...room, content: string, reply_to: optionalOr(Id), _tempId: optionalOr(string) })),
  mark_read: object(() => ({ ...room, message_ids: optionalOr(z.array(Id)) })),
  typing: object(() => room),
  stop_typing: object(() => room),
  get_room_list: object(() => ({})),
  ping: object(() => ({})),
  edit_message: object(() => ({ ...message, content: string })),
  delete_message: object(() => message),
  react: object(() => ({ ...message, emoji: string, on: flag })),
} satisfies Record<Exclude<ClientFrame['type'], 'authenticate' | 'sync'>, unknown>;

const SHAPES = {
  join: object(() => ({})),
  greeting: object(() => ({ text: z.nullable(string) })),
  text: object(() => ({ text: anything })),
  send: object(() => ({ frame: anything })),
  rooms: object(() => ({ tab: string, rooms: z.array(Id) })),
  who: object(() => ({})),
  ended: object(() => ({})),
  leads: object(() => ({})),
  notifications: object(() => ({
    state: object(() => ({ unread: number, recent: z.array(anything) }))(),
    fresh: optionalOr(Notification()),
  })),
  'notification-read': object(() => ({ id: optionalOr(Id) })),
  added: object(kept),
  stored: object(() => ({
    ...kept(),
    message: Message(),
    method: z.custom((value) => value === 'websocket' || value === 'rest'),
  })),
  refused: object(kept),
  retry: object(() => localId),
  discard: object(() => localId),
  purged: object(() => ({})),
} satisfies Record<TabMessage['kind'], unknown>;

const OF_OUTBOX: readonly TabMessage['kind'][] = [
  'added',
  'stored',
  'refused',
  'retry',
  'discard',
  'purged',
] satisfies OutboxTabMessage['kind'][];

/**
 * Whether a message, not validated yet, is for delivery-fallback.ts. All others are for shared-socket.ts. Each
 * validates its own.
 */
export const isForOutbox = ({ kind }: TabMessage): boolean => OF_OUTBOX.includes(kind);

/** Whether a stored row is a valid message. @param onProblem called if it is not. */
export function isKept(row: unknown, onProblem: (problem: Problem) => void): row is KeptMessage {
  const result = check<z.ZodMiniType>(Kept, row, 'outbox');
  if (!result.ok) onProblem(result.problem);
  return result.ok;
}

/**
 * @param onProblem called if the message violates the protocol.
 * @returns the message, or undefined if it is invalid.
 */
export function readTabMessage(
  data: unknown,
  onProblem: (problem: Problem) => void = () => {},
): TabMessage | undefined {
  const kind = (data as { kind?: unknown } | null)?.kind;
  const shape =
    typeof kind === 'string' && Object.hasOwn(SHAPES, kind) ? SHAPES[kind as TabMessage['kind']] : undefined;
  // Tabs with a later release may send further kinds.
  if (!shape) return undefined;
  const result = check<z.ZodMiniType>(shape, data, `tab.${kind as string}`);
  if (!result.ok) {
    onProblem(result.problem);
    return undefined;
  }
  const said = result.value as TabMessage;
  if (said.kind === 'notifications') {
    const { items } = checkEach(Notification, said.state.recent, 'tab.notifications');
    return { ...said, state: { ...said.state, recent: items } };
  }
  if (said.kind !== 'send') return said;
  const { frame, problems } = readFrame<ClientFrame>(FRAMES, said.frame);
  problems.forEach(onProblem);
  return frame && { kind: 'send', frame };
}
