/** How people and rooms are pictured. */
import { html, nothing, type TemplateResult } from 'lit';
import { attachmentUrl } from '../transport/index.js';

/** At most two letters, of whole characters: an emoji or a surrogate pair is never cut. */
export function initials(name: string): string {
  const words = name.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  const letters = words.length > 1 ? [words[0]!, words.at(-1)!] : words;
  return letters.map((word) => [...word][0]).join('').toLocaleUpperCase();
}

/** A picture, or initials where there is none. The name stands beside it, so it says nothing itself. */
export function avatar(name: string, picture: string | null | undefined, base: string): TemplateResult {
  const src = attachmentUrl(base, picture ?? null);
  return html`<span part="avatar" class="avatar" aria-hidden="true">
    ${initials(name)}${src ? html`<img src=${src} alt="" loading="lazy" @error=${hide} />` : nothing}
  </span>`;
}

/** A picture that cannot be loaded leaves the initials under it. */
function hide(event: Event): void {
  (event.target as HTMLImageElement).hidden = true;
}
