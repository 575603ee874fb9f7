import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import {
  EMPTY_THREAD,
  isOwn,
  mayWrite,
  roomOf,
  threadOf,
  type ChatConnection,
  type ChatMessage,
  type Thread,
} from '../../client/index.js';
import { ConnectionController } from '../../controllers/index.js';
import { Localize } from '../../locale/index.js';
import { idKey, sameId, type Id } from '../../protocol/index.js';
import { isId } from '../../protocol/schema.js';
import { baseStyles, fillStyles } from '../../theme/index.js';
import { systemClock } from '../../transport/index.js';
import { CustomStates } from '../custom-states.js';
import { roomName } from '../display-name.js';
import { ChatBeforeSendEvent, ChatMessageEvent } from '../events.js';
import type { AttachFiles } from './attach-files.js';
import { forwardEvents } from './forward-events.js';
import { styles } from './chat-thread.styles.js';
import { Composer } from './composer.js';
import { historyTop } from './history-top.js';
import { LazyRichParts } from './lazy-rich-parts.js';
import { renderRows } from './message-row.js';
import { RoomView } from './room-view.js';
import type { RowContext } from './row-context.js';
import { VirtualScroller } from './virtual-scroller.js';

let touchOnly: MediaQueryList | undefined;
/** A keyboard on a screen has no Shift+Enter. */
const isTouchOnly = (): boolean =>
  (touchOnly ??= matchMedia('(pointer: coarse) and (not (any-pointer: fine))')).matches;

/**
 * The messages of one room, and a form to write a message. It shows the room set by `room`; if `room` was never set,
 * the room selected in `<chat-rooms>`.
 *
 * The thread opens at the newest message. It follows new messages while the reader is at the end, and keeps its scroll
 * position otherwise. Only the rows around the viewport are in the DOM, however long the history is.
 *
 * Keyboard: the arrow and page keys scroll the list; Enter sends the message, Shift+Enter inserts a line
 * break, unless `enter` says otherwise. Files can be chosen, pasted and dropped.
 *
 * @tag chat-thread
 * @summary The messages of a room, with a form to write a message.
 * @cssState empty - There are no messages.
 * @cssState scrolled - The reader is not at the end of the list.
 * @slot header - Replaces the header with the room's name.
 * @slot empty - Replaces 'Choose a conversation', while there is no room to show.
 * @fires {ChatMessageEvent} chat-message - A message of another user was received: `message`.
 * @fires {ChatBeforeSendEvent} chat-before-send - The user is about to send a message: `roomId`, and `content`, which a
 *   listener may change. `preventDefault()` keeps the text in the field.
 * @fires {ChatSendEvent} chat-send - The server has stored a message of the current user: `roomId`, `method`,
 * `message`.
 * @fires {ChatSendFailedEvent} chat-send-failed - A message of the current user failed permanently: `roomId`,
 * `localId`, `error`.
 * @csspart base - The container of everything.
 * @csspart header - The room's name.
 * @csspart messages - The scrolling list.
 * @csspart day - The separator between two days.
 * @csspart message - A message, with its avatar.
 * @csspart message-own - A message of the current user.
 * @csspart message-other - A message of another user.
 * @csspart avatar - The picture or initials of an author. Only in a group.
 * @csspart author - The name of an author. Only in a group.
 * @csspart bubble - The bubble of a message.
 * @csspart bubble-own - The bubble of a message of the current user.
 * @csspart bubble-other - The bubble of a message of another user.
 * @csspart text - The text of a message.
 * @csspart link - A link in the text.
 * @csspart more - The button that shows more of a long message.
 * @csspart quote - The message that is replied to.
 * @csspart attachment - A picture or a file.
 * @csspart system - A system message.
 * @csspart meta - The time and delivery state, below the last message of a group.
 * @csspart delivery - The icon of the delivery state: sending, sent, read.
 * @csspart failure - The error of a message that was not sent.
 * @csspart retry - A button that sends a message again, or loads again what could not be loaded.
 * @csspart discard - The button that discards a message that was not sent.
 * @csspart typing - The typing indicator.
 * @csspart jump - The button that scrolls to the latest message.
 * @csspart note - A text in place of messages, at the ends of the list, or above the form.
 * @csspart composer - The form.
 * @csspart input - The text field.
 * @csspart send - The button 'Send'.
 * @csspart attach - The button 'Attach files'.
 * @csspart uploads - The list of files of the next message.
 * @csspart upload - A file of the next message.
 * @csspart upload-retry - The button that uploads a file again.
 * @csspart upload-remove - The button that removes a file.
 * @csspart drop - The area that shows where files can be dropped.
 * @csspart skipped - The notice that earlier messages were skipped, with the button that loads them.
 * @csspart reactions - The reactions to a message.
 * @csspart reaction - A reaction, with the number of people: a button, if the user may react.
 * @csspart hint - The error below the text field.
 * @csspart counter - The number of characters that are left, near the limit.
 * @cssprop [--chat-surface=#fff] - Background.
 * @cssprop [--chat-text=#1a1d24] - Text colour.
 * @cssprop [--chat-text-muted=70% text, 30% surface] - Times, days and notes.
 * @cssprop [--chat-border=14% text, 86% surface] - Borders.
 * @cssprop [--chat-accent=#2b59d9] - Send button, initials and focus outlines. Default of own bubbles.
 * @cssprop [--chat-on-accent=white or black] - Text and icons on the accent colour.
 * @cssprop [--chat-bubble=8% text, 92% surface] - Background of other users' messages.
 * @cssprop [--chat-on-bubble=var(--chat-text)] - Text of other users' messages.
 * @cssprop [--chat-bubble-own=var(--chat-accent)] - Background of own messages.
 * @cssprop [--chat-on-bubble-own=white or black] - Text of own messages.
 * @cssprop [--chat-bubble-radius=1.125rem] - Corner radius of bubbles.
 * @cssprop [--chat-radius=0.5rem] - Corner radius of all parts except bubbles and avatars.
 * @cssprop [--chat-shadow=0 2px 10px rgb(0 0 0 / 0.18)] - Shadow of the button 'Jump to latest'.
 * @cssprop [--chat-danger=#c01f2e] - Messages that were not sent.
 * @cssprop [--chat-avatar-size=2.5rem] - Size of avatars. In a thread they have four fifths of it.
 * @cssprop [--chat-avatar-radius=50%] - Corner radius of avatars.
 * @cssprop [--chat-focus-ring=2px solid accent] - Outline of the focused control.
 * @cssprop [--chat-font=system-ui, …] - Font family.
 * @cssprop [--chat-font-size=0.9375rem] - Font size of messages.
 * @cssprop [--chat-font-size-small=0.8125rem] - Font size of times and names.
 * @cssprop [--chat-line-height=1.4] - Line height.
 * @cssprop [--chat-space=0.5rem] - Base unit of all spacing.
 * @cssprop [--chat-color-scheme=inherit] - `light` or `dark`. By default, the page's colour scheme.
 */
