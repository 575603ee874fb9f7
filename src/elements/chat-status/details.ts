/**
 * The connection details of `<chat-status>`: known facts immediately, then the findings of the doctor. Loaded when the
 * details are opened.
 */
import { html, type LitElement, type ReactiveController, type TemplateResult } from 'lit';
import type { Finding } from '../../doctor/findings.js';
import { addStyles } from '../document-styles.js';
import { IntervalController } from '../interval-controller.js';
import type { LiveRegion } from '../live-region.js';
import { nextTryOf, type ChatState, type NextTry } from '../../model/index.js';
import { detailsTerms, type DetailsTerms } from '../../locale/details.js';
import type { Localize } from '../../locale/index.js';
import type { ChatConnection } from '../../client/index.js';
import { systemClock } from '../../transport/index.js';
import { styles } from './details.styles.js';

type Progress = 'checking' | 'done' | 'failed';

/**
 * Opens the details of `connection` inside `host`.
 * @returns a function that renders them. To close the details, stop rendering them.
 */
export function openDetails(
  host: LitElement,
  connection: ChatConnection,
  localize: Localize,
  liveRegion: LiveRegion,
): () => TemplateResult {
  addStyles(host, [styles]);
  const details = new Details(host, connection, localize, liveRegion);
  return () => details.render();
}

class Details implements ReactiveController {
  readonly #host: LitElement;
  readonly #connection: ChatConnection;
  readonly #localize: Localize;
  readonly #liveRegion: LiveRegion;
  readonly #openedAt = new Date().toISOString();
  readonly #interval: IntervalController;
  #findings: Finding[] = [];
  /** State of the connection that the findings belong to. */
  #checkedState: ChatState;
  #progress: Progress = 'checking';
  /** Why the check failed; empty if the doctor's code failed to load. */
  #failure = '';
  #isCopied = false;
  /** Text to copy by hand. Later findings do not change it, because that would reset the selection. */
  #manualCopyText = '';
  #wasRendered = false;
  #aborter = new AbortController();

  constructor(host: LitElement, connection: ChatConnection, localize: Localize, liveRegion: LiveRegion) {
    this.#host = host;
    this.#connection = connection;
    this.#localize = localize;
    this.#liveRegion = liveRegion;
    this.#checkedState = connection.state;
    host.addController(this);
    // For the countdown to the next attempt.
    this.#interval = new IntervalController(host, () => (this.#nextTry?.at == null ? null : 1_000));
    void this.#runCheck();
  }

