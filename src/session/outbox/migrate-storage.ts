/** The step from version 1 of what the device keeps to version 2. Loaded only where there is something of version 1. */
import { scopeOf } from '../scope.js';

/** A scope was `<base> <person>`; what was kept then was for the default paths. */
export function rename(transaction: IDBTransaction): void {
  for (const name of ['outbox', 'drafts']) {
    const cursor = transaction.objectStore(name).openCursor();
    cursor.onsuccess = () => {
      const row = cursor.result;
      if (!row) return;
      const value = row.value as { scope: string };
      const [base = '', person, ...rest] = value.scope.split(' ');
      // Those that were renamed come by as well: their second part is an address.
      if (!/^wss?:\/\//.test(person!)) {
        (row.source as IDBObjectStore).put({
          ...value,
          scope: scopeOf(`${base}/api/chat/`, `${base.replace(/^http/, 'ws')}/ws/chat/`, [person, ...rest].join(' ')),
        });
        row.delete();
      }
      row.continue();
    };
  }
}
