/** The built pages of dist/demo/site on a static file server, like a documentation site. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';
import puppeteer, { type Page } from 'puppeteer-core';
import { findBrowsers } from '../support/browsers.mjs';

export interface StaticSite {
  url: string;
  page: Page;
  /** Hosts that have answered. Responses of a service worker contact no host. */
  asked: Set<string>;
  close(): Promise<void>;
}

export async function startStaticSite(): Promise<StaticSite> {
  const files = new Hono().use('*', serveStatic({ root: 'dist/demo/site' }));
  const server = createServer(getRequestListener(files.fetch)).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const browser = await puppeteer.launch({
    executablePath: (findBrowsers() as { chromium: string }).chromium,
    args: ['--no-sandbox', '--disable-background-networking'],
  });
  const page = await browser.newPage();
  const asked = new Set<string>();
  page.on('response', (response) => {
    if (!response.fromServiceWorker()) asked.add(new URL(response.url()).host);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    page,
    asked,
    async close() {
      await browser.close();
      server.close();
    },
  };
}
