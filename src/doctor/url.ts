/** An address, or nothing where it is none. (`URL.canParse` is younger than the browsers that the widget runs in.) */
export function parseUrl(url: string, base?: string | URL): URL | undefined {
  try {
    return new URL(url, base);
  } catch {
    return undefined;
  }
}
