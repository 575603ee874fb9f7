/**
 * Validates messages from other tabs: they may run another release of this script, or another script. Loaded on demand:
 * see deferred.ts.
 */
import { check, checkEach, Message, Room, User, type Problem } from '../../protocol/index.js';
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
import type { TransportCommand } from '../../transport/index.js';
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
const OutgoingFile = object(() => ({ uploadId: string, name: text, mediaType: text, size: number }));
const NewRoom = object(() => ({
  userIds: z.array(Id),
  name: optionalOr(string),
  context: optionalOr(object(() => ({ type: string, id: Id }))()),
  contextToken: optionalOr(string),
  participants: z.array(User()),
}));
const Kept = object(() => ({
  localId: string,
  roomId: Id,
  content: string,
  replyTo: optionalOr(Id),
  files: optionalOr(z.array(OutgoingFile())),
  newRoom: optionalOr(NewRoom()),
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

const room = { roomId: Id };
/**
 * Commands that are sent for another tab. Except `authenticate` and `sync`, because each tab has a token and
 * known messages of its own.
 */
const COMMANDS = {
  'subscribe-room': object(() => room),
  'unsubscribe-room': object(() => room),
  'send-message': object(() => ({ ...room, content: string, localId: string, replyTo: optionalOr(Id) })),
  'mark-read': object(() => ({ ...room, messageIds: optionalOr(z.array(Id)), upTo: optionalOr(Id) })),
  'mark-delivered': object(() => ({ ...room, upTo: Id })),
  typing: object(() => room),
  'stop-typing': object(() => room),
  'get-room-list': object(() => ({})),
  ping: object(() => ({})),
} satisfies Record<Exclude<TransportCommand['type'], 'authenticate' | 'sync'>, unknown>;

/** The property of a table that data from another tab names: only the table's own, never `constructor`. */
const ownEntry = <T extends object>(table: T, name: unknown): T[keyof T] | undefined =>
  typeof name === 'string' && Object.hasOwn(table, name) ? table[name as keyof T] : undefined;

const SHAPES = {
  join: object(() => ({})),
  greeting: object(() => ({ text: z.nullable(string) })),
  text: object(() => ({ text: anything })),
  send: object(() => ({ command: anything })),
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
  rewritten: object(kept),
  retry: object(() => localId),
  discard: object(() => localId),
  'room-created': object(() => ({ localRoomId: string, room: Room() })),
  uploaded: object(() => ({ uploadId: string, remoteId: Id })),
  purged: object(() => ({})),
} satisfies Record<TabMessage['kind'], unknown>;

const OF_OUTBOX: readonly TabMessage['kind'][] = [
  'added',
  'stored',
  'refused',
  'rewritten',
  'retry',
  'discard',
  'room-created',
  'uploaded',
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
  const shape = ownEntry(SHAPES, kind);
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
  const type = (said.command as { type?: unknown } | null)?.type;
  const command = ownEntry(COMMANDS, type);
  if (!command) return undefined;
  const checked = check<z.ZodMiniType>(command, said.command, `tab.${type as string}`);
  if (checked.ok) return { kind: 'send', command: checked.value as TransportCommand };
  onProblem(checked.problem);
  return undefined;
}
