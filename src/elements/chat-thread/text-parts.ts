import { html, type TemplateResult } from 'lit';

/** An address in running text, without the punctuation that ends the sentence around it. */
const ADDRESS = /https?:\/\/[^\s<>"']*[^\s<>"'.,;:!?)\]}]/g;

/** Text with its addresses as links. Text stays text: nothing here is ever parsed as HTML. */
export function linked(text: string): (string | TemplateResult)[] {
  const parts: (string | TemplateResult)[] = [];
  let from = 0;
  for (const { 0: address, index } of text.matchAll(ADDRESS)) {
    parts.push(text.slice(from, index), html`<a part="link" href=${address} target="_blank" rel="noopener noreferrer nofollow ugc">${address}</a>`);
    from = index + address.length;
  }
  return [...parts, text.slice(from)];
}
