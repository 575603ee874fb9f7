/** What the doctor shows at a terminal: findings as they come, one line that says what it is at, and the sum. */
import { styleText } from 'node:util';
import type { Finding, Report } from './findings.js';
import { findingText, skippedText, summaryText, type Paint } from './text.js';

const STYLES = { pass: 'green', note: 'yellow', missing: 'cyan', skipped: 'dim', wrong: 'red', id: 'bold', mend: 'cyan' } as const;

const COLOURED: Paint = (text, what) => styleText(STYLES[what], text);
const PLAIN: Paint = (text) => text;
const CLEAR_LINE = '\r\u001b[2K';

interface Stream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export interface Printer {
  onCheck(id: string, title: string): void;
  onFinding(finding: Finding): void;
  /** What is left to be said. */
  end(report: Report): string;
}

export function printer({ json, out, progress }: { json: boolean; out: Stream; progress: Stream }): Printer {
  const paint = out.isTTY && !process.env['NO_COLOR'] ? COLOURED : PLAIN;
  const clear = (): void => {
    if (progress.isTTY) progress.write(CLEAR_LINE);
  };
  return {
    onCheck(id, title) {
      if (progress.isTTY) progress.write(`${CLEAR_LINE}… ${id}: ${title}`);
    },
    onFinding(finding) {
      // What was skipped is told at the end, together: one reason often holds for many.
      if (json || finding.verdict === 'skipped') return;
      clear();
      out.write(`${findingText(finding, paint)}\n`);
    },
    end(report) {
      clear();
      if (json) return `${JSON.stringify(report, null, 2)}\n`;
      const skipped = skippedText(report.findings, paint);
      return `${skipped && `${skipped}\n`}\n${paint(summaryText(report), report.healthy ? 'pass' : 'wrong')}\n`;
    },
  };
}
