/** The package as published by npm, installed into a separate project. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build, type Rolldown } from 'vite';
import type { ChatConnectionElement } from '../../src/index.js';
import { npmCommand } from '../../scripts/install.mjs';
import { startSite } from './site.js';

const run = promisify(execFile);
/** Maximum compressed size of a page that only shows the state, in bytes. */
const STATUS_BUDGET = 22_000;

/** Code that a host page may write, and code that must not compile. */
const TYPES: Record<string, string> = {
  'react.tsx': `import type {} from 'unified-chat/react';
import 'unified-chat';
export const good = (
  <chat-connection url="https://api.example.com" token-url="/token" auth="ticket" className="chat" ref={(element) => void element?.connection.state} onchat-state-change={({ state, reason }) => [state, reason.message]}>
    <chat-rooms selected={7} />
    <chat-thread readonly onchat-send-failed={({ error }) => error.code} onchat-before-send={(event) => event.preventDefault()} />
  </chat-connection>
);
// @ts-expect-error: unknown value
export const way = <chat-connection auth="other" />;
// @ts-expect-error: must be a boolean
export const word = <chat-thread readonly="yes" />;
// @ts-expect-error: unknown property of the event
export const thing = <chat-connection onchat-state-change={(event) => event.nonsense} />;
// @ts-expect-error: unknown attribute
export const none = <chat-status colour="red" />;
`,
  'vue.ts': `import type { GlobalComponents } from 'vue';
import type {} from 'unified-chat/vue';
type Props<Tag extends keyof GlobalComponents> = InstanceType<GlobalComponents[Tag]>['$props'];
export const good: Props<'chat-connection'> = { 'token-url': '/token', tokenProvider: async () => '', onChatStateChange: ({ state }) => void state, class: 'chat' };
// @ts-expect-error: must be a string
export const way: Props<'chat-connection'> = { auth: 7 };
// @ts-expect-error: unknown property of the event
export const thing: Props<'chat-thread'> = { onChatSend: (event) => event.nonsense };
`,
  'svelte.ts': `import type { SvelteHTMLElements } from 'svelte/elements';
import type {} from 'unified-chat/svelte';
export const good: SvelteHTMLElements['chat-connection'] = { 'token-url': '/token', 'onchat-state-change': ({ state }) => void state, class: 'chat' };
// @ts-expect-error: unknown value
export const way: SvelteHTMLElements['chat-connection'] = { auth: 'other' };
// @ts-expect-error: unknown property of the event
export const thing: SvelteHTMLElements['chat-thread'] = { 'onchat-send': (event) => event.nonsense };
`,
  'plain.ts': `import 'unified-chat/chat-thread';
import { ChatConnection, ChatError, type ChatState } from 'unified-chat/headless';
import { connectAdapter } from 'unified-chat/adapter';
import { diagnose } from 'unified-chat/doctor';
const element = document.createElement('chat-thread');
element.room = 7;
element.addEventListener('chat-message', ({ message }) => message.content);
document.addEventListener('chat-room-select', (event) => event.preventDefault());
export const connection = new ChatConnection({ url: 'https://api.example.com', token: '' });
export const state: ChatState = connection.state;
connection.sendChatMessage(7, 'hello', { replyTo: 3 }).then(({ method }) => method satisfies 'websocket' | 'rest').catch((error: unknown) => error instanceof ChatError && error.code);
void diagnose;
export const adapted = connectAdapter({ user: { id: 1, username: 'ana' }, send: async ({ content }) => ({ id: 1, sender: null, content, timestamp: Date.now() }) }, 'mine').connection;
// @ts-expect-error: send is required
connectAdapter({ user: { id: 1, username: 'ana' } }, 'mine');
// @ts-expect-error: must be a number or a string
element.room = {};
`,
};

