/**
 * Checks what another tab says: it may run another release of this script, or be no chat at all. Loaded on demand: see later.ts.
 */
import { check, checkEach, Message, readFrame, type ClientFrame, type Problem } from '../protocol/index.js';
import { ClientFrames } from '../protocol/client-frames.js';
import { Notification } from '../protocol/notifications.js';
import { anything, flag, Id, maybe, number, object, string, z } from '../protocol/schema.js';
import type { TabMessage } from './tabs.js';

/** Milliseconds since 1970 that are a date. */
const Moment = z.custom<number>((value) => typeof value === 'number' && !Number.isNaN(new Date(value).getTime()));
const Refused = object(() => ({ code: string, message: string, status: maybe(number) }));
const Kept = object(() => ({
  localId: string,
  roomId: Id,
  content: string,
  replyTo: maybe(Id),
  at: Moment,
  after: maybe(Id),
  named: maybe(flag),
  unnamed: maybe(flag),
  insisted: maybe(flag),
  discarded: maybe(flag),
  refused: maybe(Refused()),
}));
const kept = (): { kept: ReturnType<typeof Kept> } => ({ kept: Kept() });
const localId = { localId: string };

const SHAPES = {
  join: object(() => ({})),
  greeting: object(() => ({ text: z.nullable(string) })),
  text: object(() => ({ text: anything })),
  send: object(() => ({ frame: anything })),
  rooms: object(() => ({ tab: string, rooms: z.array(Id) })),
  who: object(() => ({})),
  ended: object(() => ({})),
  leads: object(() => ({})),
  notifications: object(() => ({ state: object(() => ({ unread: number, recent: z.array(anything) }))(), fresh: maybe(Notification()) })),
  'notification-read': object(() => ({ id: maybe(Id) })),
  added: object(kept),
  stored: object(() => ({ ...kept(), message: Message(), method: z.custom((value) => value === 'websocket' || value === 'rest') })),
  refused: object(kept),
  retry: object(() => localId),
  discard: object(() => localId),
} satisfies Record<TabMessage['kind'], unknown>;

/**
 * @param onProblem hears what was not as agreed.
 * @returns the message; nothing where it is none.
 */
export function readTabMessage(data: unknown, onProblem: (problem: Problem) => void = () => {}): TabMessage | undefined {
  const kind = (data as { kind?: unknown } | null)?.kind;
  const shape = typeof kind === 'string' && Object.hasOwn(SHAPES, kind) ? SHAPES[kind as TabMessage['kind']] : undefined;
  // Tabs of a later release may say more.
  if (!shape) return undefined;
  const result = check<z.ZodMiniType>(shape, data, `tab.${kind as string}`);
  if (!result.ok) {
    onProblem(result.problem);
    return undefined;
  }
  const message = result.value as TabMessage;
  if (message.kind === 'notifications') {
    const { items } = checkEach(Notification, message.state.recent, 'tab.notifications');
    return { ...message, state: { ...message.state, recent: items } };
  }
  if (message.kind !== 'send') return message;
  const { frame, problems } = readFrame<ClientFrame>(ClientFrames, message.frame);
  problems.forEach(onProblem);
  // Each tab has a token and a past of its own: these are asked by itself alone.
  return frame && frame.type !== 'authenticate' && frame.type !== 'sync' ? { kind: 'send', frame } : undefined;
}
