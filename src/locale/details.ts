/**
 * Texts of the connection details of `<chat-status>`. Loaded together with the details, so separate from the others.
 */

export interface DetailsTerms {
  heading: string;
  state: string;
  reason: string;
  attempt: string;
  server: string;
  browser: string;
  online: string;
  offline: string;
  time: string;
  checking: string;
  /** @param wrong number of problems found. */
  done: (wrong: number) => string;
  /** The code of the check failed to load. */
  failed: string;
  /** Label of the list of all findings. */
  allPoints: (count: number) => string;
  /** By verdict of the doctor. */
  verdicts: Record<'pass' | 'note' | 'missing' | 'skipped' | 'wrong', string>;
  copy: string;
  copied: string;
  /** The clipboard is not available: the text follows, for copying by hand. */
  copyByHand: string;
  close: string;
}

const en: DetailsTerms = {
  heading: 'Connection details',
  state: 'State',
  reason: 'Reason',
  attempt: 'Attempt',
  server: 'Server',
  browser: 'Browser',
  online: 'online',
  offline: 'offline',
  time: 'Time',
  checking: 'Checking the server. This does not change anything.',
  done: (wrong) => `Check complete: ${wrong || 'no'} ${wrong === 1 ? 'problem' : 'problems'} found.`,
  failed: 'The check could not be loaded. Are you offline?',
  allPoints: (count) => `All checks (${count})`,
  verdicts: { pass: 'OK', note: 'note', missing: 'not available', skipped: 'skipped', wrong: 'problem' },
  copy: 'Copy as text',
  copied: 'Copied.',
  copyByHand: 'The clipboard is not available. Copy this text:',
  close: 'Close',
};

const de: DetailsTerms = {
  heading: 'Verbindungsdetails',
  state: 'Status',
  reason: 'Grund',
  attempt: 'Versuch',
  server: 'Server',
  browser: 'Browser',
  online: 'online',
  offline: 'offline',
  time: 'Zeit',
  checking: 'Der Server wird geprüft. Dabei wird nichts verändert.',
  done: (wrong) => `Prüfung abgeschlossen: ${wrong || 'keine'} ${wrong === 1 ? 'Problem' : 'Probleme'} gefunden.`,
  failed: 'Die Prüfung konnte nicht geladen werden. Bist du offline?',
  allPoints: (count) => `Alle Prüfungen (${count})`,
  verdicts: { pass: 'OK', note: 'Hinweis', missing: 'nicht vorhanden', skipped: 'übersprungen', wrong: 'Problem' },
  copy: 'Als Text kopieren',
  copied: 'Kopiert.',
  copyByHand: 'Die Zwischenablage ist nicht verfügbar. Kopiere diesen Text:',
  close: 'Schließen',
};

/** German if the language is German, otherwise English. */
export const detailsTerms = (lang: string): DetailsTerms => (/^de\b/i.test(lang) ? de : en);
