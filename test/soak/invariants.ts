/** Checks the final state of the soak test: compares the server's rows with the pages. */
import type { Row } from './server-process.js';

export interface Author {
  name: string;
  userId: number;
  /** Messages reported as accepted by the page, by localId. */
  accepted: ReadonlyMap<string, { room: number; content: string }>;
  /** Messages that were rejected and retried later, outside the order. */
  refused: ReadonlySet<string>;
  /** The messages shown at the end. */
  shown: readonly { room: number; ids: readonly unknown[] }[];
}

/** At most this many violations of a kind are listed. */
const MAX_LISTED = 5;

/**
 * @param attempted The contents of all sent messages, accepted or not.
 * @returns the violations.
 */
export function findViolations(
  rows: readonly Row[],
  authors: readonly Author[],
  attempted: ReadonlySet<string>,
): string[] {
  const sent = rows.filter(({ content }) => attempted.has(content));
  return [
    ...listed(
      'was stored but never sent',
      rows.filter(({ content }) => isSoak(content) && !attempted.has(content)).map(({ content }) => content),
    ),
    ...listed('is stored more than once', repeated(sent.map(({ content }) => content))),
    ...authors.flatMap((author) => [
      ...listed('was accepted but is not stored', lost(author, sent)),
      ...listed('is stored after a later message of its author', outOfOrder(author, sent)),
      ...author.shown.flatMap(({ room, ids }) => differences(author.name, room, ids, rows)),
    ]),
  ];
}

/** Message content: `soak ana 1 #42`. */
export const contentOf = (name: string, room: number, number: number): string => `soak ${name} ${room} #${number}`;
const isSoak = (content: string): boolean => content.startsWith('soak ');
const numberOf = (content: string): number => Number(/#(\d+)/.exec(content)?.[1]);

function lost({ accepted, userId }: Author, sent: readonly Row[]): string[] {
  const stored = new Map(sent.map((row) => [row.content, row]));
  return [...accepted].flatMap(([localId, { room, content }]) => {
    const row = stored.get(content);
    // Before the first greeting, the client does not know whether the backend supports ids, so REST requests carry
    // none.
    return row && row.room_id === room && row.sender_id === userId && (row.temp_id ?? localId) === localId
      ? []
      : `${content} (${localId})`;
  });
}

function outOfOrder({ userId, refused }: Author, sent: readonly Row[]): string[] {
  const last = new Map<number, number>();
  return sent.flatMap(({ content, room_id, sender_id, temp_id }) => {
    if (sender_id !== userId || refused.has(temp_id ?? '')) return [];
    const [number, before] = [numberOf(content), last.get(room_id) ?? -1];
    last.set(room_id, Math.max(number, before));
    return number > before ? [] : content;
  });
}

function differences(name: string, room: number, ids: readonly unknown[], rows: readonly Row[]): string[] {
  const wanted = rows.flatMap((row) => (row.room_id === room ? String(row.id) : []));
  const shown = ids.map(String);
  const [known, there] = [new Set(wanted), new Set(shown)];
  const where = `in room ${room} of ${name}`;
  const violations = [
    ...listed(
      `is missing ${where}`,
      wanted.filter((id) => !there.has(id)),
    ),
    ...listed(
      `is unexpected ${where}`,
      shown.filter((id) => !known.has(id)),
    ),
    ...listed(`is duplicated ${where}`, repeated(shown)),
  ];
  const isSame = shown.length === wanted.length && shown.every((id, n) => id === wanted[n]);
  return violations.length > 0 || isSame ? violations : [`the order ${where} differs from the server`];
}

function repeated(list: readonly string[]): string[] {
  const seen = new Set<string>();
  return list.filter((one) => seen.size === seen.add(one).size);
}

function listed(what: string, which: readonly string[]): string[] {
  const more = which.length - MAX_LISTED;
  return which
    .slice(0, MAX_LISTED)
    .map((one) => `${one} ${what}`)
    .concat(more > 0 ? `… and ${more} more: ${what}` : []);
}
