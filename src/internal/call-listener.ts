/** Calls a listener of the page. An exception in it must not break the chat, and is reported as an uncaught error. */
export function callListener(listener: () => void): void {
  try {
    listener();
  } catch (thrown) {
    globalThis.reportError?.(thrown);
  }
}
