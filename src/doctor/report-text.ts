/** Formats a report as text, for a terminal, a log or a ticket. */
import type { Finding, Report, Verdict } from './findings.js';

const LABELS: Record<Verdict, string> = {
  pass: 'pass',
  note: 'note',
  unsupported: 'unsupported',
  skipped: 'skipped',
  fail: 'FAIL',
};
const LABEL_WIDTH = 11;
const ID_WIDTH = 26;
const INDENT = ' '.repeat(LABEL_WIDTH + 2);
const label = (verdict: Verdict): string => LABELS[verdict].padEnd(LABEL_WIDTH);

/** Styles a part of the text, with colors for example. */
export type Paint = (text: string, style: Verdict | 'id' | 'fix') => string;

const PLAIN: Paint = (text) => text;

/** One line, and the indented fix below it. */
export function findingText({ id, verdict, message, fix }: Finding, paint: Paint = PLAIN): string {
  const lines = [`${paint(label(verdict), verdict)}  ${paint(id.padEnd(ID_WIDTH), 'id')}  ${message}`];
  for (const line of fix?.split('\n') ?? []) lines.push(INDENT + paint(line, 'fix'));
  return lines.join('\n');
}

/** The skipped checks, grouped by reason: one reason often applies to many. */
export function skippedText(findings: readonly Finding[], paint: Paint = PLAIN): string {
  const idsByReason = new Map<string, string[]>();
  for (const { id, verdict, message } of findings) {
    if (verdict === 'skipped') idsByReason.set(message, [...(idsByReason.get(message) ?? []), id]);
  }
  const groups = [...idsByReason].map(
    ([reason, ids]) => `${paint(label('skipped'), 'skipped')}  ${paint(joinIds(ids), 'id')}\n${INDENT}${reason}`,
  );
  return groups.join('\n');
}

const MAX_IDS = 20;
const joinIds = (ids: string[]): string =>
  ids.slice(0, MAX_IDS).join(', ') + (ids.length > MAX_IDS ? ` and ${ids.length - MAX_IDS} more` : '');

export function summaryText({ url, counts, durationSeconds }: Report): string {
  const nonZero = (Object.entries(counts) as [Verdict, number][]).filter(([, count]) => count > 0);
  const parts = nonZero.map(([verdict, count]) => `${count} ${verdict}`).join(', ');
  const problems = counts.fail === 0 ? 'No problems' : counts.fail === 1 ? '1 problem' : `${counts.fail} problems`;
  return `${problems} found at ${url} (${parts}; ${durationSeconds.toFixed(1)} s).`;
}

/** The whole report as plain text. */
export function toText(report: Report): string {
  const results = report.findings.filter(({ verdict }) => verdict !== 'skipped').map((each) => findingText(each));
  const skipped = skippedText(report.findings);
  return [...results, ...(skipped ? [skipped] : []), '', summaryText(report)].join('\n');
}
