/** Files in a folder, by the first two characters of their keys: a folder of a million files is slow to list. */
import { copyFile, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StorageUnavailable, type FileStorage } from './file-storage.js';

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

/** undefined if the file is missing. */
async function unlessMissing<T>(perform: () => Promise<T>): Promise<T | undefined> {
  try {
    return await perform();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw new StorageUnavailable(error);
  }
}

export function openDisk(folder: string): FileStorage {
  const pathOf = (key: string): string => join(folder, key.slice(0, 2), key);
  return {
    async put(key, path) {
      const [target, partial] = [pathOf(key), `${pathOf(key)}.${crypto.randomUUID()}.partial`];
      try {
        await mkdir(dirname(target), { recursive: true });
        // Copied, because the given file may be on another device; then renamed, so that no part of it is ever served.
        await copyFile(path, partial);
        await flush(partial);
        await rename(partial, target);
      } catch (error) {
        await rm(partial, { force: true }).catch(() => {});
        throw new StorageUnavailable(error);
      }
    },
    get: (key, range) =>
      unlessMissing(async () => {
        const file = await open(pathOf(key));
        return file.createReadStream(range);
      }),
    size: (key) => unlessMissing(async () => (await stat(pathOf(key))).size),
    async delete(key) {
      await unlessMissing(() => rm(pathOf(key), { force: true }));
    },
  };
}

/** To the disk itself: the row that refers to the file is as durable. */
async function flush(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
