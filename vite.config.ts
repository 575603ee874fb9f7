/**
 * Builds of the same sources:
 *
 *     vite build                  dist/chat.js         single script for pages without a bundler, and its chunks/
 *     vite build --mode loader    dist/loader.js       classic script that loads chat.js, by its hash, on use
 *     vite build --mode modules   dist/index.js …      one file per module, with external dependencies, for bundlers
 *                                                      and for the doctor's command line (dist/doctor/cli.js)
 *     vite build --mode demo      dist/demo/chat.js    like the first, unminified: takes under a second, for `npm start`
 *     … --mode demo-loader        dist/demo/loader.js  loads the chat.js next to it, without a hash
 *     … --mode examples           dist/demo/examples/  the examples that need a bundler
 *     … --mode site               dist/demo/site/      playground and studio, as static files
 *
 * `npm run build` runs the first three, in this order, and writes the types.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import vue from '@vitejs/plugin-vue';
import { transform } from 'lightningcss';
import MagicString from 'magic-string';
import { minify } from 'terser';
import { defineConfig, type Plugin, type UserConfig } from 'vite';
import { INTERNAL_NAMES } from './scripts/internal-names.js';
import { trimLit, trimZod } from './scripts/trim-libraries.js';
import { CloseCode } from './src/protocol/close-codes.js';

const DEPENDENCIES = /^(lit|@lit\/|@lit-labs\/|zod|ws$|node:)/;

export default defineConfig(({ mode }) => {
  if (mode === 'examples') return examples;
  if (mode === 'site') return site;
  const modules = mode === 'modules';
  const demo = mode.startsWith('demo');
  const loader = mode.endsWith('loader');
  const small = !modules && !demo;
  const entry: Record<string, string> = modules
    ? {
        index: 'src/index.ts',
        headless: 'src/headless.ts',
        hydrate: 'src/hydrate.ts',
        ssr: 'src/ssr.ts',
        'doctor/index': 'src/doctor/index.ts',
        'doctor/cli': 'src/doctor/cli.ts',
        'adapter/index': 'src/adapter/index.ts',
        ...Object.fromEntries(
          readdirSync('src/define').map((file) => [`define/${file.slice(0, -3)}`, `src/define/${file}`]),
        ),
      }
    : loader
      ? { loader: 'src/loader.ts' }
      : { chat: 'src/chat.ts' };
  return {
    plugins: demo
      ? []
      : [
          minifyTemplates(),
          ...(small
            ? [
                trimLit(),
                trimZod(),
                inlineCloseCodes(),
                shortenInternalNames(),
                loader ? writeSnippet() : removeOldChunks(),
                compressTwice(),
              ]
            : []),
        ],
    publicDir: false,
    ...(!modules && {
      define: {
        'process.env.NODE_ENV': '"production"',
        CHAT_INTEGRITY: JSON.stringify(loader && small ? integrity('chat.js') : ''),
      },
    }),
    build: {
      outDir: demo ? 'dist/demo' : 'dist',
      // The builds share the folder, so each replaces its own files only.
      emptyOutDir: false,
      target: 'es2022',
      // loader.js is small enough to be read without a source map. The package contains no maps, so the published files
      // do not name them either; developer tools can be given a map by hand.
      sourcemap: loader ? false : demo ? true : 'hidden',
      minify: small,
      reportCompressedSize: false,
      // Library mode keeps dynamic imports as they are. In an app, Vite adds a helper that preloads style sheets.
      lib: loader ? { entry, formats: ['iife'], name: 'unifiedChatLoader' } : { entry, formats: ['es'] },
      rolldownOptions: {
        // Code shared by the script and its chunks stays in the script, instead of becoming a chunk of its own.
        preserveEntrySignatures: 'allow-extension',
        ...(modules ? { external: DEPENDENCIES } : { treeshake: { propertyReadSideEffects: false } }),
        output: {
          entryFileNames: '[name].js',
          // Short hashes: the script contains them all, and they do not compress.
          chunkFileNames: 'chunks/[name]-[hash:6].js',
          ...(modules && { preserveModules: true, preserveModulesRoot: 'src' }),
          // One chunk for the other elements and the rich parts of a thread. Everything that the script needs at once is
          // in the script: an import of a chunk would cost a page one more round trip.
          ...(!modules &&
            !loader && {
              codeSplitting: {
                includeDependenciesRecursively: false,
                groups: [
                  {
                    name: 'secondary',
                    test: /src\/(secondary-elements|elements\/(avatar|broken-row|untrusted|interval-controller|live-region|settled-state|state-terms|typed-keys|unnamed-user|document-styles|chat-(rooms|status|launcher)\/(?!details)|chat-thread\/(rich-parts|attach-files|message-(files|reactions)|file-size|reading-detector|linkify|text-parts|selected-rows|printed-rows|wheel-reserve))|theme\/(avatar|contrast|launcher)|store\/permissions|locale\/(relative-time|en-))/,
                  },
                  { name: 'chat', tags: ['$initial'] },
                  // Everything about files of unsent messages.
                  {
                    name: 'uploads',
                    test: /src\/(session\/uploads\/(?!upload-errors)|transport\/(upload-request|transfer)|client\/(upload-methods|is-accepted))/,
                  },
                  // The deferred code of session and client, which is loaded together.
                  {
                    name: 'deferred',
                    test: /src\/(session|client)\/deferred\.ts$/,
                    includeDependenciesRecursively: true,
                  },
                ],
              },
            }),
          // In library mode, Vite keeps annotations and white space for the next bundler. Pages load this build
          // directly.
          ...(small && { minify: true, comments: { annotation: false, jsdoc: false, legal: false } }),
        },
      },
    },
  };
});

const FRAMEWORKS = ['react', 'vue', 'svelte', 'angular'];

/** Config for demo pages below `root`. They import `unified-chat` as if it were installed. */
const demoPages = (root: string, pages: string[], plugins: Plugin[]): UserConfig => ({
  root,
  base: './',
  plugins,
  resolve: {
    alias: {
      'unified-chat/headless': fileURLToPath(new URL('src/headless.ts', import.meta.url)),
      'unified-chat/hydrate': fileURLToPath(new URL('src/hydrate.ts', import.meta.url)),
      'unified-chat': fileURLToPath(new URL('src/index.ts', import.meta.url)),
    },
  },
  build: {
    outDir: `../../dist/${root}`,
    emptyOutDir: true,
    rolldownOptions: { input: pages.map((name) => `${root}/${name}.html`) },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 2_000,
  },
});

