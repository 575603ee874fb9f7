/** The doctor's output on a terminal: findings as they come, a progress line, and the summary. */
import { styleText } from 'node:util';
import type { Finding, Report } from './findings.js';
import { findingText, skippedText, summaryText, type Paint } from './report-text.js';

const STYLES = {
  pass: 'green',
  note: 'yellow',
  unsupported: 'cyan',
  skipped: 'dim',
  fail: 'red',
  id: 'bold',
  fix: 'cyan',
} as const;

const COLORED: Paint = (text, style) => styleText(STYLES[style], text);
const PLAIN: Paint = (text) => text;
const CLEAR_LINE = '\r\u001b[2K';

interface Stream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export interface Printer {
  onCheck(id: string, title: string): void;
  onFinding(finding: Finding): void;
  /** The rest of the output: skipped checks and the summary, or the whole report as JSON. */
  finish(report: Report): string;
}

/** @param progress the stream for the progress line, which is only written to a terminal. */
export function createPrinter(options: { json: boolean; out: Stream; progress: Stream }): Printer {
  const { json, out, progress } = options;
  const paint = out.isTTY && !process.env['NO_COLOR'] ? COLORED : PLAIN;
  const clearProgress = (): void => {
    if (progress.isTTY) progress.write(CLEAR_LINE);
  };
  return {
    onCheck(id, title) {
      if (progress.isTTY) progress.write(`${CLEAR_LINE}… ${id}: ${title}`);
    },
    onFinding(finding) {
      // Skipped checks follow at the end, grouped by reason.
      if (json || finding.verdict === 'skipped') return;
      clearProgress();
      out.write(`${findingText(finding, paint)}\n`);
    },
    finish(report) {
      clearProgress();
      if (json) return `${JSON.stringify(report, null, 2)}\n`;
      const skipped = skippedText(report.findings, paint);
      return `${skipped && `${skipped}\n`}\n${paint(summaryText(report), report.healthy ? 'pass' : 'fail')}\n`;
    },
  };
}
