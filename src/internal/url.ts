/**
 * Parses a URL.
 * @returns null if the text is not a valid URL.
 */
export function parseUrl(url: string, base?: string): URL | null {
  try {
    return new URL(url, base);
  } catch {
    return null;
  }
}

/**
 * Parses an `http:` or `https:` URL.
 * @returns null if the text is not one.
 */
export function parseHttp(text: string, base?: string): URL | null {
  const url = parseUrl(text, base);
  return url && /^https?:$/.test(url.protocol) ? url : null;
}
