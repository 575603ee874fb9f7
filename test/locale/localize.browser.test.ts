import { aTimeout, expect, fixture, fixtureCleanup, html } from '@open-wc/testing';
import { LitElement, type TemplateResult } from 'lit';
import { de } from '../../src/locale/de.js';
import { en as enThread } from '../../src/locale/en.js';
import { enSecondary } from '../../src/locale/en-secondary.js';
import { enRichParts } from '../../src/locale/en-rich-parts.js';
import type { Terms } from '../../src/locale/translation.js';
import { relativeTime, isSameDay, Localize, registerLocale } from '../../src/locale/index.js';
import { REASONS } from '../../src/locale/state-reasons.js';
import { LATER_REASONS } from '../../src/locale/deferred-state-reasons.js';
import { until } from '../support/mounted.js';

const en: Terms = { ...enThread, ...enSecondary, ...enRichParts };

class Words extends LitElement {
  readonly localize = new Localize(this, enSecondary);
  protected override render(): TemplateResult {
    return html`${this.localize.term('send')}`;
  }
}
customElements.define('test-words', Words);

describe('texts', () => {
  afterEach(() => {
    document.documentElement.lang = 'en';
    fixtureCleanup();
  });
  const words = (lang?: string): Promise<Words> =>
    fixture<Words>(html`<div lang=${lang ?? ''}><test-words></test-words></div>`).then((root) =>
      root.querySelector('test-words')!,
    );
  const text = (element: Element): string => element.shadowRoot!.textContent.trim();

  it('exist in every language, with the same type', () => {
    expect(Object.keys(de).sort()).to.deep.equal(Object.keys(en).sort());
    for (const [key, term] of Object.entries(en)) expect(typeof de[key as keyof typeof de], key).to.equal(typeof term);
    for (const [code, english] of Object.entries({ ...REASONS, ...LATER_REASONS })) {
      expect(en.reason(code, english)).to.equal(english);
      expect(de.reason(code, english), code).not.to.equal(english);
    }
  });

  it('follow the nearest lang, and changes by the page', async () => {
    const element = await words('de-AT');
    await until(() => text(element) === 'Senden');
    const other = await words();
    expect(text(other)).to.equal('Send');
    document.documentElement.lang = 'de';
    await until(() => text(other) === 'Senden');
  });

  it('of German can be replaced one by one', async () => {
    registerLocale('de', { send: 'Abschicken' });
    const element = await words('de');
    await until(() => element.localize.term('retry') === 'Erneut versuchen');
    expect(text(element)).to.equal('Abschicken');
    registerLocale('de', {});
    await until(() => text(element) === 'Senden');
  });

  it('can be added by a page; missing ones are English', async () => {
    registerLocale('fr', { send: 'Envoyer' });
    const element = await words('fr-CA');
    expect(text(element)).to.equal('Envoyer');
    expect(element.localize.term('retry')).to.equal('Retry');
  });

  it('fall back for an invalid lang', async () => {
    for (const lang of ['en_US', '!', 'x'.repeat(50)]) {
      const element = await words(lang);
      expect(text(element), lang).to.equal('Send');
      expect(element.localize.time('2026-11-23T10:05:00Z')).to.match(/\d/);
    }
  });

  it('10.31: fall back for a lang that is a property name of Object', async () => {
    for (const lang of ['constructor', '__proto__', 'hasOwnProperty', 'toString', 'valueOf'])
      expect(text(await words(lang)), lang).to.equal('Send');
  });

  it('format times more briefly the more recent they are', async () => {
    const { localize } = await words('en-GB');
    const now = new Date(2026, 10, 23, 12, 0).getTime();
    const said = (minutes: number): string =>
      relativeTime(localize, new Date(now - minutes * 60_000).toISOString(), now);
    expect(said(0)).to.equal('now');
    expect(said(5)).to.match(/^5 ?m/);
    expect(said(180)).to.match(/^0?9:00$/);
    expect(said(24 * 60)).to.equal('Yesterday');
    expect(said(20 * 24 * 60)).to.equal('3 Nov');
    expect(localize.day(new Date(now).toISOString(), now)).to.equal('Today');
    expect(localize.day(new Date(2025, 10, 3).toISOString(), now)).to.contain('2025');
    expect(isSameDay(new Date(2026, 2, 29, 0, 30).toISOString(), new Date(2026, 2, 29, 23, 30).toISOString())).to.equal(
      true,
    );
    await aTimeout(0);
  });
});
