import type { LitElement, TemplateResult } from 'lit';
import type { Localize } from '../../locale/index.js';
import type { ChatConnection, ChatMessage } from '../../client/index.js';

/** What a row needs to know besides its message. */
export interface RowContext {
  /** The element that draws it. */
  host: LitElement;
  localize: Localize;
  /** Milliseconds since 1970. */
  now: number;
  /** Base of relative attachment addresses. */
  base: string;
  /** Of foreign pictures that may be loaded. */
  mediaHosts: string | undefined;
  isOwn: (message: ChatMessage) => boolean;
  /** Whether names and pictures are shown: not where there are only two. */
  isGroup: boolean;
  /** What draws more than words; nothing until it is there. */
  extras: RowExtras | undefined;
  connection: Pick<ChatConnection, 'retry' | 'discard'> | undefined;
  composer: { focus(): void };
}

/** What draws what few messages have: see rich-parts.ts. */
export interface RowExtras {
  avatar(name: string, picture: string | null | undefined, base: string, hosts: string | undefined): TemplateResult;
  /** The words, with links, and a button where they are many. */
  words(message: ChatMessage, context: RowContext): unknown;
  /** In the bubble, before the words. */
  above(message: ChatMessage, context: RowContext): unknown;
  /** Under the bubble. */
  below(message: ChatMessage): unknown;
  /** Why a message was not sent, and what can be done about it. */
  failure(message: ChatMessage, context: RowContext): TemplateResult;
}