/** One example per framework, built with that framework's plugin, and those without one. */
const examples = demoPages(
  'demo/examples',
  [...[...FRAMEWORKS, 'ssr', 'headless'].map((name) => `${name}/index`), ...FRAMEWORKS.map((name) => `${name}/late`)],
  [
    vue({ template: { compilerOptions: { isCustomElement: (tag) => tag.startsWith('chat-') } } }),
    ...svelte({ configFile: false }),
  ],
);

const site = demoPages('demo/site', ['playground/index', 'studio/index'], [copyServiceWorker()]);

/** msw needs its service worker next to the page, because the scope of a service worker is its folder. */
function copyServiceWorker(): Plugin {
  return {
    name: 'copy-service-worker',
    generateBundle() {
      this.emitFile({
        type: 'asset',
        fileName: 'mockServiceWorker.js',
        source: readFileSync('node_modules/msw/lib/mockServiceWorker.js', 'utf8'),
      });
    },
  };
}

/** Chunk names contain a hash of their content, so chunks of earlier builds would never be overwritten. */
const removeOldChunks = (): Plugin => ({
  name: 'remove-old-chunks',
  apply: 'build',
  buildStart: () => rmSync('dist/chunks', { recursive: true, force: true }),
});

/** Subresource Integrity hash of a file in dist/. */
const integrity = (file: string): string =>
  `sha384-${createHash('sha384')
    .update(readFileSync(`dist/${file}`))
    .digest('base64')}`;

/**
 * Writes dist/snippet.html after both builds for pages: the markup to paste, with a hash for every file it may load.
 */
const writeSnippet = (): Plugin => ({
  name: 'write-snippet',
  apply: 'build',
  closeBundle() {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    const folder = `https://your.host/unified-chat@${version}/`;
    const chunks = readdirSync('dist/chunks')
      .filter((name) => name.endsWith('.js'))
      .sort();
    const files = ['chat.js', ...chunks.map((name) => `chunks/${name}`)];
    const map = JSON.stringify({
      integrity: Object.fromEntries(files.map((file) => [folder + file, integrity(file)])),
    });
    const hash = createHash('sha256').update(map).digest('base64');
    const snippet = `<!-- unified-chat ${version}. Host dist/ at ${folder} (or any other address: change it here and below).
     If your Content-Security-Policy forbids inline scripts, allow this one: script-src … 'sha256-${hash}' -->
<script type="importmap">${map}</script>
<script type="module" src="${folder}chat.js" integrity="${integrity('chat.js')}" crossorigin="anonymous"></script>

<!-- Or, instead of the second script and any elements: a chat button in the corner of the page that loads the rest on use. -->
<script async src="${folder}loader.js" integrity="${integrity('loader.js')}" crossorigin="anonymous" data-url="https://api.example.com" data-token-url="/chat-token/"></script>
`;
    writeFileSync('dist/snippet.html', snippet);
    console.log(`dist/snippet.html\n\n${snippet}`);
  },
});

