/**
 * Whether a stored message may be a copy of one that we have sent, on a backend that gives no name back. Some backends change
 * the words: they escape `<`, mask a word, collapse spaces. But a person also writes similar messages one after the other, from
 * two devices, and none of these may be taken for the other. Loaded on demand: see deferred.ts.
 */

/** `unsure`: alike, and yet it may be another message. */
export type Likeness = 'same' | 'unsure' | 'different';

/** Share of common trigrams from which two texts are alike. */
const ALIKE = 0.8;
/** Longer texts are compared by their beginning: the work per message has a bound. */
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

/** Entities as characters, composed (NFC), white space collapsed. */
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

/** Which share of the trigrams of the longer text the two have in common, 0 to 1. */
function overlap(a: string, b: string): number {
  const [inA, inB] = [trigrams(a), trigrams(b)];
  let common = 0;
  for (const [gram, count] of inA) common += Math.min(count, inB.get(gram) ?? 0);
  return common / (Math.max(a.length, b.length) + 1);
}

/** What filters put in place of letters and digits. Not `-`, `_` or `.`: people write these. */
const MASK = /[*#•●█]/u;
const ALPHANUMERIC = /[\p{L}\p{N}]/u;

/** Whether a word is stored as it was sent, or as long as it was, with letters or digits masked, more than one (`d**n`). */
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
 * Compares what was sent with what is stored. Signs, digits, symbols and punctuation count: `-5` is not certainly `5`.
 * @returns `same` where they are equal but for escapes, composition and white space, where all tags were taken out, or where
 *   words were masked; `unsure` where they are alike, or too long to be compared as a whole.
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
