/** Changes of a room: its name, its members, and the settings of this user. Loaded on first use: see room-methods.ts. */
import { idKey, type Id, type Room, type RoomMember, type RoomSettings, type RoomUpdates } from '../protocol/index.js';
import { noop } from '../internal/noop.js';
import { TEMPORARY } from '../session/temporary-errors.js';
import { isAllowed, type RoomAction } from '../store/permissions.js';
import { roomOf } from '../store/selectors.js';
import { ChatError, throwIfAborted, toChatError, type SettingChanges } from '../transport/index.js';
import type { ConnectionParts } from './connection-parts.js';
import { peopleRequestsOf } from './people-requests-of.js';

type Host = Pick<ConnectionParts, 'session' | 'store'>;

/** @throws {ChatError} `forbidden` if the backend has said so. Otherwise it decides. */
export function requireAllowed({ store }: Host, roomId: Id, action: RoomAction): void {
  const { data } = store;
  if (roomOf(data, roomId)?.can && !isAllowed(data, roomId, action))
    throw new ChatError('forbidden', 'You are not allowed to do this in this conversation.');
}

export const update = ({ store }: Host, roomId: Id, updates: RoomUpdates): void =>
  store.dispatch({ type: 'room-event', event: { type: 'room-updated', roomId, updates } });

/** A field of a room that is shown before the server has confirmed it. */
interface Field<Value> {
  /** Identifies it in its room. */
  name: string;
  get: (room: Room) => Value;
  /** The updates that set it. */
  set: (room: Room, value: Value) => RoomUpdates;
}

/** The confirmed value of a field, and the number of requests that change it. */
interface Pending {
  confirmed: unknown;
  requests: number;
}
const pendingOf = new WeakMap<Host['store'], Map<string, Pending>>();

/** Shows a value while its request is pending, and takes it back if it fails, unless there is a newer one. */
async function whileShown<Value, Result>(
  host: Host,
  roomId: Id,
  { name, get, set }: Field<Value>,
  value: Value,
  run: () => Promise<Result>,
): Promise<Result> {
  const { session, store } = host;
  const { signal } = session;
  const before = roomOf(store.data, roomId);
  if (!before) return run();
  const all = pendingOf.get(store) ?? new Map<string, Pending>();
  pendingOf.set(store, all);
  const key = `${idKey(roomId)} ${name}`;
  const pending = all.get(key) ?? { confirmed: get(before), requests: 0 };
  all.set(key, pending);
  pending.requests++;
  update(host, roomId, set(before, value));
  try {
    const result = await run();
    pending.confirmed = value;
    return result;
  } catch (thrown) {
    const now = roomOf(store.data, roomId);
    // Not if the user or the backend has changed, and not a value that another user has set meanwhile.
    if (!signal.aborted && now && get(now) === value) update(host, roomId, set(now, pending.confirmed as Value));
    // Perhaps only the answer is lost: the list tells which value the server has.
    const { code } = toChatError(thrown);
    if (TEMPORARY.includes(code) && code !== 'rate_limited') session.refreshRooms().catch(noop);
    throw thrown;
  } finally {
    if (--pending.requests === 0) all.delete(key);
  }
}

const NAME: Field<string> = { name: 'name', get: (room) => room.name, set: (_room, name) => ({ name }) };

export async function rename(host: Host, roomId: Id, name: string): Promise<void> {
  const { signal } = host.session;
  const requests = await peopleRequestsOf(host, 'manage_room');
  requireAllowed(host, roomId, 'rename');
  const wanted = name.trim();
  if (!wanted) throw new ChatError('invalid', 'A name must not be empty.');
  const room = await whileShown(host, roomId, NAME, wanted, () => requests.rename(roomId, wanted, signal));
  throwIfAborted(signal);
  // The server may have shortened it.
  if (room.name !== wanted && roomOf(host.store.data, roomId)?.name === wanted)
    update(host, roomId, { name: room.name });
}

export async function invite(host: Host, roomId: Id, userIds: readonly Id[]): Promise<RoomMember[]> {
  const requests = await peopleRequestsOf(host, 'manage_room');
  requireAllowed(host, roomId, 'invite');
  return requests.invite(roomId, userIds, host.session.signal);
}

/** A user who is no member any more was removed before, perhaps by a request whose answer was lost. */
async function remove(host: Host, roomId: Id, userId: Id): Promise<void> {
  const requests = await peopleRequestsOf(host, 'manage_room');
  await requests.removeMember(roomId, userId, host.session.signal).catch((thrown: unknown) => {
    if (!(thrown instanceof ChatError && thrown.code === 'not_found')) throw thrown;
  });
}

export async function removeMember(host: Host, roomId: Id, userId: Id): Promise<void> {
  if (host.session.backend.has('manage_room')) requireAllowed(host, roomId, 'remove_member');
  await remove(host, roomId, userId);
}

export async function leave(host: Host, roomId: Id): Promise<void> {
  const { session, store } = host;
  const { signal } = session;
  const { user } = store.data;
  if (!user) throw new ChatError('disconnected', 'The user is not known yet.');
  await remove(host, roomId, user.id);
  throwIfAborted(signal);
  update(host, roomId, { is_active: false });
}

const SETTING_NAMES = ['pinned', 'archived', 'muted_until', 'notify'] as const;
const DEFAULTS: RoomSettings = { pinned: false, archived: false, muted_until: null, notify: 'all' };

const settingOf = (name: (typeof SETTING_NAMES)[number]): Field<unknown> => ({
  name,
  get: ({ settings }) => settings?.[name] ?? DEFAULTS[name],
  set: ({ settings }, value) => ({ settings: { ...DEFAULTS, ...settings, [name]: value } }),
});

export async function changeSettings(host: Host, roomId: Id, changes: SettingChanges): Promise<RoomSettings> {
  const { signal } = host.session;
  const requests = await peopleRequestsOf(host, 'room_settings');
  const names = SETTING_NAMES.filter((name) => changes[name] !== undefined);
  // Each of them is shown, and taken back, by itself.
  const change = names.reduce<() => Promise<RoomSettings>>(
    (run, name) => () => whileShown(host, roomId, settingOf(name), changes[name], run),
    () => requests.changeSettings(roomId, changes, signal),
  );
  return change();
}
