/** What the doctor found, point by point. */
import { POINTS, type PointId } from './checks.js';
import type { Redactor } from './redact.js';

/**
 * - `pass`: as agreed.
 * - `note`: allowed, with a consequence that is worth knowing.
 * - `missing`: a capability that the backend does not have. Nothing is wrong; the widget does without.
 * - `skipped`: not looked at, and why.
 * - `wrong`: what is wrong, and how to mend it.
 */
export type Verdict = 'pass' | 'note' | 'missing' | 'skipped' | 'wrong';

export interface Finding {
  readonly id: PointId;
  /** The point in words, as it should be. */
  readonly title: string;
  readonly verdict: Verdict;
  /** What was seen. */
  readonly says: string;
  /** How to mend it; several lines where there is something to copy. */
  readonly mend?: string;
}

export interface Report {
  /** The backend's address, without a token. */
  readonly url: string;
  /** When the examination began, ISO 8601. */
  readonly at: string;
  readonly seconds: number;
  /** Nothing is wrong. */
  readonly healthy: boolean;
  readonly counts: Readonly<Record<Verdict, number>>;
  readonly findings: readonly Finding[];
}

/** Longest text of a finding, in characters: servers can be talkative. */
const LONGEST = 1_500;

/** Collects findings: one for each point, none of them with a secret in it. */
export class Findings {
  readonly #plan: ReadonlySet<PointId>;
  readonly #redactor: Redactor;
  readonly #onFinding: (finding: Finding) => void;
  readonly #all = new Map<PointId, Finding>();

  constructor(plan: readonly PointId[], redactor: Redactor, onFinding: (finding: Finding) => void) {
    this.#plan = new Set(plan);
    this.#redactor = redactor;
    this.#onFinding = onFinding;
  }

  /** @param says nothing: the point's title says it all. */
  pass(id: PointId, says = `${POINTS[id]}.`): void {
    this.#add(id, 'pass', says);
  }

  note(id: PointId, says: string): void {
    this.#add(id, 'note', says);
  }

  missing(id: PointId, says: string): void {
    this.#add(id, 'missing', says);
  }

  skip(why: string, ...ids: PointId[]): void {
    for (const id of ids) this.#add(id, 'skipped', why);
  }

  /** Everything that has not been looked at. */
  skipRest(why: string): void {
    this.skip(why, ...this.#plan);
  }

  wrong(id: PointId, says: string, mend: string): void {
    this.#add(id, 'wrong', says, mend);
  }

  is(id: PointId, verdict: Verdict): boolean {
    return this.#all.get(id)?.verdict === verdict;
  }

  list(): Finding[] {
    return [...this.#all.values()];
  }

  /** The first word on a point counts: what comes later follows from it. */
  #add(id: PointId, verdict: Verdict, says: string, mend?: string): void {
    if (this.#all.has(id) || !this.#plan.has(id)) return;
    const clean = (text: string): string => this.#redactor.text(text).slice(0, LONGEST);
    const finding: Finding = { id, title: POINTS[id], verdict, says: clean(says), ...(mend !== undefined && { mend: clean(mend) }) };
    this.#all.set(id, finding);
    this.#onFinding(finding);
  }
}

export function countVerdicts(findings: readonly Finding[]): Record<Verdict, number> {
  const counts: Record<Verdict, number> = { pass: 0, note: 0, missing: 0, skipped: 0, wrong: 0 };
  for (const { verdict } of findings) counts[verdict]++;
  return counts;
}
