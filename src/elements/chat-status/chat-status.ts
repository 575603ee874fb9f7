import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { ConnectionController } from '../../controllers/index.js';
import { Localize, type Terms, enBeside } from '../../locale/index.js';
import { nextTryOf, type ChatState } from '../../session/index.js';
import { currentReason } from '../../client/index.js';
import { baseStyles } from '../../theme/index.js';
import { systemClock } from '../../transport/index.js';
import { CustomStates } from '../custom-states.js';
import { IntervalController } from '../interval-controller.js';
import { styles } from './chat-status.styles.js';

const LABELS = {
  idle: 'signIn',
  connecting: 'connecting',
  connected: 'connected',
  reconnecting: 'reconnecting',
  polling: 'polling',
  offline: 'offline',
  unauthorized: 'unauthorized',
  error: 'failing',
} satisfies Record<ChatState, keyof Terms>;

/** States whose reason says more than their label. */
const EXPLAINED: readonly ChatState[] = ['reconnecting', 'polling', 'unauthorized', 'error'];
/** All states but `idle`, `connecting` and `connected`. */
const TROUBLE = /^[^ci]/;
/** How long 'Connected' is shown before it goes, in milliseconds. */
const GOOD_NEWS_MS = 2_000;

/**
 * Says in plain words how the connection is, why, and what happens next. Out of the way when all is well.
 *
 * @tag chat-status
 * @cssState idle - No token yet.
 * @cssState connecting - The first socket is on its way.
 * @cssState connected - All is well.
 * @cssState reconnecting - The socket is lost, and tried again.
 * @cssState polling - Messages go over REST.
 * @cssState offline - The device has no network.
 * @cssState unauthorized - The token is missing, expired or refused.
 * @cssState error - Nothing works; messages wait.
 * @csspart base - The bar. Carries the state's colour.
 * @csspart dot - The coloured dot.
 * @csspart label - The state, in a word or two.
 * @csspart detail - Why, and when it is tried again.
 * @csspart retry - The button 'Retry now'.
 * @csspart details - The button 'Details', in trouble.
 * @csspart panel - The details. What is in it is loaded when it is opened.
 * @csspart panel-heading - Its heading.
 * @csspart basics - What is known at once: state, reason, attempt, server, browser, time.
 * @csspart progress - The progress and the result of the diagnosis.
 * @csspart findings - A list of findings: first the failed checks, then all checks.
 * @csspart finding - One finding.
 * @csspart verdict - The verdict of a finding.
 * @csspart fix - How to fix a failed check.
 * @csspart all-checks - Opens the list of all checks.
 * @csspart copy - The button 'Copy as text'.
 * @csspart close - The button 'Close'.
 * @csspart text - The text to be copied by hand, where the clipboard is out of reach.
 * @cssprop [--chat-ok=#116932] - Colour of 'connected'.
 * @cssprop [--chat-wait=#8a6100] - Colour of 'connecting'.
 * @cssprop [--chat-warn=#b4480b] - Colour of 'reconnecting' and 'polling'.
 * @cssprop [--chat-danger=#c01f2e] - Colour of 'unauthorized' and 'error'.
 * @cssprop [--chat-idle=var(--chat-text-muted)] - Colour of 'idle' and 'offline'.
 * @cssprop [--chat-surface=#fff] - Background that the state's colour is mixed into.
 * @cssprop [--chat-text-muted=70% text, 30% surface] - Colour of the reason.
 * @cssprop [--chat-text=#1a1d24] - Colour of the details.
 * @cssprop [--chat-border=14% text, 86% surface] - Lines of the details.
 * @cssprop [--chat-accent=#2b59d9] - Buttons of the details.
 * @cssprop [--chat-font=system-ui, …] - Font family.
 * @cssprop [--chat-font-size-small=0.8125rem] - Font size.
 * @cssprop [--chat-space=0.5rem] - Unit of all distances.
 * @cssprop [--chat-radius=0.5rem] - Corners of buttons and of the panel.
 * @cssprop [--chat-focus-ring=2px solid var(--chat-accent)] - Outline of what has the keyboard.
 * @cssprop [--chat-font-size=0.9375rem] - Font size of the panel.
 * @cssprop [--chat-line-height=1.4] - Line height.
 * @cssprop [--chat-color-scheme=inherit] - `light`, `dark`, or whatever the page has.
 */
export class ChatStatusElement extends LitElement {
  static override styles = [...baseStyles, styles];

