/** Parses a URL; undefined if it is invalid. (Some supported browsers lack `URL.canParse`.) */
export function parseUrl(url: string, base?: string | URL): URL | undefined {
  try {
    return new URL(url, base);
  } catch {
    return undefined;
  }
}
