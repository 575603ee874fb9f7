/** Finds PostgreSQL, Redis and nginx on this machine. Plain Node: it runs before anything is installed. */
import { accessSync, constants, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const PROGRAMS = ['initdb', 'postgres', 'redis-server', 'nginx'];

/** What Debian calls them. */
export const SERVICE_PACKAGES = ['postgresql', 'redis-server', 'nginx'];

/** Debian keeps what nobody starts by hand apart, by version; the newest first. */
function postgresFolders() {
  try {
    return readdirSync('/usr/lib/postgresql').sort((a, b) => Number(b) - Number(a)).map((version) => `/usr/lib/postgresql/${version}/bin`);
  } catch {
    return [];
  }
}

/** @returns {string | undefined} the path of a program */
export function findProgram(name) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', ...postgresFolders()];
  return folders.map((folder) => join(folder, name)).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export const missingPrograms = () => PROGRAMS.filter((name) => !findProgram(name));
