/** Finds PostgreSQL, Redis and nginx. Plain Node: it runs before packages are installed. */
import { execFileSync } from 'node:child_process';
import { accessSync, constants, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const PROGRAMS = ['initdb', 'postgres', 'redis-server', 'nginx'];

/** Debian packages. */
export const SERVICE_PACKAGES = ['postgresql', 'redis-server', 'nginx'];

/** Debian packages for the Django example and the XMPP adapter. */
export const DJANGO_PACKAGES = ['python3-django', 'python3-jwt', 'python3-djangorestframework-simplejwt'];
export const PROSODY_PACKAGES = ['prosody'];

/** @returns {string | undefined} A Python with Django, PyJWT and SimpleJWT. Debian's packages belong to Debian's own Python. */
export function findDjango() {
  return ['/usr/bin/python3', 'python3'].find((command) => {
    try {
      execFileSync(command, ['-c', 'import django, jwt, rest_framework_simplejwt'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  });
}

/** Debian installs server binaries by version, outside the PATH; newest first. */
function postgresFolders() {
  try {
    return readdirSync('/usr/lib/postgresql')
      .sort((a, b) => Number(b) - Number(a))
      .map((version) => `/usr/lib/postgresql/${version}/bin`);
  } catch {
    return [];
  }
}

/** @returns {string | undefined} The path of a program. */
export function findProgram(name) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', ...postgresFolders()];
  return folders
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

export const missingPrograms = () => PROGRAMS.filter((name) => !findProgram(name));
