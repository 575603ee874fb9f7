import { html, LitElement, nothing, type TemplateResult } from 'lit';
import type { ChatConnection } from '../../client/index.js';
import { ConnectionController } from '../../controllers/index.js';
import { enSecondary, Localize } from '../../locale/index.js';
import { nextTryOf, type ChatState } from '../../model/index.js';
import { baseStyles, contrastTokens } from '../../theme/index.js';
import { lazyImport } from '../../internal/lazy-import.js';
import { systemClock } from '../../transport/index.js';
import { CustomStates } from '../custom-states.js';
import { DocumentStyles } from '../document-styles.js';
import { LiveRegion } from '../live-region.js';
import { SettledState } from '../settled-state.js';
import { stateTerm } from '../state-terms.js';
import { styles } from './chat-status.styles.js';

/** States in which something may be wrong with the page, the backend or the network. */
const PROBLEMS: readonly ChatState[] = ['reconnecting', 'polling', 'offline', 'unauthorized', 'error'];
const loadDetails = lazyImport(() => import('./details.js'));

/**
 * Tells users about a problem with the connection: after three seconds if it may end by itself, otherwise at once. It
 * lies over the content below it and takes no space, so that nothing moves when it appears; controls below it can be
 * clicked, and 'Hide' removes it until the state changes. That messages are sent and received over REST is shown for ten
 * seconds. The reason, the attempts and a check of the backend are behind the button
 * 'Details'.
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
 * @csspart retry - The button 'Retry now'.
 * @csspart details - The button 'Details', shown when there is a problem.
 * @csspart hide - The button 'Hide', unless the bar is `always` visible.
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
 * @cssprop [--chat-text-muted=70% text, 30% surface] - Names of the facts in the details.
 * @cssprop [--chat-text=#1a1d24] - Text colour of the details.
 * @cssprop [--chat-border=14% text, 86% surface] - Borders in the details.
 * @cssprop [--chat-shadow=0 2px 10px rgb(0 0 0 / 0.18)] - Shadow of the bar, unless it is `always` visible.
 * @cssprop [--chat-accent=#2b59d9] - Buttons in the details.
 * @cssprop [--chat-font=system-ui, …] - Font family.
 * @cssprop [--chat-font-size-small=0.8125rem] - Font size.
 * @cssprop [--chat-space=0.5rem] - Base unit of all spacing.
 * @cssprop [--chat-radius=0.5rem] - Corner radius of buttons and of the details.
 * @cssprop [--chat-focus-ring=2px solid accent] - Outline of the focused control.
 * @cssprop [--chat-font-size=0.9375rem] - Font size of the details.
 * @cssprop [--chat-line-height=1.4] - Line height.
 * @cssprop [--chat-color-scheme=inherit] - `light` or `dark`. By default, the page's colour scheme.
 */
export class ChatStatusElement extends LitElement {
  static override styles = [...baseStyles, contrastTokens, styles];

  static override properties = {
    state: { reflect: true },
    always: { type: Boolean, reflect: true },
    token: {},
    url: {},
    panel: { state: true },
    hiddenState: { state: true },
  };

  /** The state of the connection. Read-only: assigned values are overwritten. */
  state: ChatState = 'idle';

  /** Keeps the bar visible in every state. It then has a place of its own in the page. */
  always = false;

  /** Own access token, for an element outside a `<chat-connection>`. */
  token: string | undefined;

  /**
   * Address of the backend for `token`.
   * @default the page's origin
   */
  url: string | undefined;

  /** Renders the details; undefined while they are closed. */
  private panel: (() => TemplateResult) | undefined;

  /** The state that the user has hidden. */
  private hiddenState: ChatState | undefined;

