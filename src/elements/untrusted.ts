/** Makes text from other users safe to show within our own sentences. */

/** Characters that are not seen and change what is: above all those that turn the direction. Joiners stay: scripts and emoji need them. */
const HIDDEN = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** A file name or an address, with what is hidden in it: `invoice[U+202E]fdp.exe`. */
export const visible = (text: string): string => text.replace(HIDDEN, (char) => `[U+${char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}]`);

/** A name for the middle of a sentence: whichever way it reads, the sentence around it stays as it is. */
export const isolated = (name: string): string => (/^[\p{Script=Latin}\p{N}\p{P}\p{Zs}]*$/u.test(name) ? name : `\u2068${name}\u2069`);
