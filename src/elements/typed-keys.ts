/** With Ctrl or Cmd: select all, copy, paste, cut, undo, redo; move and delete by word or line. */
const EDITING = /^([acvxyz]|Arrow.*|Home|End|Backspace|Delete)$/i;
/** Keys other than characters that a text field uses. `Dead`, `Process` and `Unidentified` belong to input methods. */
const FIELD_KEYS = /^(Arrow|Page|Home|End|Enter|Backspace|Delete|Dead|Process|Unidentified)/;

function isTyped({ key, ctrlKey, metaKey, altKey, isComposing }: KeyboardEvent): boolean {
  if (isComposing) return true;
  // Ctrl and Alt together are AltGr on Windows.
  if (metaKey || (ctrlKey && !altKey)) return EDITING.test(key);
  // On a Mac, Alt changes the character: Alt and `s` together type `ß`.
  const isShortcut = altKey && !ctrlKey && /^\w$/.test(key);
  return (key.length === 1 && !isShortcut) || FIELD_KEYS.test(key);
}

/**
 * Keeps a keyboard event that types into a field from the shortcuts of the page: to listeners outside the shadow root
 * it would seem to come from an element that is no field. All other keys reach the page, such as Escape and Ctrl+K.
 */
export function stopTyped(event: Event): void {
  if (isTyped(event as KeyboardEvent)) event.stopPropagation();
}
