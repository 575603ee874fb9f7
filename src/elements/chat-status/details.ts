/**
 * The details panel of the status bar: what the connection knows, and the findings of the doctor. Loaded when the panel is
 * opened; the status bar only renders it.
 */
import { html, type LitElement, type ReactiveController, type TemplateResult } from 'lit';
import type { Finding } from '../../doctor/findings.js';
import { detailsTerms, type DetailsTerms } from '../../locale/details.js';
import type { Localize } from '../../locale/index.js';
import type { ChatConnection } from '../../client/index.js';
import { styles } from './details.styles.js';

type Progress = 'checking' | 'done' | 'failed';

/**
 * Opens the details of `connection` inside `host`.
 * @returns what draws them. They are closed by not being drawn any more.
 */
export function openDetails(host: LitElement, connection: ChatConnection, localize: Localize): () => TemplateResult {
  const sheets = host.shadowRoot!.adoptedStyleSheets;
  if (!sheets.includes(styles)) sheets.push(styles);
  const details = new Details(host, connection, localize);
  return () => details.render();
}

class Details implements ReactiveController {
  readonly #host: LitElement;
  readonly #connection: ChatConnection;
  readonly #localize: Localize;
  readonly #at = new Date().toISOString();
  readonly #findings: Finding[] = [];
  #progress: Progress = 'checking';
  #why = '';
  #isCopied = false;
  /** What is shown to be copied by hand; it stays as it is, so that a selection stays too. */
  #byHand = '';
  #isShown = false;
  readonly #closed = new AbortController();

  constructor(host: LitElement, connection: ChatConnection, localize: Localize) {
    this.#host = host;
    this.#connection = connection;
    this.#localize = localize;
    host.addController(this);
    void this.#diagnose();
  }

  hostUpdated(): void {
    const heading = this.#one('[part=panel-heading]');
    if (heading && !this.#isShown) heading.focus();
    if (!heading && this.#isShown) this.hostDisconnected();
    this.#isShown = heading !== null;
  }

  hostDisconnected(): void {
    this.#closed.abort();
    this.#host.removeController(this);
  }

  async #diagnose(): Promise<void> {
    try {
      await this.#connection.diagnose((finding) => {
        this.#findings.push(finding);
        this.#host.requestUpdate();
      }, this.#closed.signal);
      this.#progress = 'done';
    } catch (thrown) {
      this.#progress = 'failed';
      // An error of the doctor itself, such as an invalid URL. Other errors mean that it could not be loaded.
      if (thrown instanceof Error && thrown.name === 'ChatError') this.#why = thrown.message;
    }
    this.#host.requestUpdate();
  }

  render(): TemplateResult {
    const terms = this.#terms;
    const findings = this.#findings;
    const failed = findings.filter(({ verdict }) => verdict === 'fail');
    const completed = findings.filter(({ verdict }) => verdict !== 'skipped');
    const progress = { checking: terms.checking, done: terms.done(failed.length), failed: this.#why || terms.failed }[this.#progress];
    return html`<section part="panel" class="panel" aria-labelledby="details" @keydown=${this.#onKey}>
      <h2 part="panel-heading" id="details" tabindex="-1">${terms.heading}</h2>
      <dl part="basics" class="basics">${this.#basics.map(([name, value]) => html`<dt>${name}</dt> <dd><bdi>${value}</bdi></dd>`)}</dl>
      <p part="progress" role="status">${progress}</p>
      ${this.#renderList(failed, terms)}
      ${completed.length > 0
        ? html`<details>
            <summary part="all-checks">${terms.allChecks(completed.length)}</summary>
            ${this.#renderList(completed, terms)}
          </details>`
        : ''}
      <p class="actions">
        <button part="copy" type="button" @click=${this.#copy}>${terms.copy}</button>
        <button part="close" type="button" @click=${this.#close}>${terms.close}</button>
        <span role="status">${this.#isCopied ? terms.copied : ''}</span>
      </p>
      ${this.#byHand ? html`<label>${terms.copyByHand}<textarea part="text" readonly .value=${this.#byHand}></textarea></label>` : ''}
    </section>`;
  }

  /** Findings are always in English. */
  #renderList(findings: readonly Finding[], { verdicts }: DetailsTerms): TemplateResult | '' {
    if (findings.length === 0) return '';
    return html`<ul part="findings" lang="en" dir="ltr">
      ${findings.map(
        ({ id, verdict, message, fix }) => html`<li part="finding" class="finding ${verdict}">
          <span part="verdict" class="verdict" lang=${this.#localize.lang}>${verdicts[verdict]}</span> <code>${id}</code> ${message}
          ${fix ? html`<span part="fix" class="fix">${fix}</span>` : ''}
        </li>`,
      )}
    </ul>`;
  }

  get #terms(): DetailsTerms {
    return detailsTerms(this.#localize.lang);
  }

  /** What is known without asking anybody. */
  get #basics(): [name: string, value: string][] {
    const { reason, url } = this.#connection;
    const { phase } = this.#connection.data;
    const terms = this.#terms;
    return [
      [terms.state, phase.is],
      [terms.reason, reason.code],
      [terms.attempt, String(('next' in phase && phase.next?.attempt) || 0)],
      [terms.server, url.replace(/[?#].*/, '').replace(/\/\/[^/]*@/, '//')],
      [terms.browser, navigator.onLine ? terms.online : terms.offline],
      [terms.time, this.#at],
    ];
  }

  /** The panel as text, for a ticket or an email. The doctor has already removed all tokens. */
  get #text(): string {
    const { verdicts } = this.#terms;
    const findings = this.#findings.map(
      ({ id, verdict, message, fix }) =>
        `${verdicts[verdict]}: ${id}: ${message}${fix ? `\n    ${fix.replaceAll('\n', '\n    ')}` : ''}`,
    );
    return [...this.#basics.map(([name, value]) => `${name}: ${value}`), navigator.userAgent, '', ...findings].join('\n');
  }

  readonly #copy = async (): Promise<void> => {
    const text = this.#text;
    try {
      // Undefined where a page is not served over https.
      await navigator.clipboard.writeText(text);
      this.#isCopied = true;
    } catch {
      this.#byHand = text;
    }
    this.#host.requestUpdate();
    await this.#host.updateComplete;
    const field = this.#one('[part=text]') as HTMLTextAreaElement | null;
    field?.focus();
    field?.setSelectionRange(0, text.length);
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return;
    // One key closes one thing: not the page's dialog as well.
    event.stopPropagation();
    this.#close();
  };

  /** As the bar's own button does, and back to it. */
  readonly #close = (): void => {
    const button = this.#one('[part=details]');
    button?.click();
    button?.focus();
  };

  #one(selector: string): HTMLElement | null {
    return this.#host.renderRoot.querySelector<HTMLElement>(selector);
  }
}
