/** Serves the page of the soak test with a bundle of its own, independent of other builds. */
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { build } from 'vite';

const TYPES: Record<string, string> = { html: 'text/html', js: 'text/javascript' };
/** Own files; everything else comes from the bundle. */
const OWN = ['page.html', 'page.js'];

/** @param folder Output folder of the bundle. */
export async function servePages(folder: string): Promise<{ url: string; close(): void }> {
  await build({ mode: 'demo', logLevel: 'warn', build: { outDir: folder, sourcemap: false } });
  const server = createServer((request, response) => {
    const name = new URL(request.url ?? '/', 'http://x').pathname.slice(1) || 'page.html';
    response
      .setHeader('Content-Type', TYPES[name.split('.').at(-1)!] ?? 'text/plain')
      .setHeader('Cache-Control', 'no-store');
    createReadStream(join(OWN.includes(name) ? import.meta.dirname : folder, name))
      .on('error', () => response.writeHead(404).end())
      .pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close: () => server.close() };
}
