/** Migration 8: indexes by time, to delete what is old. See pruning.ts. */
import type { Migration } from './database.js';

export const PRUNING: Migration = {
  id: 8,
  name: 'indexes by time of what is deleted regularly',
  statements: [
    `create index notifications_by_time on notifications (created_at)`,
    `create index notification_reads_by_time on notification_reads (read_at)`,
    `create index tickets_by_expiry on tickets (expires_at)`,
  ],
};