/** Minifies the templates of Lit: removes comments and white space from CSS, and indentation from markup. */
function minifyTemplates(): Plugin {
  return {
    name: 'minify-templates',
    enforce: 'post',
    apply: 'build',
    transform: {
      filter: { id: /\/src\/.*\.ts$/, code: /(css|html|svg)`/ },
      handler(code, id) {
        const edits = new MagicString(code);
        for (const { tag, quasi } of taggedTemplates(this.parse(code))) {
          for (const part of quasi.quasis) {
            const raw = part.value.raw;
            const small = tag.name === 'css' ? minifyCss(raw, quasi.quasis.length === 1, id) : minifyMarkup(raw);
            if (small !== raw) edits.overwrite(part.start, part.end, small);
          }
        }
        return { code: edits.toString(), map: edits.generateMap({ hires: true }) };
      },
    },
  };
}

const COMMENTS = /\/\*[^]*?\*\/|^\s*\/\/.*$/gm;

/**
 * Shortens the names listed in scripts/internal-names.ts, the most frequent ones the most. Comments do not count, so
 * that editing one does not change the build.
 */
function shortenInternalNames(): Plugin {
  const words = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .flatMap((path) => readFileSync(`src/${path}`, 'utf8').replace(COMMENTS, '').match(/\w+/g) ?? []);
  const uses = new Map<string, number>();
  for (const word of words) uses.set(word, (uses.get(word) ?? 0) + 1);
  const names = INTERNAL_NAMES.toSorted((a, b) => (uses.get(b) ?? 0) - (uses.get(a) ?? 0));
  // In Terser's order, which makes repeated names likely.
  const suffixes = [...'tesirnaohlcdupmfgvwybkTESIRNAOHLCDUPMFGVWYBK0123456789jqxzJQXZ'];
  const shortNames = ['$', '_', '$$', '_$', '$_', '__'].flatMap((prefix) => suffixes.map((suffix) => prefix + suffix));
  const short = new Map(names.map((name, index) => [name, shortNames[index]!]));
  const pattern = new RegExp(`(?<![\\w'"/-])(${INTERNAL_NAMES.join('|')})(?![\\w'"/-])`, 'g');
  return {
    name: 'shorten-internal-names',
    enforce: 'pre',
    transform(code, id) {
      if (!/\/src\/[\w/.-]+\.ts$/.test(id)) return undefined;
      const edits = new MagicString(code).replace(pattern, (name) => short.get(name)!);
      return { code: edits.toString(), map: edits.generateMap({ hires: true }) };
    },
  };
}

/** Replaces `CloseCode.name` by its number, so that a page does not load the table of names. */
function inlineCloseCodes(): Plugin {
  return {
    name: 'inline-close-codes',
    enforce: 'pre',
    transform(code, id) {
      if (!/\/src\/[\w/.-]+\.ts$/.test(id)) return undefined;
      const edits = new MagicString(code).replace(/\bCloseCode\.(\w+)/g, (_, name: keyof typeof CloseCode) =>
        String(CloseCode[name]),
      );
      return { code: edits.toString(), map: edits.generateMap({ hires: true }) };
    },
  };
}

interface Template {
  tag: { type: string; name: string };
  quasi: { quasis: { start: number; end: number; value: { raw: string } }[] };
}

function* taggedTemplates(node: unknown): Generator<Template> {
  if (typeof node !== 'object' || node === null) return;
  const { type, tag } = node as { type?: string } & Partial<Template>;
  if (type === 'TaggedTemplateExpression' && tag?.type === 'Identifier' && /^(css|html|svg)$/.test(tag.name))
    yield node as Template;
  for (const child of Object.values(node)) yield* taggedTemplates(child);
}

/** Minifies a complete style sheet. Leaves fragments around an expression, and text with escapes, unchanged. */
function minifyCss(raw: string, isWhole: boolean, filename: string): string {
  if (!isWhole || raw.includes('\\') || raw.trim() === '') return raw;
  const { code } = transform({ filename, code: Buffer.from(raw), minify: true });
  const small = code.toString();
  return /[\\`]|\$\{/.test(small) ? raw : small;
}

/**
 * Collapses white space with a line break to a single space, and removes it next to a block. Both render the same: the
 * templates contain no line breaks inside an element with `white-space: pre`.
 */
const minifyMarkup = (raw: string): string =>
  raw
    .replace(/\s*\n\s*/g, ' ')
    .replace(/ (?=<\/?(div|section|ol|ul|li|p|form|h2|dl|dt|dd)\b)/g, '')
    .replace(/(<\/(div|section|ol|ul|li|p|form|h2|dl|dt|dd)>) /g, '$1');

/**
 * Terser before and after Vite's minifier saves about 1 % compared to either one; Terser's short names compress better.
 */
function compressTwice(): Plugin {
  return {
    name: 'compress-twice',
    async generateBundle(_options, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk') continue;
        const known = bundle[`${chunk.fileName}.map`];
        const content = known?.type === 'asset' ? String(known.source) : undefined;
        const { code, map } = await minify(chunk.code, {
          module: true,
          compress: false,
          mangle: true,
          sourceMap: content ? { content } : false,
        });
        chunk.code = code ?? chunk.code;
        if (known?.type === 'asset' && map) known.source = map as string;
      }
    },
    async renderChunk(code) {
      const { code: small, map } = await minify(code, {
        module: true,
        ecma: 2020,
        mangle: false,
        compress: { passes: 5, inline: 1 as never, unsafe_arrows: true, unsafe_methods: true, keep_fargs: false },
        sourceMap: true,
      });
      return { code: small ?? code, map: map as string };
    },
  };
}
