/**
 * Finds the installed browsers. Plain Node: it runs before packages are installed. `CHROME_PATH` and `FIREFOX_PATH`
 * override the usual locations.
 */
import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export const ENGINES = ['chromium', 'firefox', 'webkit'];

const { env, platform } = process;
const WINDOWS_PROGRAMS = [env.PROGRAMFILES, env['PROGRAMFILES(X86)'], env.LOCALAPPDATA].filter(Boolean);

const CHROMIUM = {
  linux: [
    'google-chrome',
    'google-chrome-stable',
    'chromium',
    'chromium-browser',
    'microsoft-edge',
    'microsoft-edge-stable',
    '/opt/google/chrome/chrome',
    '/snap/bin/chromium',
  ],
  darwin: ['Google Chrome', 'Chromium', 'Microsoft Edge'].flatMap((name) => [
    `/Applications/${name}.app/Contents/MacOS/${name}`,
    join(env.HOME ?? '', `Applications/${name}.app/Contents/MacOS/${name}`),
  ]),
  win32: WINDOWS_PROGRAMS.flatMap((folder) =>
    ['Google\\Chrome', 'Chromium', 'Microsoft\\Edge'].map((name) =>
      join(folder, name, 'Application', name.endsWith('Edge') ? 'msedge.exe' : 'chrome.exe'),
    ),
  ),
};
const FIREFOX = {
  linux: ['firefox-esr', 'firefox', '/opt/firefox/firefox', '/snap/bin/firefox'],
  darwin: ['Firefox', 'Firefox Developer Edition'].flatMap((name) => [
    `/Applications/${name}.app/Contents/MacOS/firefox`,
    join(env.HOME ?? '', `Applications/${name}.app/Contents/MacOS/firefox`),
  ]),
  win32: WINDOWS_PROGRAMS.map((folder) => join(folder, 'Mozilla Firefox', 'firefox.exe')),
};

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The first candidate that exists: paths as they are, names looked up on the PATH. */
function find(...candidates) {
  const folders = (env.PATH ?? '').split(delimiter);
  for (const candidate of candidates.filter(Boolean)) {
    const path = /[\\/]/.test(candidate) ? [candidate] : folders.map((folder) => join(folder, candidate));
    const found = path.find(isProgram);
    if (found) return found;
  }
  return null;
}

/** MiniBrowser is installed beside WebKitGTK's helpers, in a folder that depends on distribution and version. */
function findMiniBrowser() {
  const list = (folder) => {
    try {
      return readdirSync(folder).map((name) => join(folder, name));
    } catch {
      return [];
    }
  };
  const libraries = [
    '/usr/lib',
    '/usr/lib64',
    '/usr/libexec',
    ...list('/usr/lib').filter((path) => path.includes('-linux-')),
  ];
  const homes = libraries
    .flatMap(list)
    .filter((path) => /\/webkit(2)?gtk-\d/.test(path))
    .sort()
    .reverse();
  return find('MiniBrowser', ...homes.map((home) => join(home, 'MiniBrowser')));
}

function findWebKit() {
  if (platform !== 'linux') return null;
  const [driver, browser, display] = [find('WebKitWebDriver'), findMiniBrowser(), find('Xvfb')];
  return driver && browser && (display || env.DISPLAY) ? { driver, browser, display } : null;
}

/** @returns {{ chromium: string | null, firefox: string | null, webkit: { driver: string, browser: string, display: string | null } | null }} */
export const findBrowsers = () => ({
  chromium: find(env.CHROME_PATH, ...(CHROMIUM[platform] ?? CHROMIUM.linux)),
  firefox: find(env.FIREFOX_PATH, ...(FIREFOX[platform] ?? FIREFOX.linux)),
  webkit: findWebKit(),
});

/** Installation hints. */
export const HOW_TO_GET = {
  chromium: 'install Chrome, Chromium or Edge, or set CHROME_PATH',
  firefox: 'install Firefox, or set FIREFOX_PATH',
  webkit:
    platform === 'linux'
      ? 'install WebKitWebDriver, MiniBrowser and Xvfb (Debian: webkit2gtk-driver xvfb)'
      : 'it is driven through WebKitGTK, which exists on Linux only',
};

export const DEBIAN_PACKAGES = {
  chromium: ['chromium'],
  firefox: ['firefox-esr'],
  webkit: ['webkit2gtk-driver', 'xvfb'],
};
