/** Matches a visible character. Zero-width and filler characters alone are not a message. */
const VISIBLE = /[^\s\p{Cc}\p{Default_Ignorable_Code_Point}\u2800]/u;

/** The text of a message to send, with the indentation of its first line; empty if nothing of it is visible. */
export const sendableText = (text: string): string => (VISIBLE.test(text) ? text.trimEnd().replace(/^\s*\n/, '') : '');

/** The number of characters of a text as servers count them, in code points. */
export const countCharacters = (text: string): number => [...text].length;