  static override properties = {
    state: { reflect: true },
    always: { type: Boolean, reflect: true },
    token: {},
    url: {},
    goodNews: { state: true },
    panel: { state: true },
  };

  /** The connection's state. Read-only. */
  state: ChatState = 'idle';

  /** Shows itself when connected, and when nobody is signed in, too. */
  always = false;

  /** A token of its own, for an element without a `<chat-connection>` above it. */
  token: string | undefined;

  /** The backend that `token` is for. Default: the page's origin. */
  url: string | undefined;

  private goodNews = false;

  /** Draws the details, while they are open. */
  private panel: (() => TemplateResult) | undefined;

  readonly #finder = new ConnectionController(this);
  readonly #phase = this.#finder.select((data) => data.phase);
  readonly #localize = new Localize(this, enBeside);
  readonly #states = new CustomStates(this);
  #cancelGoodNews: (() => void) | undefined;
  #last: ChatState = 'idle';

  constructor() {
    super();
    new IntervalController(this, () => (this.#secondsLeft === null ? null : 1_000));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#endGoodNews();
  }

  protected override willUpdate(): void {
    const now = this.#phase.value?.is ?? (this.#finder.isHydrating && this.always ? 'connecting' : 'idle');
    if (now !== this.#last) {
      this.#endGoodNews();
      if (now === 'connected') {
        this.goodNews = true;
        this.#cancelGoodNews = systemClock.after(GOOD_NEWS_MS, () => this.#endGoodNews());
      }
      this.#last = now;
    }
    // Read-only: whatever a page may have written there.
    this.state = now;
    this.#states.show(now);
  }

  protected override render(): TemplateResult {
    const { state } = this;
    const { term } = this.#localize;
    const reason = this.#phase.value && currentReason(this.#finder.connection!.data);
    const shown = this.always || this.goodNews || this.panel || (state !== 'connected' && state !== 'idle');
    // The live region stays in place, empty or not: one that comes and goes is not read out.
    return html`<div part="base" class=${shown ? `base ${state}` : 'hidden-visually'}>
      ${shown ? html`<span part="dot" class="dot"></span>` : nothing}
      <span class="words" role="status">
        ${shown
          ? html`<span part="label" class="label">${term(LABELS[state])}</span>
              ${reason && EXPLAINED.includes(state) ? html`<span part="detail" class="detail">${term('reason', reason.code, reason.message)}</span>` : nothing}
              ${state === 'error' ? html`<span part="detail" class="detail">${term('messagesWait')}</span>` : nothing}`
          : nothing}
      </span>
      ${shown ? this.#renderNextTry() : nothing}
      ${this.panel || TROUBLE.test(state)
        ? html`<button part="details" type="button" aria-expanded=${!!this.panel} @click=${this.#toggle}>${term('details')}</button> ${this.panel?.()}`
        : nothing}
    </div>`;
  }

  /** Apart from the live region: a countdown must not be read out every second. */
  #renderNextTry(): TemplateResult | typeof nothing {
    const next = this.#phase.value && nextTryOf(this.#phase.value);
    if (!next?.attempt) return nothing;
    const seconds = this.#secondsLeft;
    const when = seconds === null ? this.#localize.term('tryingNow') : this.#localize.term('nextTryIn', seconds);
    return html`<span part="detail" class="detail">${this.#localize.term('attempt', next.attempt)}, ${when}</span>
      <button part="retry" type="button" @click=${this.#retry}>${this.#localize.term('retryNow')}</button>`;
  }

  #retry(): void {
    this.#finder.connection?.retryNow();
  }

  /** Opens the details, or closes them. */
  async #toggle(): Promise<void> {
    const connection = this.#finder.connection!;
    this.panel = this.panel
      ? undefined
      : await import('./details.js').then(
          (details) => details.openDetails(this, connection, this.#localize),
          () => {
            // The network that they should come over is what is gone. This much is known without it.
            const known = JSON.stringify({ ...this.#phase.value, url: connection.url, onLine: navigator.onLine, Date: Date() });
            return () => html`<p part="panel" role="alert">${this.#localize.term('noDetails')} ${known}</p>`;
          },
        );
  }

  get #secondsLeft(): number | null {
    const at = (this.#phase.value && nextTryOf(this.#phase.value))?.at;
    return at == null ? null : Math.max(0, Math.ceil((at - systemClock.now()) / 1_000));
  }

  #endGoodNews(): void {
    this.#cancelGoodNews?.();
    this.#cancelGoodNews = undefined;
    this.goodNews = false;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'chat-status': ChatStatusElement;
  }
}
