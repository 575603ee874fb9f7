/** Finds PostgreSQL, Redis and nginx on this machine. Plain Node: it runs before anything is installed. */
import { execFileSync } from 'node:child_process';
import { accessSync, constants, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const PROGRAMS = ['initdb', 'postgres', 'redis-server', 'nginx'];

/** What Debian calls them. */
export const SERVICE_PACKAGES = ['postgresql', 'redis-server', 'nginx'];

/** What the Django example runs on, and the XMPP adapter talks to, as Debian calls it. */
export const DJANGO_PACKAGES = ['python3-django', 'python3-jwt'];
export const PROSODY_PACKAGES = ['prosody'];

/** @returns {string | undefined} a Python that has Django and PyJWT. Debian's own packages are for Debian's own Python. */
export function findDjango() {
  return ['/usr/bin/python3', 'python3'].find((command) => {
    try {
      execFileSync(command, ['-c', 'from django import VERSION; import jwt'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  });
}

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
