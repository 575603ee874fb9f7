/** Tells all devices of a member when the settings of a room have changed: a new message ends its archiving. */
import { has } from '../capabilities.js';
import type { Context } from '../context.js';
import { SETTING_COLUMNS, settingsOf, type SettingsRow } from '../rooms/room-settings.js';
import { OVERLAP_S, RecentChanges, type RecentChange } from './recent-changes.js';

export class SettingChanges {
  readonly #changes: RecentChanges;

  constructor(private readonly context: Context) {
    this.#changes = new RecentChanges(context);
  }

  async announce(userIds: readonly number[]): Promise<void> {
    const { database, options } = this.context;
    if (!has(options, 'room_settings')) return;
    const changes = await database.query<RecentChange & SettingsRow>(
      `select o.room_id as "roomId", o.user_id as "userId", ${SETTING_COLUMNS.map((column) => `o.${column}`).join(', ')},
         (extract(epoch from o.settings_changed_at) * 1000000)::float8 as at
       from members o join rooms r on r.id = o.room_id and r.is_active
       where o.settings_changed_at > clock_timestamp() - $2 * interval '1 second' and o.user_id = any($1::int[])`,
      [userIds, OVERLAP_S],
    );
    this.#changes.announce(changes, (change) => ({ settings: settingsOf(change) }));
  }
}
