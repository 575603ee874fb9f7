/** The pasted dist/snippet.html: a browser runs only the files that were built. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ChatConnectionElement } from '../../src/index.js';
import { startSite, type Site } from './site.js';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
const snippet = readFileSync('dist/snippet.html', 'utf8');
const parts = readdirSync('dist/chunks').filter((name) => name.endsWith('.js'));
/** A chunk that chat.js loads on demand. */
const secondary = parts.find((name) => name.startsWith('secondary-'))!;

describe('the snippet printed by the build', () => {
  let site: Site;
  const folder = mkdtempSync(join(tmpdir(), 'unified-chat-changed-'));
  before(async () => {
    cpSync('dist/chat.js', join(folder, 'chat.js'));
    cpSync('dist/chunks', join(folder, 'chunks'), { recursive: true });
    writeFileSync(
      join(folder, 'chunks', secondary),
      `globalThis.changed = true;\n${readFileSync(join('dist/chunks', secondary), 'utf8')}`,
    );
    const html: Record<string, string> = {};
    site = await startSite({ html, folders: { '/changed': folder } });
    for (const where of ['dist', 'changed']) {
      // Without the alternative, the loader.
      const pasted = snippet
        .replaceAll(`https://your.host/unified-chat@${version}/`, `${site.url}/${where}/`)
        .replace(/<script async.*<\/script>/, '');
      html[`/${where}.html`] =
        `<!doctype html><html lang="en"><head><title>Mine</title><link rel="icon" href="data:,">${pasted}</head>
        <body><chat-connection token-url="/token/1"><chat-rooms></chat-rooms><chat-thread room="1"></chat-thread></chat-connection></body></html>`;
    }
  });
  after(async () => {
    await site.close();
    rmSync(folder, { recursive: true });
  });

  it('contains the version, and the hash of every loadable file', () => {
    assert.ok(snippet.includes(`unified-chat@${version}/chat.js" integrity="sha384-`));
    assert.ok(snippet.includes(`unified-chat@${version}/loader.js" integrity="sha384-`));
    const map = JSON.parse(/<script type="importmap">(.*?)<\/script>/.exec(snippet)![1]!) as {
      integrity: Record<string, string>;
    };
    assert.deepEqual(
      Object.keys(map.integrity).sort(),
      ['chat.js', ...parts.map((name) => `chunks/${name}`)]
        .map((file) => `https://your.host/unified-chat@${version}/${file}`)
        .sort(),
    );
  });

  it('works when pasted', async () => {
    const { page, output } = await site.open('/dist.html');
    await page.waitForFunction(
      () => document.querySelector<ChatConnectionElement>('chat-connection')?.connection?.state === 'connected',
    );
    await page.waitForFunction(() => document.querySelector('chat-rooms')?.shadowRoot?.querySelector('[role=option]'));
    assert.deepEqual(output, []);
    await page.close();
  });

  it('runs no modified file, while unmodified ones work', async () => {
    const { page, output } = await site.open('/changed.html');
    await page.waitForFunction(() => document.querySelector('chat-thread')?.shadowRoot?.querySelector('li'));
    assert.equal(
      await page.evaluate(() => customElements.get('chat-rooms') === undefined && !('changed' in globalThis)),
      true,
    );
    assert.ok(
      output.some((line) => line.includes('integrity')),
      output.join(),
    );
    await page.close();
  });
});