describe('the package', () => {
  let project: string;
  let tarball: string;
  let packed: string[];
  let size: number;
  const [npm, npmArgs] = npmCommand();
  const inProject = (script: string, ...args: string[]): Promise<{ stdout: string }> =>
    run(process.execPath, [join('node_modules', script), ...args], { cwd: project });

  before(async () => {
    project = await mkdtemp(join(tmpdir(), 'unified-chat-package-'));
    const { stdout } = await run(npm, [
      ...npmArgs,
      'pack',
      '--json',
      '--ignore-scripts',
      '--pack-destination',
      project,
    ]);
    const [{ filename, files, ...pack }] = JSON.parse(stdout) as [
      { filename: string; size: number; files: { path: string }[] },
    ];
    ({ size } = pack);
    tarball = join(project, filename);
    packed = files.map(({ path }) => path);
    await writeFile(
      join(project, 'package.json'),
      JSON.stringify({ name: 'somebody-else', type: 'module', private: true }),
    );
    await run(
      npm,
      [
        ...npmArgs,
        'install',
        '--no-audit',
        '--no-fund',
        '--ignore-scripts',
        tarball,
        'react@19',
        'react-dom@19',
        '@types/react@19',
        '@types/react-dom@19',
        'vue@3',
        'svelte@5',
        'typescript@6.0',
        '@lit-labs/ssr@4',
      ],
      { cwd: project },
    );
  });
  after(() => rm(project, { recursive: true, force: true }));

  it('contains the files it needs, and no development files', () => {
    for (const path of [
      'dist/chat.js',
      'dist/loader.js',
      'dist/index.js',
      'dist/types/index.d.ts',
      'dist/web-types.json',
      'custom-elements.json',
      'LICENSE',
      'README.md',
    ])
      assert.ok(packed.includes(path), path);
    assert.deepEqual(
      packed.filter((path) => /^(test|demo|src)\/|^dist\/demo/.test(path)),
      [],
    );
  });

  it('is at most 700 kB, without source maps and pictures', () => {
    assert.ok(size <= 700_000, `${size} bytes`);
    assert.deepEqual(
      packed.filter((path) => /\.(map|png|gif)$/.test(path)),
      [],
    );
  });

  it('passes publint and "are the types wrong?"', async () => {
    await run(process.execPath, ['node_modules/publint/src/cli.js', tarball, '--strict']);
    await run(process.execPath, [
      'node_modules/@arethetypeswrong/cli/dist/index.js',
      tarball,
      '--profile',
      'esm-only',
      '--format',
      'ascii',
    ]);
  });

  it('has types for React, Vue, Svelte and plain TypeScript that detect mistakes', async () => {
    for (const [name, text] of Object.entries(TYPES)) await writeFile(join(project, name), text);
    await cp('demo/examples/react/main.tsx', join(project, 'example.tsx'));
    const compilerOptions = {
      strict: true,
      noEmit: true,
      jsx: 'react-jsx',
      module: 'esnext',
      moduleResolution: 'bundler',
      target: 'es2022',
      lib: ['es2023', 'dom', 'dom.iterable'],
      types: [],
      skipLibCheck: false,
    };
    await writeFile(
      join(project, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: ['example.tsx', ...Object.keys(TYPES)] }),
    );
    await inProject('typescript/bin/tsc').catch((thrown: { stdout: string }) => assert.fail(thrown.stdout));
  });

  it('works in Node without elements, and its doctor runs', async () => {
    const { stdout } = await run(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        "import { ChatConnection } from 'unified-chat/headless'; console.log(new ChatConnection({ url: 'https://api.example.com' }).state)",
      ],
      { cwd: project },
    );
    assert.equal(stdout.trim(), 'idle');
    const help = await inProject('unified-chat/dist/doctor/cli.js', '--help');
    assert.match(help.stdout, /--url/);
  });

  it('renders its elements on a server', async () => {
    const script =
      "import { html, renderToString, snapshot } from 'unified-chat/ssr'; const rooms = snapshot({ me: 1, rooms: [{ id: 7, name: 'Ladder' }] }); console.log(renderToString(html`<chat-rooms snapshot=${rooms}></chat-rooms>`));";
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: project });
    assert.match(stdout, /<template [^>]*shadowrootmode="open"><style>[^]*role="option"[^]*Ladder/);
  });

  it(`is tree-shakeable: <chat-status> alone in ${STATUS_BUDGET} bytes`, async () => {
    const entry = join(project, 'status.js');
    await writeFile(entry, "import 'unified-chat/chat-status';\n");
    const built = (await build({
      root: project,
      configFile: false,
      logLevel: 'error',
      define: { 'process.env.NODE_ENV': '"production"' },
      build: { outDir: 'out', minify: true, rolldownOptions: { input: entry } },
    })) as Rolldown.RolldownOutput;
    const chunks = built.output.filter((file) => file.type === 'chunk');
    // Loaded initially: the entry with its static imports, recursively.
    const atOnce = new Set(chunks.filter(({ isEntry }) => isEntry).map(({ fileName }) => fileName));
    for (const name of atOnce)
      for (const needed of chunks.find(({ fileName }) => fileName === name)!.imports) atOnce.add(needed);
    const code = chunks.filter(({ fileName }) => atOnce.has(fileName)).map(({ code }) => code);
    const size = code.reduce((sum, text) => sum + gzipSync(text, { level: 9 }).length, 0);
    assert.ok(size <= STATUS_BUDGET, `${size} bytes`);
    assert.match(code.join(''), /chat-status/);
    // The rest is available on demand, for an element with its own token.
    assert.match(
      chunks
        .filter(({ fileName }) => !atOnce.has(fileName))
        .map(({ code }) => code)
        .join(''),
      /new WebSocket|WebSocket/,
    );
    console.log(`    <chat-status> alone: ${size} bytes`);
  });

  it('works in a browser when bundled', async () => {
    await writeFile(join(project, 'app.js'), "import 'unified-chat';\n");
    await writeFile(
      join(project, 'app.html'),
      '<!doctype html><html lang="en"><head><title>An app</title><link rel="icon" href="data:,"></head><body><chat-connection token-url="/token/1"><chat-rooms selected="1"></chat-rooms><chat-thread></chat-thread></chat-connection><script type="module" src="./app.js"></script></body></html>',
    );
    await build({
      root: project,
      configFile: false,
      logLevel: 'error',
      base: './',
      build: { outDir: 'app', rolldownOptions: { input: join(project, 'app.html') }, chunkSizeWarningLimit: 1_000 },
    });
    const site = await startSite({ folders: { '/app': join(project, 'app') } });
    try {
      const { page, output } = await site.open('/app/app.html');
      await page.waitForFunction(() => document.querySelector('chat-thread')?.shadowRoot?.querySelector('li'));
      await page.waitForFunction(
        () => document.querySelector<ChatConnectionElement>('chat-connection')!.connection.state === 'connected',
      );
      assert.deepEqual(output, []);
    } finally {
      await site.close();
    }
  });

  it('refers only to files that it contains', async () => {
    const {
      customElements,
      'web-types': webTypes,
      bin,
    } = JSON.parse(await readFile(join(project, 'node_modules/unified-chat/package.json'), 'utf8')) as {
      customElements: string;
      'web-types': string;
      bin: Record<string, string>;
    };
    for (const path of [customElements, webTypes, ...Object.values(bin)])
      assert.ok(packed.includes(path.replace('./', '')), path);
  });

  it('contains everything that docs/ links to', async () => {
    await cp(join(project, 'node_modules/unified-chat'), join(project, 'copy'), { recursive: true });
    const readme = await readFile(join(project, 'copy/README.md'), 'utf8');
    const links = [...readme.matchAll(/\]\((docs\/[^)#]+\.md)/g)].map(([, path]) => path!);
    assert.ok(links.length > 5);
    for (const path of links) assert.ok(packed.includes(path), path);
  });
});
