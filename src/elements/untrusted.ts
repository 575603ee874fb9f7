/** Makes text from other users safe to display inside our own sentences. */

/**
 * Invisible characters that change how the visible text reads, above all bidirectional controls. Joiners are not
 * included: many scripts and emoji need them.
 */
const INVISIBLE = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Makes invisible characters in a file name or an address visible: `invoice[U+202E]fdp.exe`. */
export const revealInvisible = (text: string): string =>
  text.replace(INVISIBLE, (char) => `[U+${char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}]`);

/** Isolates a name inside a sentence, so that its writing direction does not affect the rest of the sentence. */
export const isolated = (name: string): string =>
  /^[\p{Script=Latin}\p{N}\p{P}\p{Zs}]*$/u.test(name) ? name : `\u2068${name}\u2069`;
