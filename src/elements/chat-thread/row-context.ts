import type { LitElement, TemplateResult } from 'lit';
import type { Localize } from '../../locale/index.js';
import type { ChatConnection, ChatMessage } from '../../client/index.js';

/** What rendering a row depends on, besides its message. */
export interface RowContext {
  host: LitElement;
  localize: Localize;
  /** Milliseconds since 1970. */
  now: number;
  /** Base for relative addresses of attachments and pictures. */
  base: string;
  /** Other hosts from which pictures may be loaded: see `mediaHosts` of the connection. */
  mediaHosts: string | undefined;
  isOwn: (message: ChatMessage) => boolean;
  /** Whether to show authors' names and avatars. False in a direct room. */
  isGroup: boolean;
  /** Undefined until it is loaded. */
  richParts: RichRowParts | undefined;
  connection: Pick<ChatConnection, 'data' | 'discard' | 'retry' | 'room'> | undefined;
  composer: { focus(): void };
}

/** Renders the parts of a row that are loaded later: see rich-parts.ts. */
export interface RichRowParts {
  avatar(name: string, picture: string | null | undefined, base: string, hosts: string | undefined): TemplateResult;
  /** The text, with links; a long one with a button that shows more. */
  messageText(message: ChatMessage, context: RowContext): unknown;
  /** Whether the text is nothing but a few emoji, which are shown large. */
  isEmoji(message: ChatMessage): boolean;
  /** Date and time. */
  exactTime(iso: string, context: RowContext): string;
  /** That the message was edited, and when. */
  edited(message: ChatMessage, context: RowContext): TemplateResult;
  /** In place of the name of an author who has none. */
  unnamed(message: ChatMessage, context: RowContext): string;
  /** The author, for screen readers: they cannot tell it from the side of the bubble, or from the message above. */
  hiddenAuthor(message: ChatMessage, isOwn: boolean, context: RowContext): TemplateResult;
  /** Inside the bubble, above the text. */
  quoteAndAttachment(message: ChatMessage, context: RowContext): unknown;
  /** Below the bubble. */
  reactions(message: ChatMessage, context: RowContext): unknown;
  /** In place of a row that failed to render. */
  brokenRow(host: LitElement, key: string, thrown: unknown, text: string): TemplateResult;
  /** Why the message was not sent, with buttons to retry and discard it. */
  failure(message: ChatMessage, context: RowContext): TemplateResult;
}
