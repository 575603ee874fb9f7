/* eslint-disable no-restricted-globals -- stores a single flag, never a token */
/** Remembers for the lifetime of the tab whether a launcher is open. Without effect if storage is blocked. */

export function wasOpen(key: string): boolean {
  try {
    return sessionStorage.getItem(key) === 'open';
  } catch {
    return false;
  }
}

export function remember(key: string, open: boolean): void {
  try {
    if (open) sessionStorage.setItem(key, 'open');
    else sessionStorage.removeItem(key);
  } catch {
    // Storage is blocked: the launcher starts closed on the next page.
  }
}
