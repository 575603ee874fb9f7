/** What must be true in the end, and what of it is not. Nothing here asks anybody: it compares what was found. */
import type { Row } from './server-process.js';

export interface Author {
  name: string;
  userId: number;
  /** What the page said it has accepted, by localId. */
  accepted: ReadonlyMap<string, { room: number; content: string }>;
  /** Refused, and sent again later: these have lost their place. */
  refused: ReadonlySet<string>;
  /** What the page shows in the end. */
  shown: readonly { room: number; ids: readonly unknown[] }[];
}

/** So many of one kind are named; of the others it is said how many there are. */
const NAMED = 5;

/**
 * @param attempted the contents of all that was written, accepted or not.
 * @returns what is wrong, in words.
 */
export function judge(rows: readonly Row[], authors: readonly Author[], attempted: ReadonlySet<string>): string[] {
  const ours = rows.filter(({ content }) => attempted.has(content));
  return [
    ...few('was stored though nobody wrote it', rows.filter(({ content }) => isSoak(content) && !attempted.has(content)).map(({ content }) => content)),
    ...few('is stored more than once', repeated(ours.map(({ content }) => content))),
    ...authors.flatMap((author) => [
      ...few('was accepted, and is not stored', lost(author, ours)),
      ...few('is stored after a later one of its author', outOfOrder(author, ours)),
      ...author.shown.flatMap(({ room, ids }) => differences(author.name, room, ids, rows)),
    ]),
  ];
}

/** How a message of a soak reads: `soak ana 1 #42`. */
export const contentOf = (name: string, room: number, number: number): string => `soak ${name} ${room} #${number}`;
const isSoak = (content: string): boolean => content.startsWith('soak ');
const numberOf = (content: string): number => Number(/#(\d+)/.exec(content)?.[1]);

function lost({ accepted, userId }: Author, ours: readonly Row[]): string[] {
  const stored = new Map(ours.map((row) => [row.content, row]));
  return [...accepted].flatMap(([localId, { room, content }]) => {
    const row = stored.get(content);
    // Before the first greeting nobody knows whether the backend takes names: what goes by REST then has none.
    return row && row.room_id === room && row.sender_id === userId && (row.temp_id ?? localId) === localId ? [] : `${content} (${localId})`;
  });
}

function outOfOrder({ userId, refused }: Author, ours: readonly Row[]): string[] {
  const last = new Map<number, number>();
  return ours.flatMap(({ content, room_id, sender_id, temp_id }) => {
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
  const wrong = [
    ...few(`is missing ${where}`, wanted.filter((id) => !there.has(id))),
    ...few(`is too much ${where}`, shown.filter((id) => !known.has(id))),
    ...few(`is there twice ${where}`, repeated(shown)),
  ];
  const isSame = shown.length === wanted.length && shown.every((id, n) => id === wanted[n]);
  return wrong.length > 0 || isSame ? wrong : [`the order ${where} is not the server’s`];
}

function repeated(list: readonly string[]): string[] {
  const seen = new Set<string>();
  return list.filter((one) => seen.size === seen.add(one).size);
}

function few(what: string, which: readonly string[]): string[] {
  const more = which.length - NAMED;
  return which.slice(0, NAMED).map((one) => `${one} ${what}`).concat(more > 0 ? `… and so ${what}: ${more} more` : []);
}
