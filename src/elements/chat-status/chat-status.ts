import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { ConnectionController } from '../../controllers/index.js';
import { Localize, type Terms, enSecondary } from '../../locale/index.js';
import { nextTryOf, type ChatState } from '../../model/index.js';
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

/** States that show their reason, because it adds something to the label. */
const STATES_WITH_REASON: readonly ChatState[] = ['reconnecting', 'polling', 'unauthorized', 'error'];
/** Matches all states except `idle`, `connecting` and `connected`. */
const PROBLEM_STATE = /^[^ci]/;
/** How long 'Connected' stays visible after connecting, in milliseconds. */
const CONNECTED_NOTICE_MS = 2_000;

/**
 * Shows the state of the connection, the reason for it, and the time of the next attempt. Hidden while everything
 * works.
 *
 * @tag chat-status
 * @summary Shows the state of the connection.
 * @cssState idle - Not signed in: there is no token.
 * @cssState connecting - Opening the first socket.
 * @cssState connected - The socket is open, and all missed messages are loaded.
 * @cssState reconnecting - The socket was lost and is being reopened.
 * @cssState polling - The socket is unavailable: messages are sent and received over REST.
 * @cssState offline - The device has no network.
 * @cssState unauthorized - The token is missing, expired or refused.
 * @cssState error - The backend cannot be reached or used. Unsent messages are kept and sent later.
 * @csspart base - The bar, in the colour of the state.
 * @csspart dot - The coloured dot.
 * @csspart label - The name of the state.
 * @csspart detail - The reason, and the time of the next attempt.
 * @csspart retry - The button 'Retry now'.
 * @csspart details - The button 'Details', shown when there is a problem.
 * @csspart panel - The connection details. The code that renders its content is loaded when it is opened.
 * @csspart panel-heading - The heading of the details.
 * @csspart basics - The list of known facts: state, reason, attempt, server, browser, time.
 * @csspart progress - Progress and result of the server check.
 * @csspart findings - A list of findings: first the failed checks, then all checks.
 * @csspart finding - One finding.
 * @csspart verdict - The verdict of a finding.
 * @csspart fix - How to fix a failed check.
 * @csspart all-checks - The summary that opens the list of all checks.
 * @csspart copy - The button 'Copy as text'.
 * @csspart close - The button 'Close'.
 * @csspart text - The field with the text to copy by hand if the clipboard is not available.
 * @cssprop [--chat-ok=#116932] - Colour of the state 'connected'.
 * @cssprop [--chat-wait=#8a6100] - Colour of the state 'connecting'.
 * @cssprop [--chat-warn=#b4480b] - Colour of the states 'reconnecting' and 'polling'.
 * @cssprop [--chat-danger=#c01f2e] - Colour of the states 'unauthorized' and 'error'.
 * @cssprop [--chat-idle=var(--chat-text-muted)] - Colour of the states 'idle' and 'offline'.
 * @cssprop [--chat-surface=#fff] - Background, mixed with the colour of the state.
 * @cssprop [--chat-text-muted=70% text, 30% surface] - Colour of the reason.
 * @cssprop [--chat-text=#1a1d24] - Text colour of the details.
 * @cssprop [--chat-border=14% text, 86% surface] - Borders in the details.
 * @cssprop [--chat-accent=#2b59d9] - Buttons in the details.
 * @cssprop [--chat-font=system-ui, …] - Font family.
 * @cssprop [--chat-font-size-small=0.8125rem] - Font size.
 * @cssprop [--chat-space=0.5rem] - Base unit of all spacing.
 * @cssprop [--chat-radius=0.5rem] - Corner radius of buttons and of the details.
 * @cssprop [--chat-focus-ring=2px solid var(--chat-accent)] - Outline of the focused control.
 * @cssprop [--chat-font-size=0.9375rem] - Font size of the details.
 * @cssprop [--chat-line-height=1.4] - Line height.
 * @cssprop [--chat-color-scheme=inherit] - `light` or `dark`. By default, the page's colour scheme.
 */
export class ChatStatusElement extends LitElement {
  static override styles = [...baseStyles, styles];

  static override properties = {
    state: { reflect: true },
    always: { type: Boolean, reflect: true },
    token: {},
    url: {},
    showsConnected: { state: true },
    panel: { state: true },
  };

  /** The state of the connection. Read-only: assigned values are overwritten. */
  state: ChatState = 'idle';

  /** Keeps the bar visible while connected, and while no user is signed in. */
  always = false;

