/**
 * Removes secrets from all output of the doctor. Servers echo a token in error texts and redirects: in full, in part,
 * or in another encoding. So every substring of a secret that is long enough is removed.
 */

import { base64, base64url } from '../internal/base64url.js';

/** Substrings of a secret that are shorter than this are harmless, and may be ordinary words. */
const MIN_PIECE = 12;
const PLACEHOLDER = '[token]';

/** The encodings in which a secret is sent or echoed. */
function encodingsOf(secret: string): string[] {
  return [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), base64(secret), base64url(secret)];
}

export class Redactor {
  readonly #pieces = new Set<string>();
  readonly #shortSecrets = new Set<string>();

  constructor(...secrets: (string | undefined)[]) {
    for (const secret of secrets) if (secret) this.add(secret);
  }

  /** Adds a secret that was issued during the run, such as a ticket. */
  add(secret: string): void {
    for (const form of encodingsOf(secret.trim())) {
      if (form.length < MIN_PIECE) this.#shortSecrets.add(form);
      for (let at = 0; at + MIN_PIECE <= form.length; at++) this.#pieces.add(form.slice(at, at + MIN_PIECE));
    }
  }

  /** Replaces all secrets in a text. Redact before truncating: a cut could leave a piece that is too short to find. */
  readonly redact = (text: string): string => {
    let out = '';
    let redactedTo = 0;
    for (let at = 0; at < text.length; at++) {
      if (this.#pieces.has(text.slice(at, at + MIN_PIECE))) {
        if (at >= redactedTo) out += PLACEHOLDER;
        redactedTo = at + MIN_PIECE;
      }
      if (at >= redactedTo) out += text.charAt(at);
    }
    for (const secret of this.#shortSecrets) if (secret) out = out.replaceAll(secret, PLACEHOLDER);
    return out;
  };
}
