/** Avatars of users and rooms. */
import { html, nothing, type TemplateResult } from 'lit';
import { attachmentUrl, parseUrl } from '../transport/index.js';

/** A letter or digit without combining marks, in a script without clusters. Nearly all names start with one. */
const SINGLE =
  /^[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Han}\d](?![\p{M}\u200d])/u;

/** Created for the first word that needs it, because the first segmenter of a page blocks it for about 40 ms. */
let segmenter: Intl.Segmenter | undefined;

/** The first character as users perceive it: with its accents and vowel signs, an emoji with its modifiers. */
const firstCharacter = (word: string): string =>
  SINGLE.exec(word)?.[0] ??
  (segmenter ??= new Intl.Segmenter()).segment(word)[Symbol.iterator]().next().value?.segment ??
  '';

/** One or two initials. */
function initials(name: string): string {
  const parts = name.split(/[\s\p{P}]+/u).filter(Boolean);
  const named = parts.filter((part) => /[\p{L}\p{N}]/u.test(part));
  const words = named.length > 0 ? named : parts;
  return (words.length > 1 ? [words[0]!, words.at(-1)!] : words).map(firstCharacter).join('').toLocaleUpperCase();
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
    ${initials(name)}${src ? html`<img src=${src} alt="" loading="lazy" referrerpolicy="no-referrer" @error=${hidePicture} />` : nothing}
  </span>`;
}

/** Hides a picture that failed to load, which reveals the text in its place: initials, or the name of a file. */
export function hidePicture(event: Event): void {
  (event.target as HTMLImageElement).hidden = true;
}
