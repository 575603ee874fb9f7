import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { ConnectionController } from '../../controllers/index.js';
import { Localize } from '../../locale/index.js';
import { idKey, sameId, type Id } from '../../protocol/index.js';
import { isId } from '../../protocol/schema.js';
import { EMPTY_THREAD, isOwn, roomOf, threadOf, type ChatConnection, type ChatMessage, type Thread } from '../../client/index.js';
import { baseStyles } from '../../theme/index.js';
import type { Side } from '../../session/index.js';
import { systemClock, type ChatError } from '../../transport/index.js';
import { ChatBeforeSendEvent, ChatMessageEvent, ChatSendEvent, ChatSendFailedEvent } from '../events.js';
import { CustomStates } from '../custom-states.js';
import { roomName } from '../display-name.js';
import type { LiveRegion } from './live-region.js';
import { styles } from './chat-thread.styles.js';
import { Composer } from './composer.js';
import { LazyExtras } from './lazy-rich-parts.js';
import { messageRow } from './message-row.js';
import type { RowContext } from './row-context.js';
import { VirtualScroller } from './virtual-scroller.js';

/**
 * One room's messages, and the field to write the next one. Shows the room given by `room`. Without `room` it shows the one
 * chosen in `<chat-rooms>`. Once `room` was set, to any value, it never shows another room.
 *
 * It opens at the end, stays there while the reader is there, and does not move under a reader who is not. Only the
 * rows around the viewport exist as DOM, however long the history.
 *
 * Keyboard: the list scrolls with the arrow and page keys; Enter sends, Shift+Enter begins a new line.
 *
 * @tag chat-thread
 * @cssState empty - There is no message.
 * @cssState scrolled - The reader is not at the end.
 * @slot header - Above the messages. Default: the room's name.
 * @slot empty - Where there is no room to show: instead of 'Choose a conversation'.
 * @fires {ChatMessageEvent} chat-message - A message came in, live: `message`.
 * @fires {ChatBeforeSendEvent} chat-before-send - Somebody wants to send: `roomId`, `content`. `preventDefault()` leaves it in the field.
 * @fires {ChatSendEvent} chat-send - A message of ours is stored: `roomId`, `method`, `message`.
 * @fires {ChatSendFailedEvent} chat-send-failed - A message of ours was refused: `roomId`, `localId`, `error`.
 * @csspart base - The whole.
 * @csspart header - The room's name.
 * @csspart messages - The scrolling area.
 * @csspart day - The line between two days.
 * @csspart message - One message, with its avatar.
 * @csspart message-own - A message of one's own.
 * @csspart message-other - Somebody else's message.
 * @csspart avatar - Picture or initials of an author in a group.
 * @csspart author - Name of an author in a group.
 * @csspart bubble - The message itself.
 * @csspart bubble-own - The bubble of one's own message.
 * @csspart bubble-other - The bubble of somebody else's message.
 * @csspart text - The words.
 * @csspart link - An address among the words.
 * @csspart more - The button that shows more of a long message.
 * @csspart quote - The message that this one answers.
 * @csspart attachment - A picture or a file.
 * @csspart system - A message from the server itself.
 * @csspart meta - Time and delivery, under the last message of a group.
 * @csspart delivery - The mark: sending, sent, read.
 * @csspart failure - Why a message was not sent.
 * @csspart retry - The button that sends it again, or loads again what could not be loaded or may not be read.
 * @csspart discard - The button that gives it up.
 * @csspart typing - Who is typing.
 * @csspart jump - The button back to the end.
 * @csspart note - The sentence where there are no messages.
 * @csspart composer - The form.
 * @csspart input - The field.
 * @csspart send - The button 'Send'.
 * @csspart skipped - Says that earlier messages were left out, with the button that loads them.
 * @csspart reactions - The reactions to a message.
 * @csspart hint - What is wrong with the text.
 * @cssprop [--chat-surface=#fff] - Background.
 * @cssprop [--chat-text=#1a1d24] - Text.
 * @cssprop [--chat-text-muted=70% text, 30% surface] - Times, days, hints.
 * @cssprop [--chat-border=14% text, 86% surface] - Lines.
 * @cssprop [--chat-accent=#2b59d9] - Send button, initials, focus; own bubbles follow it.
 * @cssprop [--chat-on-accent=#fff] - Text on the accent.
 * @cssprop [--chat-bubble=8% text, 92% surface] - Background of others' messages.
 * @cssprop [--chat-on-bubble=var(--chat-text)] - Text of others' messages.
 * @cssprop [--chat-bubble-own=var(--chat-accent)] - Background of own messages.
 * @cssprop [--chat-on-bubble-own=var(--chat-on-accent)] - Text of own messages.
 * @cssprop [--chat-bubble-radius=1.125rem] - Corners of bubbles.
 * @cssprop [--chat-radius=0.5rem] - Corners of everything else.
 * @cssprop [--chat-shadow=0 2px 10px rgb(0 0 0 / 0.18)] - Shadow of 'jump to latest'.
 * @cssprop [--chat-danger=#c01f2e] - Messages that were not sent.
 * @cssprop [--chat-avatar-size=2.5rem] - Width and height of avatars; in a thread they are four fifths of it.
 * @cssprop [--chat-avatar-radius=50%] - Corners of avatars.
 * @cssprop [--chat-focus-ring=2px solid var(--chat-accent)] - Outline of what has the keyboard.
 * @cssprop [--chat-font=system-ui, …] - Font family.
 * @cssprop [--chat-font-size=0.9375rem] - Font size of messages.
 * @cssprop [--chat-font-size-small=0.8125rem] - Font size of times and names.
 * @cssprop [--chat-line-height=1.4] - Line height.
 * @cssprop [--chat-space=0.5rem] - Unit of all distances.
 * @cssprop [--chat-color-scheme=inherit] - `light`, `dark`, or whatever the page has.
 */
