export type Engine = 'chromium' | 'firefox' | 'webkit';
export const ENGINES: Engine[];
export function findBrowsers(): {
  chromium: string | null;
  firefox: string | null;
  webkit: { driver: string; browser: string; display: string | null } | null;
};
export const HOW_TO_GET: Record<Engine, string>;
export const DEBIAN_PACKAGES: Record<Engine, string[]>;
