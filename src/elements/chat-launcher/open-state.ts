/* eslint-disable no-restricted-globals -- one word, and never a token: whether the launcher is open */
/** Whether a launcher was open on the page before this one, in this tab. Where storage is blocked, it was not. */

export function wasOpen(name: string): boolean {
  try {
    return sessionStorage.getItem(name) === 'open';
  } catch {
    return false;
  }
}

export function remember(name: string, open: boolean): void {
  try {
    if (open) sessionStorage.setItem(name, 'open');
    else sessionStorage.removeItem(name);
  } catch {
    // It is closed on the next page.
  }
}
