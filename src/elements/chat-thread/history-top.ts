/** Renders the content above the loaded messages: progress, errors, the start of the conversation. */
import { html, nothing, type TemplateResult } from 'lit';
import type { Localize } from '../../locale/index.js';
import { hasFailedAtEnd, loadError } from './load-error.js';
import type * as RichParts from './rich-parts.js';
import type { RoomView } from './room-view.js';

type Content = TemplateResult | typeof nothing | undefined;
type Parts = typeof RichParts | undefined;

/** Above the first loaded message. */
export function historyTop(view: RoomView, localize: Localize, parts: Parts): Content {
  const thread = view.getThread();
  const { loaded, loading, error, hasOlder, skipped, timeline, leftOut } = thread;
  const { term } = localize;
  if (error && !loading && !hasFailedAtEnd(thread)) return loadError(view, localize);
  if (!loaded) {
    const state = view.connection?.state;
    if (state === 'idle' || state === 'unauthorized') return html`<p part="note" class="note">${term('signIn')}</p>`;
    // Nothing is being loaded while the server cannot be reached.
    if (state === 'offline' || state === 'error') return parts?.waiting(localize);
    return html`<p part="note" class="note loading">${term('loadingMessages')}</p>`;
  }
  if (skipped && !loading) return parts?.skippedNotice(localize, view);
  if (hasOlder) {
    return html`<p part="note" class="note older">${loading === 'older' ? parts?.loadingOlder(localize) : nothing}</p>`;
  }
  return html`<p part="note" class="note">${timeline.length > 0 ? term('beginning') : leftOut > 0 ? nothing : term('emptyThread')}</p>`;
}
