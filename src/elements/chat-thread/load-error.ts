import { html, type TemplateResult } from 'lit';
import type { Thread } from '../../client/index.js';
import type { Localize } from '../../locale/index.js';
import type { RoomView } from './room-view.js';

/** Whether a page after the last loaded message failed to load. */
export const hasFailedAtEnd = ({ hasNewer, failed }: Thread): boolean =>
  hasNewer && failed !== null && failed !== 'older';

/** Why a page failed to load, with a button to retry. */
export function loadError(view: RoomView, { term }: Localize): TemplateResult {
  return html`<p part="note" class="note">
    ${term('loadFailed')} <span dir="auto">${view.getThread().error?.message}</span>
    <button part="retry" class="link" type="button" @click=${view.retry}>${term('retry')}</button>
  </p>`;
}
