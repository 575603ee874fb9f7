import { aTimeout, expect, fixture, fixtureCleanup, html } from '@open-wc/testing';
import { LitElement, type TemplateResult } from 'lit';
import { de } from '../../src/locale/de.js';
import { en as enThread } from '../../src/locale/en.js';
import { enSecondary } from '../../src/locale/en-secondary.js';
import type { Terms } from '../../src/locale/translation.js';
import { relativeTime, isSameDay, Localize, registerLocale } from '../../src/locale/index.js';
import { REASONS } from '../../src/locale/state-reasons.js';
import { LATER_REASONS } from '../../src/locale/deferred-state-reasons.js';
import { until } from '../support/mounted.js';

const en: Terms = { ...enThread, ...enSecondary };

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

  it('12.9: fall back for a lang that Intl rejects', async () => {
    for (const [lang, expected] of Object.entries({
      en_US: 'en-US',
      'EN-us': 'en-US',
      'zh-CN-Hans': 'en',
      'de-DE-': 'de',
      'a-b': 'en',
      '!': 'en',
      ['x'.repeat(50)]: 'en',
    })) {
      const element = await words(lang);
      await until(() => element.localize.lang === expected);
      expect(element.localize.time('2026-11-23T10:05:00Z'), lang).to.match(/\d/);
      expect(relativeTime(element.localize, new Date(0).toISOString(), 300_000), lang).to.match(/5/);
    }
  });

  it('12.9: de_DE is German', async () => {
    const element = await words('de_DE');
    await until(() => text(element) === 'Senden');
    expect(element.localize.lang).to.equal('de-DE');
  });

  it('12.9: and dates are in one language: English, if there are no texts in the language of the page', async () => {
    const element = await words('ja');
    expect(text(element)).to.equal('Send');
    expect(element.localize.day('2020-11-20T10:05:00', Date.now())).to.match(/Friday/);
    registerLocale('ja', { send: '送信' });
    await element.updateComplete;
    expect(text(element)).to.equal('送信');
    expect(element.localize.day('2020-11-20T10:05:00', Date.now())).to.match(/金曜日/);
  });

  it('12.9: take the lang of an element outside the shadow root', async () => {
    const host = await fixture<HTMLElement>(html`<div lang="de"></div>`);
    const outer = host.appendChild(document.createElement('div')).attachShadow({ mode: 'open' });
    const inner = outer.appendChild(document.createElement('div')).attachShadow({ mode: 'open' });
    const element = inner.appendChild(document.createElement('test-words'));
    await until(() => text(element) === 'Senden');
  });

  it('12.9: in German, an age is not written like a length', async () => {
    const { localize } = await words('de');
    await until(() => localize.lang === 'de');
    expect(relativeTime(localize, new Date(0).toISOString(), 180_000)).to.equal('vor 3 Min.');
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
