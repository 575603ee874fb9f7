/** Texts of the status bar's details: apart from the others, because they are loaded with the details alone. */

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
  /** How many points are wrong. */
  done: (wrong: number) => string;
  /** The examination itself could not be made. */
  failed: string;
  allPoints: (count: number) => string;
  /** By what the doctor says of a point. */
  verdicts: Record<'pass' | 'note' | 'missing' | 'skipped' | 'wrong', string>;
  copy: string;
  copied: string;
  /** The clipboard is out of reach: the text is shown, to be copied by hand. */
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
  online: 'says it is online',
  offline: 'says it is offline',
  time: 'Time',
  checking: 'Examining the server. Nothing is changed.',
  done: (wrong) => (wrong === 0 ? 'Examined: nothing is wrong.' : wrong === 1 ? 'Examined: one thing is wrong.' : `Examined: ${wrong} things are wrong.`),
  failed: 'The server could not be examined: what is needed for it could not be loaded. Is the network gone?',
  allPoints: (count) => `All that was looked at (${count})`,
  verdicts: { pass: 'as agreed', note: 'note', missing: 'not available', skipped: 'skipped', wrong: 'wrong' },
  copy: 'Copy as text',
  copied: 'Copied.',
  copyByHand: 'The clipboard cannot be used here. This is the text:',
  close: 'Close',
};

const de: DetailsTerms = {
  heading: 'Einzelheiten zur Verbindung',
  state: 'Zustand',
  reason: 'Grund',
  attempt: 'Versuch',
  server: 'Server',
  browser: 'Browser',
  online: 'meldet: online',
  offline: 'meldet: offline',
  time: 'Zeit',
  checking: 'Der Server wird untersucht. Verändert wird nichts.',
  done: (wrong) => (wrong === 0 ? 'Untersucht: Es fehlt nichts.' : wrong === 1 ? 'Untersucht: Etwas stimmt nicht.' : `Untersucht: ${wrong} Dinge stimmen nicht.`),
  failed: 'Der Server konnte nicht untersucht werden: Was dazu gebraucht wird, ließ sich nicht laden. Ist das Netz weg?',
  allPoints: (count) => `Alles, was angesehen wurde (${count})`,
  verdicts: { pass: 'wie vereinbart', note: 'Hinweis', missing: 'nicht vorhanden', skipped: 'ausgelassen', wrong: 'falsch' },
  copy: 'Als Text kopieren',
  copied: 'Kopiert.',
  copyByHand: 'Die Zwischenablage ist hier nicht zu erreichen. Dies ist der Text:',
  close: 'Schließen',
};

/** German for those who read German; English for everybody else. */
export const detailsTerms = (lang: string): DetailsTerms => (/^de\b/i.test(lang) ? de : en);