  readonly #finder = new ConnectionController(this, () => {
    // The details are those of one connection.
    this.panel = undefined;
  });
  readonly #phase = this.#finder.select((data) => data.phase);
  readonly #localize = new Localize(this, enSecondary);
  readonly #states = new CustomStates(this);
  /** The code of the details is being loaded. */
  #isLoading = false;
  /** `panel` shows only the facts that are known without the code of the details. */
  #isFacts = false;
  readonly #settled = new SettledState(systemClock, () => this.requestUpdate());
  readonly #liveRegion = new LiveRegion(this, this.#localize, this.#finder);

  constructor() {
    super();
    new DocumentStyles(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#settled.stop();
  }

  protected override willUpdate(): void {
    // Overwrites a value that the page may have assigned.
    this.state = this.#phase.value?.is ?? (this.#finder.isHydrating && this.always ? 'connecting' : 'idle');
    this.#settled.update(this.state);
    if (this.hiddenState !== this.#settled.value) this.hiddenState = undefined;
    // Not while the facts have the focus, which would be lost.
    const focused = this.shadowRoot?.activeElement?.getAttribute('part');
    if (this.#isFacts && this.state === 'connected' && focused !== 'panel') this.panel = undefined;
    this.#states.set(this.state);
  }

  /** Focuses the first button, if there is one. */
  override focus(options?: FocusOptions): void {
    this.renderRoot.querySelector('button')?.focus(options);
  }

  #retry(): void {
    this.#finder.connection?.retryNow();
  }

  #hide(): void {
    this.panel = undefined;
    this.hiddenState = this.#settled.value;
    (this.shadowRoot!.activeElement as HTMLElement | null)?.blur();
  }

  async #toggleDetails(): Promise<void> {
    const connection = this.#finder.connection!;
    if (this.#isLoading) return;
    if (this.panel) return void (this.panel = undefined);
    this.#isLoading = true;
    const details = await loadDetails().catch(() => undefined);
    this.#isLoading = false;
    // The connection may have changed.
    if (connection !== this.#finder.connection) return;
    this.#isFacts = !details;
    this.panel = details?.openDetails(this, connection, this.#localize, this.#liveRegion) ?? this.#factsOf(connection);
    await this.updateComplete;
    if (!details) this.renderRoot.querySelector<HTMLElement>('[part=panel]')?.focus();
  }

  #onKey(event: KeyboardEvent): void {
    if (event.key !== 'Escape' || !(event.target as Element).closest('[part=panel]')) return;
    // Escape must not also close a dialog around the element.
    event.stopPropagation();
    this.panel = undefined;
    this.renderRoot.querySelector<HTMLElement>('[part=details]')?.focus();
  }

  /** In place of the details if their code failed to load, probably because the device is offline: the known facts. */
  #factsOf({ reason: { code, message }, url }: ChatConnection): () => TemplateResult {
    const { term } = this.#localize;
    const facts = `${code}, ${url}, ${new Date(systemClock.now()).toISOString()}`;
    return () =>
      html`<p part="panel" class="facts" tabindex="-1">
        <span data-announce="details">${term('noDetails')}</span> ${term('reason', code, message)} <bdi>(${facts})</bdi>
      </p>`;
  }

  protected override render(): TemplateResult | typeof nothing {
    const { term } = this.#localize;
    const state = this.always ? this.state : this.#settled.value;
    const isProblem = PROBLEMS.includes(state);
    const isShown = ((isProblem && !this.#settled.isKnown) || state === 'connecting') && state !== this.hiddenState;
    // A focused button stays, or the focus would be lost.
    const focused = this.shadowRoot?.activeElement?.getAttribute('part');
    if (!this.always && !isShown && !this.panel && !focused) return nothing;
    const hasRetry = this.#phase.value && nextTryOf(this.#phase.value)?.attempt;
    return html`<div part="base" class="base ${state}" @keydown=${this.#onKey} @focusout=${() => this.requestUpdate()}>
      <span part="dot" class="dot"></span>
      <span part="label" class="label">${term(stateTerm(state, this.#phase.value))}</span>
      ${hasRetry || state === 'unauthorized' || focused === 'retry' ? html`<button part="retry" type="button" @click=${this.#retry}>${term('retryNow')}</button>` : nothing}
      ${isProblem || this.panel || focused === 'details' ? html`<button part="details" type="button" aria-expanded=${!!this.panel} @click=${this.#toggleDetails}>${term('details')}</button>` : nothing}
      ${this.always ? nothing : html`<button part="hide" type="button" @click=${this.#hide}>${term('hide')}</button>`}
      ${this.panel?.()}
    </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'chat-status': ChatStatusElement;
  }
}
