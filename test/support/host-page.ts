/** A foreign page in an iframe, to observe chat.js and loader.js from outside. */

export interface HostPage {
  window: Window & typeof globalThis;
  document: Document;
  /** Adds a script element. @returns the element, after the script has run. */
  script(attributes: Record<string, string>): Promise<HTMLScriptElement>;
  /** Paths of the scripts loaded from this origin. */
  loaded(): string[];
  remove(): void;
}

/** @param path Path of the page. Default: test/e2e/pages/host.html. */
export async function openHostPage(path = '/test/e2e/pages/host.html'): Promise<HostPage> {
  const frame = Object.assign(document.createElement('iframe'), { src: path, width: '1000', height: '700' });
  document.body.append(frame);
  await new Promise((resolve) => (frame.onload = resolve));
  const window = frame.contentWindow as Window & typeof globalThis;
  return {
    window,
    get document() {
      return window.document;
    },
    script: (attributes) =>
      new Promise((resolve, reject) => {
        const script = window.document.createElement('script');
        for (const [name, value] of Object.entries(attributes)) script.setAttribute(name, value);
        script.onload = () => resolve(script);
        script.onerror = () => reject(new Error(`${attributes.src} could not be loaded.`));
        window.document.body.append(script);
      }),
    loaded: () =>
      window.performance
        .getEntriesByType('resource')
        .map(({ name }) => new URL(name))
        .filter(({ origin }) => origin === location.origin)
        .map(({ pathname }) => pathname),
    remove: () => frame.remove(),
  };
}
