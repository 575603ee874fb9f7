/** Upgrades the database of an earlier version. Loaded only if there is one. */
import { scopeOf } from '../scope.js';

/** @param oldVersion 1 or 2: see indexeddb-storage.ts. */
export function upgrade(transaction: IDBTransaction, oldVersion: number): void {
  transaction.db.createObjectStore('files', { keyPath: ['scope', 'uploadId'] });
  if (oldVersion === 1) renameScopes(transaction);
}

/** In version 1 a scope was `<base> <person>`, and all data belonged to the default paths. */
function renameScopes(transaction: IDBTransaction): void {
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
