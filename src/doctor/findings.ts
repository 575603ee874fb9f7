/** The results of a diagnosis. */
import { CHECKS, type CheckId } from './checks.js';
import type { Redactor } from './redact.js';

/**
 * - `pass`: conforms to the contract.
 * - `note`: conforms, with a drawback worth knowing.
 * - `unsupported`: an optional capability that the backend lacks. This is no error; the widget works without it.
 * - `skipped`: not checked. `message` has the reason.
 * - `fail`: violates the contract. `message` describes the error, `fix` the remedy.
 */
export type Verdict = 'pass' | 'note' | 'unsupported' | 'skipped' | 'fail';

export interface Finding {
  readonly id: CheckId;
  /** The requirement that was checked. */
  readonly title: string;
  readonly verdict: Verdict;
  /** What was observed. */
  readonly message: string;
  /** How to fix a failure. Several lines if it contains configuration or code. */
  readonly fix?: string;
}

export interface Report {
  /** The backend's URL, without a token. */
  readonly url: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly durationSeconds: number;
  /** Whether no check failed. */
  readonly healthy: boolean;
  /** The number of findings with each verdict. */
  readonly counts: Readonly<Record<Verdict, number>>;
  readonly findings: readonly Finding[];
}

/** Maximum length of `message` and `fix`, in characters: both may quote the server. */
const MAX_TEXT = 1_500;

/** Collects one finding for each planned check, with all secrets removed. */
export class Findings {
  readonly #planned: ReadonlySet<CheckId>;
  readonly #redactor: Redactor;
  readonly #onFinding: (finding: Finding) => void;
  readonly #byId = new Map<CheckId, Finding>();

  constructor(planned: readonly CheckId[], redactor: Redactor, onFinding: (finding: Finding) => void) {
    this.#planned = new Set(planned);
    this.#redactor = redactor;
    this.#onFinding = onFinding;
  }

  pass(id: CheckId, message = `${CHECKS[id]}.`): void {
    this.#add(id, 'pass', message);
  }

  note(id: CheckId, message: string): void {
    this.#add(id, 'note', message);
  }

  unsupported(id: CheckId, message: string): void {
    this.#add(id, 'unsupported', message);
  }

  skip(reason: string, ...ids: CheckId[]): void {
    for (const id of ids) this.#add(id, 'skipped', reason);
  }

  /** Skips every planned check that has no finding yet. */
  skipRemaining(reason: string): void {
    this.skip(reason, ...this.#planned);
  }

  fail(id: CheckId, message: string, fix: string): void {
    this.#add(id, 'fail', message, fix);
  }

  has(id: CheckId, verdict: Verdict): boolean {
    return this.#byId.get(id)?.verdict === verdict;
  }

  list(): Finding[] {
    return [...this.#byId.values()];
  }

  /** The first finding of a check is kept: later ones are consequences of it. */
  #add(id: CheckId, verdict: Verdict, message: string, fix?: string): void {
    if (this.#byId.has(id) || !this.#planned.has(id)) return;
    const clean = (text: string): string => this.#redactor.redact(text).slice(0, MAX_TEXT);
    const finding: Finding = {
      id,
      title: CHECKS[id],
      verdict,
      message: clean(message),
      ...(fix !== undefined && { fix: clean(fix) }),
    };
    this.#byId.set(id, finding);
    this.#onFinding(finding);
  }
}

export function countVerdicts(findings: readonly Finding[]): Record<Verdict, number> {
  const counts: Record<Verdict, number> = { pass: 0, note: 0, unsupported: 0, skipped: 0, fail: 0 };
  for (const { verdict } of findings) counts[verdict]++;
  return counts;
}
