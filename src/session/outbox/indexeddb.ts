/** The database of this device, for messages, drafts and files. */

export const DATABASE = 'unified-chat';

export const done = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error!);
  });

/** All keys of one scope: in IndexedDB, an array sorts after every string. */
export const keysOf = (scope: string): IDBKeyRange => IDBKeyRange.bound([scope], [scope, []]);

/**
 * Runs an operation on one object store. Its transaction stays active only while each request directly follows the
 * previous one.
 * @returns the result, once the data is written.
 */
export async function inStore<T>(
  database: IDBDatabase,
  name: string,
  run: (store: IDBObjectStore) => Promise<T> | T,
): Promise<T> {
  const transaction = database.transaction(name, 'readwrite');
  const complete = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new DOMException('', 'AbortError'));
  });
  const [result] = await Promise.all([run(transaction.objectStore(name)), complete]);
  return result;
}
