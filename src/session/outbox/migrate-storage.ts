/** Migrates stored data from version 1 to version 2. Loaded only if there is data of version 1. */
import { scopeOf } from '../scope.js';

/** In version 1 a scope was `<base> <person>`, and all data belonged to the default paths. */
export function rename(transaction: IDBTransaction): void {
  for (const name of ['outbox', 'drafts']) {
    const cursor = transaction.objectStore(name).openCursor();
    cursor.onsuccess = () => {
      const row = cursor.result;
      if (!row) return;
      const value = row.value as { scope: string };
      const [base = '', person, ...rest] = value.scope.split(' ');
      // The cursor also visits the renamed rows, whose second part is an address.
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
