/** Avatars of users and rooms. */
import { html, nothing, type TemplateResult } from 'lit';
import { attachmentUrl, parseUrl } from '../transport/index.js';

/** One or two initials. Splits by code point, so that a surrogate pair stays whole. */
function initials(name: string): string {
  const words = name.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  const letters = words.length > 1 ? [words[0]!, words.at(-1)!] : words;
  return letters
    .map((word) => [...word][0])
    .join('')
    .toLocaleUpperCase();
}

/**
 * Whether a picture may be loaded: only from the page's origin, the backend, and the hosts that the page allows.
 * @param base address of the backend.
 * @param hosts the connection's `mediaHosts`. Undefined without a connection, as on a server: then only the backend is
 *   allowed.
 */
export function mayLoad(href: string, base: string, hosts: string | undefined): boolean {
  const origins = [base, ...(hosts === undefined ? [] : [location.href, ...hosts.split(/\s+/)])].map(
    (host) => parseUrl(host)?.origin,
  );
  return origins.includes(new URL(href).origin);
}

/** A picture over initials; only the initials if no picture may be loaded. Decorative: the name is next to it. */
export function avatar(
  name: string,
  picture: string | null | undefined,
  base: string,
  hosts: string | undefined,
): TemplateResult {
  const href = attachmentUrl(base, picture ?? null);
  const src = href && mayLoad(href, base, hosts) ? href : null;
  return html`<span part="avatar" class="avatar" aria-hidden="true">
    ${initials(name)}${src ? html`<img src=${src} alt="" loading="lazy" referrerpolicy="no-referrer" @error=${hide} />` : nothing}
  </span>`;
}

/** Hides a picture that failed to load, which reveals the initials. */
function hide(event: Event): void {
  (event.target as HTMLImageElement).hidden = true;
}