  /** Own access token, for an element outside a `<chat-connection>`. */
  token: string | undefined;

  /**
   * Address of the backend for `token`.
   * @default the page's origin
   */
  url: string | undefined;

  /** Whether 'Connected' is visible for a moment after connecting. */
  private showsConnected = false;

  /** Renders the details; undefined while they are closed. */
  private panel: (() => TemplateResult) | undefined;

  readonly #finder = new ConnectionController(this);
  readonly #phase = this.#finder.select((data) => data.phase);
  readonly #localize = new Localize(this, enSecondary);
  readonly #states = new CustomStates(this);
  #cancelConnectedNotice: (() => void) | undefined;
  #previousState: ChatState = 'idle';

  constructor() {
    super();
    new IntervalController(this, () => (this.#secondsLeft === null ? null : 1_000));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#hideConnectedNotice();
  }

  protected override willUpdate(): void {
    const state = this.#phase.value?.is ?? (this.#finder.isHydrating && this.always ? 'connecting' : 'idle');
    if (state !== this.#previousState) {
      this.#hideConnectedNotice();
      if (state === 'connected') {
        this.showsConnected = true;
        this.#cancelConnectedNotice = systemClock.after(CONNECTED_NOTICE_MS, () => this.#hideConnectedNotice());
      }
      this.#previousState = state;
    }
    // Overwrites a value that the page may have assigned.
    this.state = state;
    this.#states.set(state);
  }

  #retry(): void {
    this.#finder.connection?.retryNow();
  }

  async #toggleDetails(): Promise<void> {
    const connection = this.#finder.connection!;
    this.panel = this.panel
      ? undefined
      : await import('./details.js').then(
          (details) => details.openDetails(this, connection, this.#localize),
          () => {
            // Probably offline, so the code failed to load. Show what is known without it.
            const facts = JSON.stringify({
              ...this.#phase.value,
              url: connection.url,
              onLine: navigator.onLine,
              Date: Date(),
            });
            return () => html`<p part="panel" role="alert">${this.#localize.term('noDetails')} ${facts}</p>`;
          },
        );
  }

  get #secondsLeft(): number | null {
    const at = (this.#phase.value && nextTryOf(this.#phase.value))?.at;
    return at == null ? null : Math.max(0, Math.ceil((at - systemClock.now()) / 1_000));
  }

  #hideConnectedNotice(): void {
    this.#cancelConnectedNotice?.();
    this.#cancelConnectedNotice = undefined;
    this.showsConnected = false;
  }

  protected override render(): TemplateResult {
    const { state } = this;
    const { term } = this.#localize;
    const reason = this.#phase.value && currentReason(this.#finder.connection!.data);
    const isVisible = this.always || this.showsConnected || this.panel || (state !== 'connected' && state !== 'idle');
    // The live region must exist before its text changes, or screen readers do not announce it.
    return html`<div part="base" class=${isVisible ? `base ${state}` : 'hidden-visually'}>
      ${isVisible ? html`<span part="dot" class="dot"></span>` : nothing}
      <span class="status" role="status">
        ${
          isVisible
            ? html`<span part="label" class="label">${term(LABELS[state])}</span>
              ${reason && STATES_WITH_REASON.includes(state) ? html`<span part="detail" class="detail">${term('reason', reason.code, reason.message)}</span>` : nothing}
              ${state === 'error' ? html`<span part="detail" class="detail">${term('messagesWait')}</span>` : nothing}`
            : nothing
        }
      </span>
      ${isVisible ? this.#renderNextTry() : nothing}
      ${
        this.panel || PROBLEM_STATE.test(state)
          ? html`<button part="details" type="button" aria-expanded=${!!this.panel} @click=${this.#toggleDetails}>${term('details')}</button> ${this.panel?.()}`
          : nothing
      }
    </div>`;
  }

  /** Must stay outside the live region: the countdown would be announced every second. */
  #renderNextTry(): TemplateResult | typeof nothing {
    const next = this.#phase.value && nextTryOf(this.#phase.value);
    if (!next?.attempt) return nothing;
    const seconds = this.#secondsLeft;
    const when = seconds === null ? this.#localize.term('tryingNow') : this.#localize.term('nextTryIn', seconds);
    return html`<span part="detail" class="detail">${this.#localize.term('attempt', next.attempt)}, ${when}</span>
      <button part="retry" type="button" @click=${this.#retry}>${this.#localize.term('retryNow')}</button>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'chat-status': ChatStatusElement;
  }
}
