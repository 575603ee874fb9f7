/** Detects memory leaks: growth of a page beyond its displayed content. */
import type { Person } from './user.js';

export interface Sample {
  /** Minutes since the start. */
  at: number;
  /** Bytes. */
  heap: number;
  /** Messages held by the page. */
  held: number;
  nodes: number;
  listeners: number;
}

/** Maximum growth per minute beyond the messages, in bytes. */
const MAX_GROWTH = 300_000;
/** Maximum difference to the same page after a reload, in bytes. */
const MAX_LEAK = 3_000_000;
/** Warm-up of a page, and the minimum duration after it to compute a slope, in minutes. */
const WARM_UP_MIN = 1;
const MIN_MINUTES = 4;

const MB = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

export async function takeSample(person: Person, startedAt: number): Promise<Sample | undefined> {
  const snapshot = await person.snapshot();
  // A page that is loading has no meaningful heap size.
  const memory = snapshot && (await person.memory().catch(() => undefined));
  return memory && { at: (Date.now() - startedAt) / 60_000, held: snapshot.held, ...memory };
}

/** Growth per minute, by least squares. */
export function slope(points: readonly { at: number; value: number }[]): number {
  const mean = (list: number[]): number => list.reduce((sum, one) => sum + one, 0) / list.length;
  const [at, value] = [mean(points.map((point) => point.at)), mean(points.map((point) => point.value))];
  const sum = (of: (point: { at: number; value: number }) => number): number =>
    points.reduce((all, point) => all + of(point), 0);
  return sum((point) => (point.at - at) * (point.value - value)) / sum((point) => (point.at - at) ** 2);
}

export interface Findings {
  report: string[];
  violations: string[];
}

/** @param perMessage Expected bytes per message. @param isLong Whether the page was never reloaded. */
export function judgeGrowth(name: string, samples: readonly Sample[], perMessage: number, isLong: boolean): Findings {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last) return { report: [`Heap of ${name}: no sample.`], violations: [] };
  const isWarm = last.at >= WARM_UP_MIN + MIN_MINUTES;
  const warm = samples.filter(({ at }) => !isWarm || at >= WARM_UP_MIN);
  const growth = slope(warm.map(({ at, heap, held }) => ({ at, value: heap - held * perMessage })));
  const isJudged = isLong && isWarm;
  const reason = isLong ? 'too short' : 'reloaded in between';
  return {
    report: [
      `Heap of ${name}: first ${MB(first.heap)} with ${first.held} messages, last ${MB(last.heap)} with ${last.held}; growth without messages: ${(growth / 1e3).toFixed(0)} kB per minute ` +
        `(${isJudged ? `at most ${MAX_GROWTH / 1e3}` : `not judged: ${reason}`}). DOM nodes ${first.nodes} → ${last.nodes}, listeners ${first.listeners} → ${last.listeners}.`,
    ],
    violations:
      isJudged && growth > MAX_GROWTH
        ? [`the page of ${name} grows by ${(growth / 1e3).toFixed(0)} kB per minute`]
        : [],
  };
}

/** @param old The page at the end. @param reloaded The same page after a reload, with the same messages. */
export function judgeLeak(name: string, old: Sample, reloaded: Sample): Findings {
  const left = old.heap - reloaded.heap;
  return {
    report: [
      `After a reload, the page of ${name} takes ${MB(reloaded.heap)} with ${reloaded.held} messages instead of ${MB(old.heap)} with ${old.held}: ${MB(left)} leaked (at most ${MB(MAX_LEAK)}).`,
    ],
    violations: left > MAX_LEAK ? [`${MB(left)} leaked in the page of ${name}`] : [],
  };
}
