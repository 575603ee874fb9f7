/** A URL, or nothing if the text is none. */
export function parseUrl(url: string, base?: string): URL | null {
  try {
    return new URL(url, base);
  } catch {
    return null;
  }
}

/** A URL that is fetched over HTTP, or nothing if the text is none. */
export function parseHttp(text: string, base?: string): URL | null {
  const url = parseUrl(text, base);
  return url && /^https?:$/.test(url.protocol) ? url : null;
}