export class ChatThreadElement extends LitElement {
  static override styles = [...baseStyles, styles];

  static override properties = {
    // Being set counts, even from `undefined` to `undefined`: see `#isGiven`.
    room: { hasChanged: () => true },
    readonly: { type: Boolean, reflect: true },
    token: {},
    url: {},
    unseen: { state: true },
  };

  /**
   * The room to show. Never set: the one chosen in `<chat-rooms>`. Set to `null`, `undefined` or `''`: none yet, so there is nothing to
   * write in, even if a room is chosen elsewhere.
   */
  room: Id | null | undefined;

  /** Without the field to write in. */
  readonly = false;

  /** A token of its own, for an element without a `<chat-connection>` above it. */
  token: string | undefined;

  /** The backend that `token` is for. Default: the page's origin. */
  url: string | undefined;

  /** Messages that came in below while the reader was further up. */
  private unseen = 0;

  readonly #localize = new Localize(this);
  readonly #finder = new ConnectionController(this, (connection) => this.#attach(connection));
  readonly #selected = this.#finder.select((data) => data.selected);
  readonly #thread = this.#finder.select((data) => threadOf(data, this.#roomId));
  readonly #roomInfo = this.#finder.select((data) => roomOf(data, this.#roomId));
  readonly #user = this.#finder.select((data) => data.user);
  readonly #durable = this.#finder.select((data) => data.durable);
  readonly #outdated = this.#finder.select((data) => data.outdated);
  readonly #state = this.#finder.select((data) => data.phase.is);
  readonly #window = new VirtualScroller<ChatMessage>(
    this,
    (side) => this.#load(side),
    (isAtEnd) => this.#onEndChange(isAtEnd),
    () => this.#updateReading(),
  );
  readonly #states = new CustomStates(this);
  readonly #extras = new LazyExtras(this, (extras) => {
    this.#announcer = new extras.LiveRegion(this);
    this.#localize.english = extras.enExtras;
  });
  readonly #composer = new Composer(this, {
    localize: this.#localize,
    longest: () => this.#finder.connection?.data.limits.content,
    onSend: (text) => this.#send(text),
    onDraft: (text) => this.#shown !== null && this.#finder.connection?.saveDraft(this.#shown, text),
    onTyping: (isTyping) => this.#shown !== null && this.#finder.connection?.typing(this.#shown, isTyping),
  });
  /** The room that is open with the connection. */
  #shown: Id | null = null;
  /** Whose drafts these are. */
  #writer: Id | null = null;
  #leave: (() => void) | undefined;
  #isReading = false;
  #isAway = false;
  /** `room` was set: this thread never follows the selection again, or a reader could write to the wrong person. */
  #isGiven = false;
  #announcer: LiveRegion | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener('visibilitychange', this.#updateReading);
    this.#localize.prepare();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener('visibilitychange', this.#updateReading);
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    this.#isGiven ||= changed.has('room');
    if (this.#finder.isHydrating) return;
    this.#thread.refresh();
    this.#roomInfo.refresh();
    const writer = this.#user.value?.id ?? null;
    if (writer !== this.#writer) {
      this.#composer.change(writer === null ? undefined : idKey(writer));
      if (this.#writer !== null) this.#restoreDraft();
      this.#writer = writer;
    }
    if (!sameId(this.#shown, this.#roomId) && this.#shown !== this.#roomId) this.#show(this.#roomId);
    this.#window.update(this.#threadNow.timeline, this.#threadNow.hasNewer);
  }

  protected override render(): TemplateResult {
    const roomId = this.#roomId;
    this.#states.show(this.#threadNow.timeline.length === 0 && 'empty', !this.#window.isAtEnd && 'scrolled');
    const { connection } = this.#finder;
    if (roomId === null || !connection || connection.isSignedOut) return this.#renderNothingChosen();
    return html`<section part="base" class="base" aria-label=${this.#roomName}>
      <slot name="header"><h2 part="header" class="header" dir="auto">${this.#roomName}</h2></slot>
      <div class="middle">
        <div part="messages" class="messages" role="region" tabindex="0" aria-label=${this.#localize.term('messagesIn', this.#roomName)} @scroll=${this.#window.onScroll}>
          ${this.#renderTop()}
          <ol>
            ${this.#renderRows()}
          </ol>
          ${this.#renderBottom()}
        </div>
        ${this.#window.isAtEnd ? nothing : this.#extras.parts?.jump(this.unseen, this.#localize, this.#jump)}
      </div>
      <div part="typing" class="typing">${this.#extras.parts?.typing(this.#threadNow.typing, this.#roomInfo.value, this.#localize)}</div>
      ${this.#extras.parts?.notes(this.#threadNow, this.#durable.value, this.#outdated.value, this.#localize)}
      ${this.#threadNow.denied
        ? this.#extras.parts?.denied(this.#localize, this.#reload)
        : this.readonly
        ? html`<p part="note" class="note">${this.#localize.term('readOnly')}</p>`
        : this.#composer.render(roomId, this.#localize.term('messageTo', this.#roomName))}
      ${this.#announcer?.render()}
    </section>`;
  }

  // ————— Parts of the picture

  #renderNothingChosen(): TemplateResult {
    const signedOut = !this.#finder.isHydrating && (!this.#finder.connection || this.#state.value === 'idle');
    return html`<div part="base" class="base">
      <slot name="empty"><p part="note" class="note">${this.#localize.term(signedOut ? 'signIn' : this.#roomId !== null ? 'loadingMessages' : this.#isGiven ? 'noConversation' : 'chooseConversation')}</p></slot>
    </div>`;
  }

  /** What stands before the first message. */
  #renderTop(): TemplateResult | typeof nothing | undefined {
    const { loaded, loading, error, denied, hasOlder, skipped, timeline, leftOut } = this.#threadNow;
    const { term } = this.#localize;
    // Where we may not read, that is said in the composer's place.
    if (this.#window.start > 0 || denied) return nothing;
    if (error && !loading && !this.#failedAtEnd) return this.#renderFailure(error);
    if (!loaded) {
      const waits = this.#state.value !== 'idle' && this.#state.value !== 'unauthorized';
      return waits ? html`<p part="note" class="note loading" role="status">${term('loadingMessages')}</p>` : html`<p part="note" class="note">${term('signIn')}</p>`;
    }
    if (skipped && !loading) return this.#extras.parts?.skipped(this.#localize, () => this.#load('older'));
    if (hasOlder) return html`<p part="note" class="note older">${loading === 'older' ? this.#extras.parts?.loadingOlder(this.#localize) : nothing}</p>`;
    return html`<p part="note" class="note">${timeline.length > 0 ? term('beginning') : leftOut > 0 ? nothing : term('emptyThread')}</p>`;
  }

  /** What stands after the last message that is loaded, where it is not the last one. */
  #renderBottom(): TemplateResult | typeof nothing | undefined {
    const { hasNewer, loading, error } = this.#threadNow;
    if (!hasNewer) return nothing;
    if (error && !loading && this.#failedAtEnd) return this.#renderFailure(error);
    return this.#extras.parts?.bottom(loading, this.#localize);
  }

  #renderFailure({ message }: ChatError): TemplateResult {
    const { term } = this.#localize;
    return html`<p part="note" class="note" role="alert">
      ${term('loadFailed')} <span dir="auto">${message}</span>
      <button part="retry" class="link" type="button" @click=${this.#reload}>${term('retry')}</button>
    </p>`;
  }

  /** Whether what could not be loaded belongs after the last message that is loaded. */
  get #failedAtEnd(): boolean {
    const { hasNewer, failed } = this.#threadNow;
    return hasNewer && failed !== null && failed !== 'older';
  }

  #renderRows(): unknown {
    const { timeline } = this.#threadNow;
    const { start, rows } = this.#window;
    const user = this.#user.value ?? null;
    const context: RowContext = {
      host: this,
      localize: this.#localize,
      now: systemClock.now(),
      base: this.#finder.connection?.url ?? '',
      mediaHosts: this.#finder.connection?.mediaHosts,
      isOwn: (message) => message.delivery !== 'sent' || isOwn({ user }, message),
      isGroup: this.#roomInfo.value?.room_type !== 'direct',
      extras: this.#extras.parts,
      connection: this.#finder.connection,
      composer: this.#composer,
    };
    return repeat(
      rows,
      ({ key }) => key,
      (message, index) => {
        try {
          return messageRow(message, timeline[start + index - 1], timeline[start + index + 1], context);
        } catch (thrown) {
          return html`<li>${this.#extras.parts?.brokenRow(this, message.key, thrown, this.#localize.term('notShown'))}</li>`;
        }
      },
    );
  }

  // ————— What is shown

  get #roomId(): Id | null {
    const room = this.#isGiven ? this.room : this.#selected?.value;
    return isId(room) ? room : null;
  }

  get #threadNow(): Thread {
    return this.#thread.value ?? EMPTY_THREAD;
  }

  get #roomName(): string {
    const room = this.#roomInfo.value;
    return (room && roomName(room, this.#user.value?.id)) || this.#localize.term('unnamed');
  }

  /** A new connection, or none: whatever was open with the old one is left. */
  #attach(connection: ChatConnection | undefined): () => void {
    const stops = connection && [
      connection.on('chat-message', ({ roomId, message }) => {
        if (sameId(roomId, this.#shown)) this.#onMessage(message);
      }),
      connection.on('chat-send', ({ roomId, method, message }) => {
        if (sameId(roomId, this.#shown)) this.dispatchEvent(new ChatSendEvent(roomId, method, message));
      }),
      connection.on('chat-send-failed', ({ roomId, localId, error }) => {
        if (sameId(roomId, this.#shown)) this.dispatchEvent(new ChatSendFailedEvent(roomId, localId, error));
      }),
    ];
    return () => {
      stops?.forEach((stop) => stop());
      this.#leaveRoom(connection);
    };
  }

  #show(roomId: Id | null): void {
    const { connection } = this.#finder;
    this.#leaveRoom(connection);
    this.unseen = 0;
    this.#window.reset();
    if (!connection || roomId === null) return;
    this.#shown = roomId;
    this.#leave = connection.openRoom(roomId);
    this.#restoreDraft();
    this.#thread.refresh();
  }

  /** Restores the text that the user has written in this room and not sent. */
  #restoreDraft(): void {
    const { connection } = this.#finder;
    const roomId = this.#shown;
    if (roomId === null) return;
    void connection?.draft(roomId).then((text) => {
      if (connection === this.#finder.connection) this.#composer.restore(roomId, text);
    });
  }

  #onMessage(message: ChatMessage): void {
    if (!this.#window.isAtEnd) this.unseen++;
    this.#announcer?.announce(message, this.#localize);
    this.dispatchEvent(new ChatMessageEvent(message));
  }

  #onEndChange(isAtEnd: boolean): void {
    if (isAtEnd) this.unseen = 0;
    this.requestUpdate();
  }

  /** What is at the end, and seen, is read. */
  readonly #updateReading = (): void => {
    if (this.#shown === null) return;
    const { loaded, denied } = this.#threadNow;
    const isSeen = this.#window.isAtEnd && loaded && !denied && document.visibilityState === 'visible' && this.getClientRects().length > 0;
    this.#setViewing(this.#finder.connection, isSeen, this.#window.isAway);
  };

  #setViewing(connection: ChatConnection | undefined, isReading: boolean, isAway: boolean): void {
    if (this.#shown === null) return;
    if (isReading !== this.#isReading) connection?.setViewing(this.#shown, (this.#isReading = isReading));
    if (isAway !== this.#isAway) connection?.setAway(this.#shown, (this.#isAway = isAway));
  }

  #leaveRoom(connection: ChatConnection | undefined): void {
    this.#setViewing(connection, false, false);
    this.#leave?.();
    this.#leave = undefined;
    this.#shown = null;
  }

  // ————— What the reader does

  #send(text: string): boolean {
    if (this.#shown === null || !this.dispatchEvent(new ChatBeforeSendEvent(this.#shown, text))) return false;
    this.#toEnd();
    // A refusal is shown at the message itself.
    void this.#finder.connection?.sendChatMessage(this.#shown, text).catch(() => {});
    return true;
  }

  #load(side: 'older' | 'newer'): void {
    const { error, loaded } = this.#threadNow;
    if (!error && loaded) this.#loadNow(side);
  }

  /** Where it fails, that is shown among the messages. */
  #loadNow(side: Side): void {
    const { connection } = this.#finder;
    if (this.#shown === null || !connection) return;
    const load = side === 'older' ? connection.loadOlder(this.#shown) : side === 'newer' ? connection.loadNewer(this.#shown) : connection.loadNewest(this.#shown);
    void load.catch(() => {});
  }

  readonly #reload = (): void => {
    if (this.#shown === null) return;
    const { loaded, denied, hasNewer, failed } = this.#threadNow;
    if (loaded && !denied) this.#loadNow((hasNewer && failed) || 'older');
    else this.#finder.connection?.reload(this.#shown);
  };

  #toEnd(): void {
    this.#window.toEnd();
    if (this.#threadNow.hasNewer) this.#loadNow('newest');
  }

  readonly #jump = (): void => {
    this.#toEnd();
    this.#composer.focus();
  };
}

declare global {
  interface HTMLElementTagNameMap {
    'chat-thread': ChatThreadElement;
  }
}
