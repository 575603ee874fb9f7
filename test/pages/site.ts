/** A site with the chat, for tests from the visitor's perspective: the real backend, the published dist/, Chromium. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import type { Options } from '../../demo/server/options.js';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { findBrowsers } from '../support/browsers.mjs';

export interface PageOptions {
  width?: number;
  height?: number;
  /** A fixed time, so that screenshots show the same relative times. */
  now?: number;
  /** Whether the page is in a browser context of its own, like on another device: nothing is shared. */
  isApart?: boolean;
}

export interface Site {
  url: string;
  server: RunningServer;
  /** Opens a page of this site or another. `output` collects its console output and errors. */
  open(path: string, options?: PageOptions): Promise<{ page: Page; output: string[] }>;
  close(): Promise<void>;
}

export interface SiteOptions extends Partial<Options> {
  /** Default: `chromium`. */
  engine?: 'chromium' | 'firefox';
  /** The Content-Security-Policy of all pages. Default: none. */
  policy?: string;
  /** Firefox preferences. */
  preferences?: Record<string, unknown>;
}

/** User ids of the seed data. */
const PEOPLE: Record<string, number> = { ana: 1, ben: 2 };

/**
 * @param pages By path: markup (possibly a promise), or a folder of this project.
 * @param options For the backend and the browser.
 */
export async function startSite(
  pages: { html?: Record<string, string>; folders?: Record<string, string> } = {},
  siteOptions: SiteOptions = {},
): Promise<Site> {
  const { engine = 'chromium', preferences = {}, policy, ...options } = siteOptions;
  const app = new Hono();
  app.get('/token/:user', async (context) =>
    context.json({ token: await server.signToken(Number(context.req.param('user'))) }),
  );
  app.get('/demo/token/:name', async (context) =>
    context.json({ token: await server.signToken(PEOPLE[context.req.param('name')]!) }),
  );
  if (policy)
    app.use(async (context, next) => {
      await next();
      context.header('Content-Security-Policy', policy);
    });
  // Headers of a host that serves scripts to other sites.
  app.use('/dist/*', async (context, next) => {
    await next();
    context.header('Access-Control-Allow-Origin', '*');
  });
  app.use('/dist/*', serveStatic({ root: '.' }));
  for (const [path, root] of Object.entries(pages.folders ?? {}))
    app.use(`${path}/*`, serveStatic({ root, rewriteRequestPath: (asked) => asked.slice(path.length) }));
  app.use(async (context, next) => {
    const markup = pages.html?.[context.req.path];
    return markup === undefined ? next() : context.html(markup);
  });
  const folder = await mkdtemp(join(tmpdir(), 'unified-chat-site-'));
  const server = await startServer({
    database: { kind: 'folder', path: folder },
    seed: true,
    logLevel: 'silent',
    fetch: (request) => app.fetch(request),
    ...options,
  });
  const executablePath = (findBrowsers() as unknown as Record<string, string>)[engine]!;
  const browser: Browser =
    engine === 'firefox'
      ? await puppeteer.launch({ browser: 'firefox', executablePath, extraPrefsFirefox: preferences })
      : await puppeteer.launch({
          executablePath,
          args: [
            '--no-sandbox',
            '--disable-gpu',
            '--disable-background-networking',
            '--force-color-profile=srgb',
            '--font-render-hinting=none',
          ],
        });
  return {
    url: server.url,
    server,
    async open(path, { width = 1000, height = 700, now, isApart = false } = {}) {
      const page = await (isApart ? await browser.createBrowserContext() : browser).newPage();
      await page.setViewport({ width, height });
      if (now !== undefined) await page.evaluateOnNewDocument((at) => (Date.now = () => at), now);
      const output: string[] = [];
      page.on('console', (message) => output.push(message.text()));
      page.on('pageerror', (error) => output.push(String(error)));
      await page.goto(new URL(path, server.url).href);
      return { page, output };
    },
    async close() {
      await browser.close();
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
