/**
 * Whether a stored message may be a copy of a sent one, on a backend that does not return idempotency keys. Some
 * backends change the text: they escape `<`, mask a word, or collapse spaces. But users also write similar messages in
 * succession, or from two devices, and none of these may be taken for another. Loaded on demand: see deferred.ts.
 */

/** `unsure`: similar, but possibly another message. */
export type Likeness = 'same' | 'unsure' | 'different';

/** The share of common trigrams from which two texts count as similar. */
const ALIKE = 0.8;
/** Longer texts are compared by their beginning, to limit the work per message. */
const MAX_CHARACTERS = 4_000;

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };

function decodeEntities(text: string): string {
  return text.replace(
    /&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]{2,4}));/gi,
    (whole, decimal?: string, hex?: string, name?: string) => {
      if (name) return ENTITIES[name.toLowerCase()] ?? whole;
      const code = decimal ? Number(decimal) : Number.parseInt(hex!, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
}

/** Decodes entities, composes characters (NFC), and collapses white space. */
const normalise = (text: string): string =>
  decodeEntities(text.slice(0, MAX_CHARACTERS)).normalize('NFC').replace(/\s+/g, ' ').trim();

function trigrams(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  const padded = `  ${text} `;
  for (let at = 0; at + 3 <= padded.length; at++) {
    const gram = padded.slice(at, at + 3);
    counts.set(gram, (counts.get(gram) ?? 0) + 1);
  }
  return counts;
}

/** The share of the longer text's trigrams that the two texts have in common, 0 to 1. */
function overlap(a: string, b: string): number {
  const [inA, inB] = [trigrams(a), trigrams(b)];
  let common = 0;
  for (const [gram, count] of inA) common += Math.min(count, inB.get(gram) ?? 0);
  return common / (Math.max(a.length, b.length) + 1);
}

/** Characters that filters substitute for letters and digits. Not `-`, `_` or `.`, which people write. */
const MASK = /[*#•●█]/u;
const ALPHANUMERIC = /[\p{L}\p{N}]/u;

/**
 * Whether a word is stored unchanged, or with its length unchanged and at least two letters or digits masked (`d**n`).
 */
function isSameWord(sent: string, stored: string): boolean {
  const mask = MASK.exec(stored)?.[0];
  if (!mask || sent.includes(mask)) return sent === stored;
  const [ours, theirs] = [[...sent], [...stored]];
  const isKept = ours.every((char, at) => char === theirs[at] || (theirs[at] === mask && ALPHANUMERIC.test(char)));
  return isKept && ours.length === theirs.length && stored.split(mask).length > 2;
}

function isMasked(sent: string, stored: string): boolean {
  const [ours, theirs] = [sent.split(' '), stored.split(' ')];
  return ours.length === theirs.length && ours.every((word, at) => isSameWord(word, theirs[at]!));
}

const withoutTags = (text: string): string =>
  text
    .replace(/<[^<>]*>/g, '')
    .replace(/\s+/g, ' ')
    .trim();

/**
 * Compares a sent text with a stored one. Signs, digits, symbols and punctuation count: `-5` is not certainly `5`.
 * @returns `same` if they differ only in escapes, composition and white space, if all tags were removed, or if words
 *   were masked; `unsure` if they are similar, or too long to be compared completely; otherwise `different`.
 */
export function textSimilarity(sent: string, stored: string): Likeness {
  if (sent === stored) return 'same';
  const certain: Likeness = Math.max(sent.length, stored.length) > MAX_CHARACTERS ? 'unsure' : 'same';
  const [ours, theirs] = [normalise(sent), normalise(stored)];
  if (ours === theirs || (theirs && withoutTags(ours) === theirs)) return certain;
  const isAlike = overlap(ours, theirs) >= ALIKE;
  if (isMasked(ours, theirs)) return isAlike ? certain : 'unsure';
  return isAlike ? 'unsure' : 'different';
}