  /** Findings about a connection that could not be opened must not stay below 'connected', nor the other way round. */
  hostUpdate(): void {
    const { state } = this.#connection;
    if ((state === 'connected') === (this.#checkedState === 'connected')) return;
    this.#checkedState = state;
    this.#aborter.abort();
    this.#aborter = new AbortController();
    void this.#runCheck();
  }

  hostUpdated(): void {
    const heading = this.#query('[part=panel-heading]');
    if (heading && !this.#wasRendered) heading.focus();
    if (!heading && this.#wasRendered) this.hostDisconnected();
    this.#wasRendered = heading !== null;
  }

  hostDisconnected(): void {
    this.#aborter.abort();
    this.#interval.hostDisconnected();
    for (const controller of [this, this.#interval]) this.#host.removeController(controller);
  }

  async #runCheck(): Promise<void> {
    const { signal } = this.#aborter;
    const findings: Finding[] = (this.#findings = []);
    this.#progress = 'checking';
    this.#failure = '';
    try {
      await this.#connection.diagnose((finding) => {
        findings.push(finding);
        this.#host.requestUpdate();
      }, signal);
      if (signal.aborted) return;
      this.#progress = 'done';
    } catch (thrown) {
      if (signal.aborted) return;
      this.#progress = 'failed';
      // A ChatError has its own explanation, such as an invalid url. Otherwise the doctor's code failed to load.
      if (thrown instanceof Error && thrown.name === 'ChatError') this.#failure = thrown.message;
    }
    this.#liveRegion.announce('check', this.#progressText);
    this.#host.requestUpdate();
  }

  get #nextTry(): NextTry | null {
    return nextTryOf(this.#connection.data.phase);
  }

  get #terms(): DetailsTerms {
    return detailsTerms(this.#localize.lang);
  }

  /** Facts that are known without a request. */
  get #basics(): [name: string, value: string][] {
    const { reason, state, url } = this.#connection;
    const terms = this.#terms;
    const next = this.#nextTry;
    return [
      [terms.state, state],
      [terms.reason, `${this.#localize.term('reason', reason.code, reason.message)} (${reason.code})`],
      [terms.attempt, terms.attempts(next?.attempt ?? 0, this.#secondsLeft)],
      [terms.server, url.replace(/[?#].*/, '').replace(/\/\/[^/]*@/, '//')],
      [terms.browser, navigator.onLine ? terms.online : terms.offline],
      [terms.time, this.#openedAt],
    ];
  }

  /** Until the next attempt; null: there is none, or it is in progress. */
  get #secondsLeft(): number | null {
    const at = this.#nextTry?.at;
    return at == null ? null : Math.max(0, Math.ceil((at - systemClock.now()) / 1_000));
  }

  get #progressText(): string {
    const terms = this.#terms;
    return {
      checking: terms.checking,
      done: terms.done(this.#findings.filter(({ verdict }) => verdict === 'fail').length),
      failed: this.#failure || terms.failed,
    }[this.#progress];
  }

  /** The details as plain text, for a support ticket. Findings contain no tokens: the doctor removes them. */
  get #text(): string {
    const { verdicts } = this.#terms;
    const findings = this.#findings.map(({ id, verdict, message, fix }) => {
      const indentedFix = fix ? `\n    ${fix.replaceAll('\n', '\n    ')}` : '';
      return `${verdicts[verdict]}: ${id}: ${message}${indentedFix}`;
    });
    return [...this.#basics.map(([name, value]) => `${name}: ${value}`), navigator.userAgent, '', ...findings].join(
      '\n',
    );
  }

  readonly #copy = async (): Promise<void> => {
    const text = this.#text;
    try {
      // `clipboard` is undefined on pages that are not served over HTTPS.
      await navigator.clipboard.writeText(text);
      this.#isCopied = true;
      this.#liveRegion.announce('copied', this.#terms.copied);
    } catch {
      this.#manualCopyText = text;
    }
    this.#host.requestUpdate();
    await this.#host.updateComplete;
    const field = this.#query('[part=text]') as HTMLTextAreaElement | null;
    field?.focus();
    field?.setSelectionRange(0, text.length);
  };

  readonly #close = (): void => {
    // The bar's button toggles the details, and gets the focus back.
    const button = this.#query('[part=details]');
    button?.click();
    button?.focus();
  };

  #query(selector: string): HTMLElement | null {
    return this.#host.renderRoot.querySelector<HTMLElement>(selector);
  }

  render(): TemplateResult {
    const terms = this.#terms;
    const findings = this.#findings;
    const failed = findings.filter(({ verdict }) => verdict === 'fail');
    const completed = findings.filter(({ verdict }) => verdict !== 'skipped');
    return html`<section part="panel" class="panel" aria-labelledby="details">
      <h2 part="panel-heading" id="details" tabindex="-1">${terms.heading}</h2>
      <dl part="basics" class="basics">${this.#basics.map(([name, value]) => html`<dt>${name}</dt> <dd><bdi>${value}</bdi></dd>`)}</dl>
      <p part="progress">${this.#progressText}</p>
      ${this.#renderList(failed, terms)}
      ${
        completed.length > 0
          ? html`<details>
            <summary part="all-checks">${terms.allChecks(completed.length)}</summary>
            ${this.#renderList(completed, terms)}
          </details>`
          : ''
      }
      <p class="actions">
        <button part="copy" type="button" @click=${this.#copy}>${terms.copy}</button>
        <button part="close" type="button" @click=${this.#close}>${terms.close}</button>
        <span>${this.#isCopied ? terms.copied : ''}</span>
      </p>
      ${this.#manualCopyText ? html`<label>${terms.copyByHand}<textarea part="text" readonly .value=${this.#manualCopyText}></textarea></label>` : ''}
    </section>`;
  }

  /** Findings are always in English; only the verdict is localized. */
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
}