export class ChatThreadElement extends LitElement {
  static override styles = [...baseStyles, fillStyles, styles];

  static override properties = {
    // Every assignment counts, even from `undefined` to `undefined`: see `#isRoomSet`.
    room: { hasChanged: () => true },
    readonly: { type: Boolean, reflect: true },
    enter: {},
    token: {},
    url: {},
    unseen: { state: true },
  };

  /**
   * Id of the room to show. `null`, `undefined` or `''`: the room is not known yet, and the thread stays empty. Once
   * `room` was set, to any value, the thread ignores the selection in `<chat-rooms>`.
   */
  room: Id | null | undefined;

  /** Hides the form. */
  readonly = false;

  /**
   * What Enter does: `send` (then Shift+Enter starts a new line) or `newline` (then Ctrl+Enter or ⌘+Enter sends).
   * @default `send`, and `newline` on devices without a precise pointer, whose keyboards have no Shift+Enter
   */
  enter: 'send' | 'newline' | undefined;

  /** Own access token, for an element outside a `<chat-connection>`. */
  token: string | undefined;

  /**
   * Address of the backend for `token`.
   * @default the page's origin
   */
  url: string | undefined;

  /** Number of messages received since the reader scrolled up. */
  private unseen = 0;

  readonly #localize = new Localize(this);
  readonly #finder = new ConnectionController(this, (connection) => this.#onConnection(connection));
  readonly #selected = this.#finder.select((data) => data.selected);
  readonly #threadState = this.#finder.select((data) => threadOf(data, this.#roomId));
  readonly #roomInfo = this.#finder.select((data) => roomOf(data, this.#roomId));
  readonly #user = this.#finder.select((data) => data.user);
  readonly #durable = this.#finder.select((data) => data.durable);
  readonly #outdated = this.#finder.select((data) => data.outdated);
  readonly #state = this.#finder.select((data) => data.phase.is);
  readonly #scroller = new VirtualScroller<ChatMessage>(
    this,
    (side) => this.#view.load(side),
    (isAtEnd) => {
      if (isAtEnd) this.unseen = 0;
      this.requestUpdate();
    },
    () => this.#view.report(),
  );
  readonly #view = new RoomView(this.#scroller, () => this.#thread);
  readonly #states = new CustomStates(this);
  #files: AttachFiles | undefined;
  readonly #richParts = new LazyRichParts(this, (parts) => {
    this.#view.detector = parts.addControllers(this, this.#localize, this.#finder, this.#scroller, this.#view.report);
    this.#files = parts.createFiles({
      host: this,
      localize: this.#localize,
      view: this.#view,
      focusField: () => this.focus(),
    });
  });
  readonly #composer = new Composer(this, {
    localize: this.#localize,
    charLimit: () => this.#view.connection?.data.limits.content,
    onSend: (text) => this.#send(text),
    onDraft: (text) => this.#view.connection?.saveDraft(this.#view.roomId!, text),
    onTyping: (isTyping) => this.#view.connection?.typing(this.#view.roomId!, isTyping),
    onKey: (event) => this.#richParts.parts?.stopTyped(event),
    files: () => this.#files,
    entersLine: () => this.enter === 'newline' || (this.enter !== 'send' && isTouchOnly()),
  });
  /** The user whose drafts the composer has. */
  #author: Id | null = null;
  /** `room` was set at least once. Following the selection again could send a message to the wrong person. */
  #isRoomSet = false;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#localize.prepare();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    this.#isRoomSet ||= changed.has('room');
    if (this.#finder.isHydrating) return;
    this.#threadState.refresh();
    this.#roomInfo.refresh();
    const author = this.#user.value?.id ?? null;
    if (author !== this.#author) {
      this.#composer.setAuthor(author === null ? undefined : idKey(author));
      if (this.#author !== null) this.#restoreDraft();
      this.#author = author;
    }
    const { roomId } = this.#view;
    if (!sameId(roomId, this.#roomId) && roomId !== this.#roomId) this.#showRoom(this.#roomId);
    this.#scroller.update(this.#thread.timeline, this.#thread.hasNewer);
  }

  /** Focuses the message field, or the messages if there is no field. */
  override focus(options?: FocusOptions): void {
    this.#composer.focus(options);
  }

  protected override update(changed: PropertyValues<this>): void {
    const hadFocus = this.#composer.hasFocus;
    super.update(changed);
    // The field was removed, because the user may not write any more.
    if (hadFocus && !this.#composer.hasFocus) this.focus();
    this.#renderRows();
  }

  get #roomId(): Id | null {
    const room = this.#isRoomSet ? this.room : this.#selected?.value;
    return isId(room) ? room : null;
  }

  get #thread(): Thread {
    return this.#threadState.value ?? EMPTY_THREAD;
  }

  get #roomName(): string {
    const room = this.#roomInfo.value;
    return (room && roomName(room, this.#user.value?.id)) || this.#localize.term('unnamed');
  }

  /** Forwards events of the displayed room. @returns a function that unsubscribes and closes the view. */
  #onConnection(connection: ChatConnection | undefined): () => void {
    const stop = forwardEvents(this, connection, () => this.#view.roomId, this.#onMessage);
    return () => {
      stop();
      this.#view.close();
    };
  }

  #showRoom(roomId: Id | null): void {
    const { connection } = this.#finder;
    this.#view.close();
    this.unseen = 0;
    this.#scroller.reset();
    if (!connection || roomId === null) return;
    this.#view.open(connection, roomId);
    this.#restoreDraft();
    this.#threadState.refresh();
  }

  /** Loads the user's stored draft for the open room. */
  #restoreDraft(): void {
    const { connection, roomId } = this.#view;
    void connection?.draft(roomId!).then((text) => {
      if (connection === this.#finder.connection) this.#composer.restore(roomId!, text);
    });
  }

  readonly #onMessage = (message: ChatMessage): void => {
    if (!this.#scroller.isAtEnd) this.unseen++;
    this.dispatchEvent(new ChatMessageEvent(message));
  };

  #send(text: string): boolean {
    const { connection, roomId } = this.#view;
    const event = roomId !== null && new ChatBeforeSendEvent(roomId, text);
    if (!event || !this.dispatchEvent(event)) return false;
    this.#toEnd();
    // An error is part of the message's state, and shown there.
    void (this.#files ?? connection)?.sendChatMessage(event.roomId, event.content)?.catch(() => {});
    return true;
  }

  #toEnd(): void {
    this.#scroller.toEnd();
    this.#view.loadNewest();
  }

  readonly #jump = (): void => {
    this.#toEnd();
    this.#composer.focus();
  };

  protected override render(): TemplateResult {
    const roomId = this.#roomId;
    this.#states.set(this.#thread.timeline.length === 0 && 'empty', !this.#scroller.isAtEnd && 'scrolled');
    const { connection } = this.#finder;
    if (roomId === null || !connection || connection.isSignedOut) return this.#renderPlaceholder();
    const { parts } = this.#richParts;
    // A refusal (`denied`) is shown in place of the composer, not here.
    const isTop = this.#scroller.start === 0 && !this.#thread.denied;
    return html`<section part="base" class="base" aria-label=${this.#roomName}>
      <slot name="header"><h2 part="header" class="header" dir="auto">${this.#roomName}</h2></slot>
      <div class="middle">
        <div part="messages" class="messages" role="region" tabindex="0" aria-label=${this.#localize.term('messagesIn', this.#roomName)} @scroll=${this.#scroller.onScroll} @keydown=${(event: KeyboardEvent) => parts?.onHistoryKey(event, this.#scroller, () => this.#toEnd())}>
          ${isTop ? historyTop(this.#view, this.#localize, parts) : nothing}
          <ol></ol>
          ${parts?.historyBottom(this.#view, this.#localize)}
          <div class="end"></div>
        </div>
        ${this.#scroller.isAtEnd ? nothing : parts?.jumpButton(this.unseen, this.#localize, this.#jump)}
      </div>
      <div part="typing" class="typing">${parts?.typingIndicator(this.#thread.typing, this.#roomInfo.value, this.#localize)}</div>
      ${parts?.notices(this.#thread, this.#durable.value, this.#outdated.value, this.#localize)}
      ${
        this.#thread.denied
          ? parts?.noAccess(this.#localize, this.#view)
          : this.readonly || !mayWrite(this.#roomInfo.value)
            ? this.#renderReadOnly()
            : this.#composer.render(
                roomId,
                this.#localize.term('messageTo', this.#roomName),
                this.#state.value === 'unauthorized',
              )
      }
    </section>`;
  }

  /** In place of the form. The reason is that of the server, for people. */
  #renderReadOnly(): TemplateResult {
    const reason = this.#roomInfo.value?.closed_reason;
    return html`<p part="note" class="note"><span data-announce="read-only:${this.#roomId} ${reason}" dir="auto">${reason || this.#localize.term('readOnly')}</span></p>`;
  }

  /** Renders the text that is shown while there is no room, or no user is signed in. */
  #renderPlaceholder(): TemplateResult {
    const isSignedOut = !this.#finder.isHydrating && (!this.#finder.connection || this.#state.value === 'idle');
    const key = isSignedOut
      ? 'signIn'
      : this.#roomId !== null
        ? 'loadingMessages'
        : this.#isRoomSet
          ? 'noConversation'
          : 'chooseConversation';
    return html`<div part="base" class="base">
      <slot name="empty"><p part="note" class="note">${this.#localize.term(key)}</p></slot>
    </div>`;
  }

  #renderRows(): void {
    const list = this.renderRoot.querySelector('ol');
    if (!list) return;
    const { start, rows } = this.#scroller;
    const user = this.#user.value ?? null;
    const { connection } = this.#finder;
    const context: RowContext = {
      host: this,
      localize: this.#localize,
      now: systemClock.now(),
      base: connection?.url ?? '',
      mediaHosts: connection?.mediaHosts,
      isOwn: (message) => message.delivery !== 'sent' || isOwn({ user }, message),
      isGroup: this.#roomInfo.value?.room_type !== 'direct',
      richParts: this.#richParts.parts,
      connection,
      composer: this.#composer,
    };
    renderRows(list, this.#thread.timeline, start, rows, context);
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'chat-thread': ChatThreadElement;
  }
}
