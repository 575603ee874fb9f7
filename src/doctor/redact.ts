/**
 * Keeps secrets out of what the doctor says. Servers repeat what they were sent: in error texts, in redirects, whole or in
 * pieces, in other encodings. So not the token alone is taken out, but every piece of it that is long enough to be one.
 */

import { base64, base64url } from './base64.js';

/** A piece of a secret that is shorter than this gives nothing away, and may be a word. */
const PIECE = 12;
const HIDDEN = '[token]';

/** The forms in which a secret travels, or in which somebody writes it down. */
function formsOf(secret: string): string[] {
  return [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), base64(secret), base64url(secret)];
}

export class Redactor {
  readonly #pieces = new Set<string>();
  readonly #short = new Set<string>();

  constructor(...secrets: (string | undefined)[]) {
    for (const secret of secrets) if (secret) this.add(secret);
  }

  /** One secret more: a ticket, say. */
  add(secret: string): void {
    for (const form of formsOf(secret.trim())) {
      if (form.length < PIECE) this.#short.add(form);
      for (let at = 0; at + PIECE <= form.length; at++) this.#pieces.add(form.slice(at, at + PIECE));
    }
  }

  /** The text without any secret. Called on whole texts, before they are shortened: a cut could leave half of one. */
  readonly text = (text: string): string => {
    let out = '';
    let hiddenTo = 0;
    for (let at = 0; at < text.length; at++) {
      if (this.#pieces.has(text.slice(at, at + PIECE))) {
        if (at >= hiddenTo) out += HIDDEN;
        hiddenTo = at + PIECE;
      }
      if (at >= hiddenTo) out += text.charAt(at);
    }
    for (const secret of this.#short) if (secret) out = out.replaceAll(secret, HIDDEN);
    return out;
  };
}
