/** Capability `permissions`: each room says what the user may do in it. Reads nothing but the room lists. */
import type { Id } from '../protocol/index.js';
import type { CheckContext } from './check-context.js';
import type { CheckId } from './checks.js';
import { formatList } from './format-list.js';
import { hasType, type RecordingSocket } from './recording-socket.js';
import { isRecord, PERMISSIONS } from './shapes.js';

const FIELDS_FIX =
  'Give each room, on REST and on the WebSocket, "can": an array of the actions that this user may perform, such as ' +
  '["send", "attach", "react"], and "closed_reason": a text if the room is closed, else null. Otherwise do not ' +
  'announce permissions.';
const CLOSED_FIX =
  'Leave out "send" and "attach" from "can" while the room has a closed_reason. If members may write in the room, set ' +
  'its closed_reason to null.';

/** The actions that write a message. */
const WRITING = ['send', 'attach'];

type Entry = [path: string, room: Record<string, unknown>];

export function checkPermissions(context: CheckContext, socket: RecordingSocket): void {
  const { findings } = context;
  const ids: CheckId[] = ['permissions.fields', 'permissions.closed'];
  if (!context.hasCapability('permissions')) {
    for (const id of ids) findings.unsupported(id, 'The backend does not announce permissions.');
    return;
  }
  context.startCheck('permissions.fields');
  const list = socket.received.findLast(hasType('room_list'))?.['rooms'];
  const rooms = [
    ...entriesOf(context.roomEntries, 'rooms'),
    ...entriesOf(Array.isArray(list) ? list : [], 'room_list.rooms'),
  ];
  if (rooms.length === 0) return findings.skip('there is no room list, or it is empty', ...ids);
  const problems = rooms.flatMap(([path, room]) => PERMISSIONS(room, path));
  if (problems.length > 0) findings.fail('permissions.fields', `${formatList(problems)}.`, FIELDS_FIX);
  else findings.pass('permissions.fields');
  checkClosedRooms(context, rooms);
}

/** The usable entries: others are reported by `rooms.list`. */
const entriesOf = (list: readonly unknown[], name: string): Entry[] =>
  list.flatMap((room, index): Entry[] => (isRecord(room) ? [[`${name}[${index}]`, room]] : []));

function checkClosedRooms(context: CheckContext, rooms: readonly Entry[]): void {
  const { findings } = context;
  context.startCheck('permissions.closed');
  const closed = rooms.filter(([, { closed_reason: reason }]) => typeof reason === 'string' && reason !== '');
  if (closed.length === 0) return findings.skip('no room of this user is closed', 'permissions.closed');
  const problems = closed.flatMap(([path, { can }]) => {
    const allowed = WRITING.filter((action) => Array.isArray(can) && can.includes(action));
    return allowed.length > 0 ? [`${path} has a closed_reason, but allows ${allowed.join(' and ')}`] : [];
  });
  if (problems.length > 0) findings.fail('permissions.closed', `${formatList(problems)}.`, CLOSED_FIX);
  else findings.pass('permissions.closed');
}

/** Whether the user may perform an action in a room. Without the capability, the server does not say, so: yes. */
export function isAllowedIn(context: CheckContext, roomId: Id, action: string): boolean {
  if (!context.hasCapability('permissions')) return true;
  const room = context.roomEntries.find((each) => isRecord(each) && String(each['id']) === String(roomId));
  const can = isRecord(room) ? room['can'] : undefined;
  return !Array.isArray(can) || can.includes(action);
}
