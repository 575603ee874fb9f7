import { html, type LitElement, type TemplateResult } from 'lit';
import { ChatErrorEvent } from './events.js';

/** What was reported, by element. */
const reported = new WeakMap<LitElement, Set<string>>();
/** A page that has heard of so many rows knows. */
const MAX_REPORTED = 100;

/**
 * What stands in the place of something that could not be drawn. It is reported once, without what it holds.
 * @param key of the row.
 * @param words what the reader is told.
 */
export function brokenRow(host: LitElement, key: string, thrown: unknown, words: string): TemplateResult {
  const keys = reported.get(host) ?? new Set<string>();
  reported.set(host, keys);
  if (!keys.has(key) && keys.size < MAX_REPORTED) {
    keys.add(key);
    host.dispatchEvent(new ChatErrorEvent('render_failed', `A row could not be drawn (${thrown instanceof Error ? thrown.name : typeof thrown}).`));
  }
  return html`<span part="note" class="note">${words}</span>`;
}
