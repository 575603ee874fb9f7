import { html, type LitElement, type TemplateResult } from 'lit';
import { ChatErrorEvent } from './events.js';

/** Keys of reported rows, by element. */
const reported = new WeakMap<LitElement, Set<string>>();
/** Maximum number of reports per element. */
const MAX_REPORTED = 100;

/**
 * Renders a placeholder for a row that failed to render, and fires `chat-error` once per row. The event names only the
 * type of the error: its message could contain user content.
 * @param key key of the row.
 * @param text text of the placeholder.
 */
export function brokenRow(host: LitElement, key: string, thrown: unknown, text: string): TemplateResult {
  const keys = reported.get(host) ?? new Set<string>();
  reported.set(host, keys);
  if (!keys.has(key) && keys.size < MAX_REPORTED) {
    keys.add(key);
    const type = thrown instanceof Error ? thrown.name : typeof thrown;
    host.dispatchEvent(new ChatErrorEvent('render_failed', `A row failed to render (${type}).`));
  }
  return html`<span part="note" class="note">${text}</span>`;
}
