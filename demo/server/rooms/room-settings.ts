/** Capability `room_settings`: what a member has set for a room. */
import type { Viewer } from '../auth.js';
import type { Context } from '../context.js';
import { accessDenied, RequestError } from '../errors.js';
import { membershipOf } from './permissions.js';

export interface SettingsRow {
  pinned: boolean;
  archived: boolean;
  muted_until: Date | null;
  notify: string;
}

export const SETTING_COLUMNS = [
  'pinned',
  'archived',
  'muted_until',
  'notify',
] as const satisfies readonly (keyof SettingsRow)[];

/** The settings of a row that contains more. */
export const settingsOf = ({ pinned, archived, muted_until, notify }: SettingsRow): SettingsRow => ({
  pinned,
  archived,
  muted_until,
  notify,
});

const NOTIFY = ['all', 'mentions', 'none'];
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)$/;

const isTime = (value: unknown): boolean =>
  typeof value === 'string' && TIME.test(value) && !Number.isNaN(Date.parse(value));

const IS_VALID: Record<keyof SettingsRow, [check: (value: unknown) => boolean, rule: string]> = {
  pinned: [(value) => typeof value === 'boolean', 'Must be true or false.'],
  archived: [(value) => typeof value === 'boolean', 'Must be true or false.'],
  muted_until: [(value) => value === null || isTime(value), 'Must be null, or an ISO 8601 time with an offset.'],
  notify: [(value) => NOTIFY.includes(value as string), `Must be one of ${NOTIFY.join(', ')}.`],
};

/** Changes some settings, on all devices of the user. @returns all settings. */
export async function changeSettings(
  context: Context,
  viewer: Viewer,
  roomId: number,
  body: Record<string, unknown>,
): Promise<SettingsRow> {
  const { database } = context;
  if (!(await membershipOf(database, roomId, viewer.id))) throw accessDenied(roomId);
  const columns = SETTING_COLUMNS.filter((column) => body[column] !== undefined);
  for (const column of columns) {
    const [isValid, rule] = IS_VALID[column];
    if (!isValid(body[column])) throw new RequestError('invalid', rule, { field: column, roomId });
  }
  const where = 'where room_id = $1 and user_id = $2';
  if (columns.length > 0) {
    await database.query(
      `update members set ${columns.map((column, index) => `${column} = $${index + 3}`).join(', ')} ${where}`,
      [roomId, viewer.id, ...columns.map((column) => body[column])],
    );
  }
  const [settings] = await database.query<SettingsRow>(`select ${SETTING_COLUMNS.join(', ')} from members ${where}`, [
    roomId,
    viewer.id,
  ]);
  if (!settings) throw accessDenied(roomId);
  if (columns.length > 0) {
    const frame = { type: 'room_updated', room_id: roomId, updates: { settings }, timestamp: new Date() };
    context.broadcast({ to: 'users', userIds: [viewer.id], frames: [frame] });
  }
  return settings;
}
