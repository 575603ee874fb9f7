/** How people and rooms are pictured. */
import { html, nothing, type TemplateResult } from 'lit';
import { attachmentUrl, parseUrl } from '../transport/index.js';

/** At most two letters, of whole characters: an emoji or a surrogate pair is never cut. */
export function initials(name: string): string {
  const words = name.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  const letters = words.length > 1 ? [words[0]!, words.at(-1)!] : words;
  return letters.map((word) => [...word][0]).join('').toLocaleUpperCase();
}

/**
 * Whether the page lets pictures be loaded from there: from its own origin, from the backend, and from the hosts that it names.
 * @param base of the backend.
 * @param hosts `media-hosts` of the connection. Without a connection, as on a server: the backend alone.
 */
export function mayLoad(href: string, base: string, hosts: string | undefined): boolean {
  const origins = [base, ...(hosts === undefined ? [] : [location.href, ...hosts.split(/\s+/)])].map((host) => parseUrl(host)?.origin);
  return origins.includes(new URL(href).origin);
}

/** A picture, or initials where there is none that may be loaded. The name stands beside it, so it says nothing itself. */
export function avatar(name: string, picture: string | null | undefined, base: string, hosts: string | undefined): TemplateResult {
  const href = attachmentUrl(base, picture ?? null);
  const src = href && mayLoad(href, base, hosts) ? href : null;
  return html`<span part="avatar" class="avatar" aria-hidden="true">
    ${initials(name)}${src ? html`<img src=${src} alt="" loading="lazy" referrerpolicy="no-referrer" @error=${hide} />` : nothing}
  </span>`;
}

/** A picture that cannot be loaded leaves the initials under it. */
function hide(event: Event): void {
  (event.target as HTMLImageElement).hidden = true;
}
