/** A report as text, for a terminal, a log or a ticket. */
import type { Finding, Report, Verdict } from './findings.js';

/** How each verdict is written. The same width, so that what follows stands in a column. */
const MARKS: Record<Verdict, string> = { pass: 'pass   ', note: 'note   ', missing: 'missing', skipped: 'skipped', wrong: 'WRONG  ' };

/** Puts colour on a text; none by default. */
export type Paint = (text: string, what: Verdict | 'id' | 'mend') => string;

const PLAIN: Paint = (text) => text;
const INDENT = ' '.repeat(9);

/** One finding: a line, and under what is wrong how to mend it. */
export function findingText({ id, verdict, says, mend }: Finding, paint: Paint = PLAIN): string {
  const lines = [`${paint(MARKS[verdict], verdict)}  ${paint(id.padEnd(26), 'id')}  ${says}`];
  for (const line of mend?.split('\n') ?? []) lines.push(INDENT + paint(line, 'mend'));
  return lines.join('\n');
}

/** What was not looked at, by the reason why: one reason often holds for many. */
export function skippedText(findings: readonly Finding[], paint: Paint = PLAIN): string {
  const byReason = new Map<string, string[]>();
  for (const { id, verdict, says } of findings) if (verdict === 'skipped') byReason.set(says, [...(byReason.get(says) ?? []), id]);
  return [...byReason].map(([why, ids]) => `${paint(MARKS.skipped, 'skipped')}  ${paint(few(ids), 'id')}\n${INDENT}${why}`).join('\n');
}

const MOST = 20;
const few = (ids: string[]): string => ids.slice(0, MOST).join(', ') + (ids.length > MOST ? ` and ${ids.length - MOST} more` : '');

export function summaryText({ url, counts, seconds, healthy }: Report): string {
  const parts = (Object.entries(counts) as [Verdict, number][]).filter(([, count]) => count > 0).map(([verdict, count]) => `${count} ${verdict}`);
  const sum = healthy ? 'Nothing is wrong' : counts.wrong === 1 ? 'One thing is wrong' : `${counts.wrong} things are wrong`;
  return `${sum} with ${url} (${parts.join(', ')}; ${seconds.toFixed(1)} s).`;
}

/** The whole report. */
export function toText(report: Report): string {
  const seen = report.findings.filter(({ verdict }) => verdict !== 'skipped').map((finding) => findingText(finding));
  return [...seen, skippedText(report.findings), '', summaryText(report)].filter((part, index) => part !== '' || index > seen.length).join('\n');
}
