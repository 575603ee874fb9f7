import type { LitElement } from 'lit';
import type { ChatConnection } from '../../client/index.js';
import type { Localize } from '../../locale/index.js';
import type { Id } from '../../protocol/index.js';

/** What the files need of their thread. */
export interface FilesHost {
  readonly host: LitElement & { readonly readonly: boolean };
  readonly localize: Localize;
  /** The open room. */
  readonly view: { readonly connection: ChatConnection | undefined; readonly roomId: Id | null };
  focusField(): void;
}
