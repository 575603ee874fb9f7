/**
 * Deviations of real baseline backends, each behind a switch, to test clients against all of them. Changes to responses
 * are here; a deviation that changes behaviour is checked where it applies.
 */
export const DIFFERENCES = [
  { name: 'temp-id-beside', description: '`_tempId` is returned beside the message instead of inside it.' },
  { name: 'temp-id-none', description: '`_tempId` is not returned at all.' },
  { name: 'twice', description: 'Each new message arrives twice.' },
  { name: 'rest-silent', description: 'Messages sent by REST are not announced on any socket.' },
  {
    name: 'socket-unread-zero',
    description: 'Unread counts are always 0 in the socket’s room list; those of REST are correct.',
  },
  { name: 'history-marks-read', description: 'Reading a history by REST marks the room as read.' },
  { name: 'foreign-typing', description: 'Typing of users who are not members of the room is forwarded.' },
  {
    name: 'unknown-frames',
    description: 'There are frames of unknown types, and unknown fields in rooms and messages.',
  },
  { name: 'bad-room', description: 'Every room list contains one malformed room.' },
  { name: 'html-errors', description: 'All REST errors are HTML pages.' },
  {
    name: 'notifications-1011',
    description: 'The notifications socket fails with 1011 when a client marks a notification as read.',
  },
  {
    name: 'notifications-quiet',
    description: 'The notifications socket sends an initial frame only if something is unread.',
  },
  { name: 'accept-then-4001', description: 'A socket with a bad token is accepted, then closed with 4001.' },
  { name: 'paginated-rooms', description: 'The REST room list is paginated, two rooms per page: {results, next}.' },
  { name: 'string-ids', description: 'All ids are strings.' },
  {
    name: 'user-rows',
    description: 'Users contain every column of their table, including e-mail address and phone number.',
  },
] as const;

export type Difference = (typeof DIFFERENCES)[number]['name'];

export const isDifference = (name: string): name is Difference =>
  DIFFERENCES.some((difference) => difference.name === name);

const PAGE_SIZE = 2;
const ID_NAME = /^(id|room|job|recipient)$|_ids?$/;
const BAD_ROOM = { id: null, name: 42, participants: 'none', last_message: 'hello?', unread_count: 'many' };

type Body = Record<string, unknown>;

export class Differences {
  readonly #on: ReadonlySet<Difference>;

  constructor(on: readonly Difference[]) {
    this.#on = new Set(on);
  }

  has(difference: Difference): boolean {
    return this.#on.has(difference);
  }

  /** The frames that are actually sent for one frame. */
  frames(frame: object): object[] {
    return (frame as Body)['type'] === 'new_message' ? this.#newMessage(frame as Body) : [frame];
  }

  #newMessage(frame: Body): Body[] {
    const { _tempId, ...message } = frame['message'] as Body;
    let out = frame;
    if (this.has('temp-id-none')) out = { ...frame, message };
    else if (this.has('temp-id-beside')) out = { ...frame, message, _tempId };
    if (this.has('unknown-frames')) out = { ...out, message: { ...(out['message'] as Body), sparkles: { level: 3 } } };
    const frames = this.has('twice') ? [out, out] : [out];
    return this.has('unknown-frames')
      ? [{ type: 'delivery_receipt', parts: [1] }, ...frames, { type: 'x-analytics' }]
      : frames;
  }

  /** Frames that some backends send unasked after `connection_established`. */
  greetings(): Body[] {
    return this.has('unknown-frames') ? [{ type: 'presence_snapshot', online: [1, 2], timestamp: new Date() }] : [];
  }

  /** A room list, as sent by the socket or by REST; the first page of it, or another one. */
  rooms(rooms: readonly object[], by: 'websocket' | 'rest', isFirstPage = true): object[] {
    const unread = by === 'websocket' && this.has('socket-unread-zero') ? { unread_count: 0 } : {};
    const extra = this.has('unknown-frames') ? { colour: '#c0ffee', settings: { muted: false } } : {};
    const list: object[] = rooms.map((room) => ({ ...room, ...unread, ...extra }));
    return this.has('bad-room') && isFirstPage ? [...list.slice(0, 1), BAD_ROOM, ...list.slice(1)] : list;
  }

  /** The number of rooms per page of `GET rooms/`. */
  roomsPerPage(regular: number): number {
    return this.has('paginated-rooms') ? PAGE_SIZE : regular;
  }

  /** The body of `GET rooms/`: an array if one page is enough. */
  roomPage(rooms: readonly object[], { isFirst, next }: { isFirst: boolean; next: string | null }): unknown {
    const results = this.rooms(rooms, 'rest', isFirst);
    return isFirst && next === null && !this.has('paginated-rooms') ? results : { next, results };
  }

  /** Applied to every response last, before serialisation. */
  ids<Body>(body: Body): Body {
    return this.has('string-ids') ? (withStringIds(body) as Body) : body;
  }
}

function withStringIds(value: unknown, name = ''): unknown {
  if (typeof value === 'number') return ID_NAME.test(name) ? String(value) : value;
  if (Array.isArray(value)) return value.map((item) => withStringIds(item, name));
  if (value === null || typeof value !== 'object' || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, withStringIds(field, key)]));
}
