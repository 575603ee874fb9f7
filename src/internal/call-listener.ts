/** Calls a listener of the page. Its mistake must not stop the chat; it belongs in the page's own error log. */
export function callListener(listener: () => void): void {
  try {
    listener();
  } catch (thrown) {
    globalThis.reportError?.(thrown);
  }
}
