/** Whether a page grows by more than what it shows. */
import type { Person } from './user.js';

export interface Sample {
  /** Minutes from the beginning. */
  at: number;
  /** Bytes. */
  heap: number;
  /** Messages that the page holds. */
  held: number;
  nodes: number;
  listeners: number;
}

/** By how much a page may grow in a minute beyond its messages, in bytes. */
const MAX_GROWTH = 300_000;
/** By how much it may be larger than the same page, loaded anew; in bytes. */
const MAX_LEFT = 3_000_000;
/** In its first minute a page becomes warm; and less than so many minutes after that make no slope. */
const WARM = 1;
const ENOUGH = 4;

const MB = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

export async function takeSample(person: Person, begun: number): Promise<Sample | undefined> {
  const look = await person.look();
  // A page that is just being loaded has no heap to speak of.
  const memory = look && (await person.memory().catch(() => undefined));
  return memory && { at: (Date.now() - begun) / 60_000, held: look.held, ...memory };
}

/** Least squares: by how much a value grows in a minute. */
export function slope(points: readonly { at: number; value: number }[]): number {
  const mean = (list: number[]): number => list.reduce((sum, one) => sum + one, 0) / list.length;
  const [at, value] = [mean(points.map((point) => point.at)), mean(points.map((point) => point.value))];
  const sum = (of: (point: { at: number; value: number }) => number): number => points.reduce((all, point) => all + of(point), 0);
  return sum((point) => (point.at - at) * (point.value - value)) / sum((point) => (point.at - at) ** 2);
}

export interface Findings {
  told: string[];
  wrong: string[];
}

/** @param perMessage bytes that a message takes: those are meant to be there. @param isLong whether the page has lived through all of it. */
export function judgeGrowth(name: string, samples: readonly Sample[], perMessage: number, isLong: boolean): Findings {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last) return { told: [`Heap of ${name}: no sample.`], wrong: [] };
  const isWarm = last.at >= WARM + ENOUGH;
  const warm = samples.filter(({ at }) => !isWarm || at >= WARM);
  const growth = slope(warm.map(({ at, heap, held }) => ({ at, value: heap - held * perMessage })));
  const isJudged = isLong && isWarm;
  const reason = isLong ? 'too short' : 'loaded anew in between';
  return {
    told: [
      `Heap of ${name}: first ${MB(first.heap)} with ${first.held} messages, last ${MB(last.heap)} with ${last.held}; without them it grows by ${(growth / 1e3).toFixed(0)} kB a minute ` +
        `(${isJudged ? `at most ${MAX_GROWTH / 1e3}` : `not judged: ${reason}`}). DOM nodes ${first.nodes} → ${last.nodes}, listeners ${first.listeners} → ${last.listeners}.`,
    ],
    wrong: isJudged && growth > MAX_GROWTH ? [`the page of ${name} grows by ${(growth / 1e3).toFixed(0)} kB a minute`] : [],
  };
}

/** @param old a page at the end of it all. @param anew the same page, loaded anew, with the same messages. */
export function judgeLeft(name: string, old: Sample, anew: Sample): Findings {
  const left = old.heap - anew.heap;
  return {
    told: [`Loaded anew, the page of ${name} takes ${MB(anew.heap)} with ${anew.held} messages instead of ${MB(old.heap)} with ${old.held}: ${MB(left)} were left over (at most ${MB(MAX_LEFT)}).`],
    wrong: left > MAX_LEFT ? [`${MB(left)} are left over in the page of ${name}`] : [],
  };
}
