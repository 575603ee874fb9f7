/** Parses the text of a message into plain text and links. Never as HTML. */
import { parseUrl } from '../../transport/index.js';
import { revealInvisible } from '../untrusted.js';

export interface TextPart {
  readonly text: string;
  /** `address`: an address that must not become a link, with its invisible characters shown. */
  readonly type: 'text' | 'link' | 'address';
  /** Of a link. */
  readonly href?: string;
  /** Whether an address reaches the end of the text: if the text was cut, the address may be incomplete. */
  readonly isLast?: boolean;
}

/**
 * A character of an address: not white space, nor punctuation that only ends an address in running text. In the name
 * of a host, an ideographic full stop is a dot.
 */
const CHAR = '(?:[^\\s<>"\\u3001\\u3002\\uff01\\uff0c\\uff1a\\uff1b\\uff1f]|\\u3002(?=[a-z]))';
/**
 * An address and the punctuation after it. Not in the middle of a word or of another address; but after a letter of a
 * script without spaces between words.
 */
const CANDIDATE = new RegExp(
  `(?<![\\p{Script=Latin}\\p{Script=Greek}\\p{Script=Cyrillic}\\p{N}_@/.])(?:https?://${CHAR}+|www\\.${CHAR}+|mailto:${CHAR}+@${CHAR}+|tel:\\+?[\\d(]${CHAR}+)`,
  'giu',
);
/** Punctuation at the end of an address belongs to the sentence around it. */
const TRAILING = /[.,:;!?'*~]|(?!\p{ASCII})[\p{Pe}\p{Pf}\p{Pi}\p{Ps}\p{Po}]/u;
const BRACKETS: Record<string, string> = { ')': '(', ']': '[', '}': '{', '）': '（', '」': '「', '】': '【' };
/** Longer addresses do not become links, in characters. */
export const MAX_ADDRESS = 2_000;
const PHONE = /^tel:\+?[\d().-]*\d$/i;
const MAIL = /^mailto:[^@\s]+@[^@\s?.]+\.[^@\s]+$/i;

/** The number of occurrences of each character in a text. */
function characterCounts(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1);
  return counts;
}

/** Removes trailing punctuation, but not a bracket that was opened within the address. */
function withoutTrailing(candidate: string): string {
  const counts = characterCounts(candidate);
  let end = candidate.length;
  for (; end > 0; end--) {
    const last = candidate[end - 1]!;
    const opening = BRACKETS[last];
    const isBalanced = opening !== undefined && counts.get(opening) === counts.get(last);
    if (isBalanced || (opening === undefined && !TRAILING.test(last))) break;
    counts.set(last, counts.get(last)! - 1);
  }
  return candidate.slice(0, end);
}

/** @returns the link, with the host to which it really leads as its text; undefined if it must not become a link. */
function linkOf(address: string): { text: string; href: string } | undefined {
  if (address.length > MAX_ADDRESS) return undefined;
  if (/^(tel|mailto):/i.test(address))
    return PHONE.test(address) || MAIL.test(address) ? { text: revealInvisible(address), href: address } : undefined;
  const href = /^www\./i.test(address) ? `https://${address}` : address;
  const url = parseUrl(href);
  const [, host = '', rest = ''] = /^https?:[/\\]*([^/\\?#]*)(.*)$/is.exec(href)!;
  // `https://bank.example@evil.example` looks like the bank.
  if (!url?.host || host.includes('@')) return undefined;
  if (href !== address && !/^www\.[^.]+\.[^.]/i.test(url.host)) return undefined;
  // A host with look-alike letters of another script is shown in Punycode (`xn--…`).
  return { text: revealInvisible(host.toLowerCase() === url.host ? address : url.origin + rest), href };
}

/** Splits a text into plain text and links. */
export function* textParts(text: string): Generator<TextPart> {
  let from = 0;
  for (const { 0: candidate, index } of text.matchAll(CANDIDATE)) {
    const address = withoutTrailing(candidate);
    const isLast = index + candidate.length === text.length;
    const link = linkOf(address);
    if (index > from) yield { type: 'text', text: text.slice(from, index) };
    yield link ? { type: 'link', isLast, ...link } : { type: 'address', isLast, text: revealInvisible(address) };
    from = index + address.length;
  }
  if (from < text.length) yield { type: 'text', text: text.slice(from) };
}
