/** Texts of the connection details of `<chat-status>`: separate, because they are loaded with the details. */

export interface DetailsTerms {
  heading: string;
  state: string;
  reason: string;
  attempt: string;
  /** @param seconds until the next attempt; null: none is scheduled. */
  attempts: (count: number, seconds: number | null) => string;
  server: string;
  browser: string;
  online: string;
  offline: string;
  time: string;
  checking: string;
  /** @param failed the number of failed checks. */
  done: (failed: number) => string;
  /** The doctor could not be loaded. */
  failed: string;
  allChecks: (count: number) => string;
  /** By verdict of the doctor. */
  verdicts: Record<'pass' | 'note' | 'unsupported' | 'skipped' | 'fail', string>;
  copy: string;
  copied: string;
  /** Label of the text to copy, if the clipboard is not available. */
  copyByHand: string;
  close: string;
}

const en: DetailsTerms = {
  heading: 'Connection details',
  state: 'State',
  reason: 'Reason',
  attempt: 'Attempts',
  attempts: (count, seconds) => (seconds === null ? `${count}` : `${count}, next in ${seconds} s`),
  server: 'Server',
  browser: 'Browser',
  online: 'reports online',
  offline: 'reports offline',
  time: 'Time',
  checking: 'Checking the server. This changes nothing on it.',
  done: (failed) => `Check complete: ${failed === 1 ? '1 problem' : `${failed || 'no'} problems`} found.`,
  failed: 'The server could not be checked, because a part of this page failed to load. Check your network connection.',
  allChecks: (count) => `All checks (${count})`,
  verdicts: { pass: 'passed', note: 'note', unsupported: 'not supported', skipped: 'skipped', fail: 'failed' },
  copy: 'Copy as text',
  copied: 'Copied.',
  copyByHand: 'The clipboard is not available. Copy this text:',
  close: 'Close',
};

const de: DetailsTerms = {
  heading: 'Verbindungsdetails',
  state: 'Status',
  reason: 'Grund',
  attempt: 'Versuche',
  attempts: (count, seconds) => (seconds === null ? `${count}` : `${count}, nächster in ${seconds} s`),
  server: 'Server',
  browser: 'Browser',
  online: 'meldet sich online',
  offline: 'meldet sich offline',
  time: 'Zeit',
  checking: 'Der Server wird geprüft. Dabei wird nichts verändert.',
  done: (failed) => `Prüfung abgeschlossen: ${failed === 1 ? '1 Problem' : `${failed || 'keine'} Probleme`} gefunden.`,
  failed: 'Der Server konnte nicht geprüft werden, weil ein Teil dieser Seite nicht geladen wurde. Bist du offline?',
  allChecks: (count) => `Alle Prüfungen (${count})`,
  verdicts: {
    pass: 'bestanden',
    note: 'Hinweis',
    unsupported: 'nicht unterstützt',
    skipped: 'übersprungen',
    fail: 'fehlgeschlagen',
  },
  copy: 'Als Text kopieren',
  copied: 'Kopiert.',
  copyByHand: 'Die Zwischenablage ist nicht verfügbar. Kopiere diesen Text:',
  close: 'Schließen',
};

/** German for German pages, English for all others. */
export const detailsTerms = (lang: string): DetailsTerms => (/^de\b/i.test(lang) ? de : en);
