/** What a scenario consists of: tabs, users and sent messages. */
import type { ChatConnection as Connection } from '../../src/client/index.js';
import type { Id } from '../../src/protocol/index.js';
import type { Topic } from '../support/model-server.js';

export type Tenant = 'a' | 'b';
/** The tenant and user that something belongs to. */
export interface Owner {
  tenant: Tenant;
  person: number;
}

interface SentMessage extends Owner {
  /** The part of its text that an edit does not change: see `identityOf`. */
  identity: string;
  /** The id under which its tab knew the room: a local id, until the room was created. */
  room: Id;
  tab: Tab;
  /** The ids of its uploads. */
  files: readonly string[];
}

interface AddedFile extends Owner {
  uploadId: string;
  content: string;
  tab: Tab;
  isDiscarded: boolean;
}

export interface Scenario {
  sent: SentMessage[];
  /** By `identityOf`. */
  discarded: Set<string>;
  retried: Set<string>;
  /** Successful edits. */
  edits: { tab: Tab; content: string }[];
  /** The new conversations, by local id. */
  opened: Map<Id, Owner & Topic>;
  /** By id of their upload. */
  files: Map<string, AddedFile>;
}

/** The end of the text of a message, which is unique, and which an edit keeps. */
export const identityOf = (content: string): string => /\[[^\]]*\] \d+$/.exec(content)?.[0] ?? content;

export interface Tab {
  chat: Connection;
  kill: () => void;
  /** The channels and locks held by the tab. */
  open: () => { channels: number; locks: number };
  /** The backend configured in the page. */
  tenant: Tenant;
  /** The browser blocks storage and tab APIs. */
  isBlocked: boolean;
  isGone: boolean;
  /** Functions to leave the open rooms. */
  leave: Map<Id, () => void>;
  /** The latest token. */
  token: string;
  /** Own messages that this tab has shown as stored. */
  confirmed: Set<string>;
  /** Own messages (`identityOf`) that this tab has shown. From then on they must not be lost. */
  shown: Set<string>;
}
