/**
 * The builds of the same source:
 *   vite build                  dist/chat.js       one script for a page without a bundler, and chunks/ for what it loads after that
 *   vite build --mode loader    dist/loader.js     the classic script that loads chat.js, by its hash, when somebody wants to chat
 *   vite build --mode modules   dist/index.js …    one file a module, its dependencies left to the reader's bundler
 *   vite build --mode cli       dist/doctor-cli.js the doctor at a terminal, for Node
 *   vite build --mode demo      dist/demo/chat.js  as the first, not compressed: in under a second, for `npm start`;
 *   … --mode demo-loader        dist/demo/loader.js, which takes whatever chat.js is there
 *   … --mode examples           dist/demo/examples/, the examples that have a framework
 *   … --mode site               dist/demo/site/, playground and studio: static files
 * `npm run build` runs the first four, in this order, and writes the types.
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

const DEPENDENCIES = /^(lit|@lit\/|@lit-labs\/|zod|ws$|node:)/;

export default defineConfig(({ mode }) => {
  if (mode === 'examples') return examples;
  if (mode === 'site') return site;
  const modules = mode === 'modules';
  const cli = mode === 'cli';
  const demo = mode.startsWith('demo');
  const loader = mode.endsWith('loader');
  const small = !modules && !cli && !demo;
  const entry: Record<string, string> = modules
    ? { index: 'src/index.ts', headless: 'src/headless.ts', hydrate: 'src/hydrate.ts', ssr: 'src/ssr.ts', 'doctor/index': 'src/doctor/index.ts', 'adapter/index': 'src/adapter/index.ts', ...Object.fromEntries(readdirSync('src/define').map((file) => [`define/${file.slice(0, -3)}`, `src/define/${file}`])) }
    : cli
      ? { 'doctor-cli': 'src/doctor/cli.ts' }
      : loader
        ? { loader: 'src/loader.ts' }
        : { chat: 'src/chat.ts' };
  return {
    plugins: demo || cli ? [] : [minifyTemplates(), ...(small ? [trimLit(), trimZod(), shortenInternalNames(), loader ? writeSnippet() : removeOldParts(), compressTwice()] : [])],
    publicDir: false,
    ...(!modules && !cli && { define: { 'process.env.NODE_ENV': '"production"', CHAT_INTEGRITY: JSON.stringify(loader && small ? integrity('chat.js') : '') } }),
    build: {
      outDir: demo ? 'dist/demo' : 'dist',
      // Each build replaces its own files only.
      emptyOutDir: false,
      target: 'es2022',
      // Two kilobytes are read without one.
      sourcemap: !loader,
      minify: small,
      reportCompressedSize: false,
      // A library, so that a dynamic import stays one: in an app, Vite wraps it in a helper that preloads style sheets.
      lib: loader ? { entry, formats: ['iife'], name: 'unifiedChatLoader' } : { entry, formats: ['es'] },
      rolldownOptions: {
        // What a part that is loaded on demand shares with the rest stays in the one script, and is no file of its own.
        preserveEntrySignatures: 'allow-extension',
        ...(modules || cli ? { external: DEPENDENCIES } : { treeshake: { propertyReadSideEffects: false } }),
        output: {
          entryFileNames: '[name].js',
          // Each name stands in the one script, and nothing compresses a hash.
          chunkFileNames: 'chunks/[name]-[hash:6].js',
          ...(modules && { preserveModules: true, preserveModulesRoot: 'src' }),
          // The other elements and the rich parts of a thread are one file.
          ...(!modules && !cli && !loader && { codeSplitting: { includeDependenciesRecursively: false, groups: [{ name: 'secondary', test: /src\/(secondary-elements|elements\/(avatar|broken-row|untrusted|interval-controller|chat-(rooms|status|launcher)\/(?!details)|chat-thread\/(rich-parts|live-region|linkify))|theme\/(avatar|launcher)|locale\/(relative-time|en-))/ }] } }),
          // What Vite leaves in a library for the next bundler is of no use to a page that loads this one.
          ...(small && { minify: true, comments: { annotation: false, jsdoc: false, legal: false } }),
        },
      },
    },
  };
});

const FRAMEWORKS = ['react', 'vue', 'svelte', 'angular'];

/** Pages of the demo, below `root`. In them, `unified-chat` is what `npm install` would bring. */
const demoPages = (root: string, pages: string[], plugins: Plugin[]): UserConfig => ({
  root,
  base: './',
  plugins,
  resolve: { alias: { 'unified-chat/hydrate': fileURLToPath(new URL('src/hydrate.ts', import.meta.url)), 'unified-chat': fileURLToPath(new URL('src/index.ts', import.meta.url)) } },
  build: {
    outDir: `../../dist/${root}`,
    emptyOutDir: true,
    rolldownOptions: { input: pages.map((name) => `${root}/${name}.html`) },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 2_000,
  },
});

/** Each as its own framework would have it. */
const examples = demoPages(
  'demo/examples',
  [...[...FRAMEWORKS, 'ssr'].map((name) => `${name}/index`), ...FRAMEWORKS.map((name) => `${name}/late`)],
  [vue({ template: { compilerOptions: { isCustomElement: (tag) => tag.startsWith('chat-') } } }), ...svelte({ configFile: false })],
);

const site = demoPages('demo/site', ['playground/index', 'studio/index'], [copyServiceWorker()]);

/** msw answers requests from a service worker, which looks after the folder that it stands in. */
function copyServiceWorker(): Plugin {
  return {
    name: 'copy-service-worker',
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: 'mockServiceWorker.js', source: readFileSync('node_modules/msw/lib/mockServiceWorker.js', 'utf8') });
    },
  };
}

/** A part's name changes with what is in it: those of earlier builds would stay for ever. */
const removeOldParts = (): Plugin => ({
  name: 'remove-old-parts',
  apply: 'build',
  buildStart: () => rmSync('dist/chunks', { recursive: true, force: true }),
});

/** What a page writes beside the address of a file in dist/, so that its browser takes that file and no other. */
const integrity = (file: string): string => `sha384-${createHash('sha384').update(readFileSync(`dist/${file}`)).digest('base64')}`;

/** Last of the two builds for pages: dist/snippet.html is what a page pastes, with the hash of every file that it may load. */
const writeSnippet = (): Plugin => ({
  name: 'write-snippet',
  apply: 'build',
  closeBundle() {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    const folder = `https://your.host/unified-chat@${version}/`;
    const parts = readdirSync('dist/chunks').filter((name) => name.endsWith('.js')).sort();
    const map = JSON.stringify({ integrity: Object.fromEntries(['chat.js', ...parts.map((name) => `chunks/${name}`)].map((file) => [folder + file, integrity(file)])) });
    const hash = createHash('sha256').update(map).digest('base64');
    const snippet = `<!-- unified-chat ${version}. Put dist/ at ${folder} (any address of yours will do, here and below).
     Where a Content-Security-Policy forbids inline scripts, allow this one: script-src … 'sha256-${hash}' -->
<script type="importmap">${map}</script>
<script type="module" src="${folder}chat.js" integrity="${integrity('chat.js')}" crossorigin="anonymous"></script>

<!-- Or, instead of the second line and of any element, a button in the corner that loads the rest when somebody wants to chat: -->
<script async src="${folder}loader.js" integrity="${integrity('loader.js')}" crossorigin="anonymous" data-url="https://api.example.com" data-token-url="/chat-token/"></script>
`;
    writeFileSync('dist/snippet.html', snippet);
    console.log(`dist/snippet.html\n\n${snippet}`);
  },
});

/** Takes what only people need out of Lit's templates: comments and indents in CSS, indents in markup. */
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

/**
 * What Lit asks of the page while it is loaded, with answers that are known here: every browser that this script runs in has
 * `adoptedStyleSheets`; no polyfill, nor another Lit's hydration that a page may have loaded, has any business in this copy, which need not
 * tell its version either; and our elements have no decorators.
 */
function trimLit(): Plugin {
  const versions: [RegExp, string] = [/\(\w+\.\w+Versions\?\?=\[\]\)\.push\("[\d.]+"\)/, 'void 0'];
  // Where the browser has no Trusted Types, an element with that id has the name, and is not the window's own property.
  const ownTrustedTypes: [RegExp, string] = [/(\w)\.trustedTypes,/, 'Object.hasOwn($1,"trustedTypes")&&$1.trustedTypes,'];
  const asked: Record<string, [RegExp, string][]> = {
    'reactive-element/css-tag.js': [
      [/\w+\.ShadowRoot&&\(.*?\)&&"adoptedStyleSheets"in Document\.prototype&&"replace"in CSSStyleSheet\.prototype/, 'true'],
      // No code but ours writes templates and styles with this copy.
      [/Error\("CSSResult is not.*?"\)/, 'Error()'],
      [/Error\("Value passed to.*? security\."\)/, 'Error()'],
    ],
    'reactive-element/reactive-element.js': [
      ownTrustedTypes,
      [/\w+\.reactiveElementPolyfillSupport/, 'void 0'],
      [/Symbol\.metadata\?\?=Symbol\("metadata"\),\w+\.litPropertyMetadata\?\?=new WeakMap;/, ''],
      [/const (\w)=this\[Symbol\.metadata\];if\(null!==\1\)\{.*?\}(?=this\._\$Eh=)/, ''],
      // Only decorators add initializers.
      [/static addInitializer\(\w\)\{.*?\}/, ''],
      [/,void 0!==(\w)\.l&&\(this\.l=\[\.\.\.\1\.l\]\)/, ''],
      [/,this\.constructor\.l\?\.forEach\(\w=>\w\(this\)\)/, ''],
      // All attributes of the elements are of type String or Boolean.
      [/case Object:case Array:\w=null==\w\?\w:JSON\.stringify\(\w\)/, ''],
      [/case Number:.*?case Object:case Array:try.*?catch\(\w\)\{\w=null\}/, ''],
      versions,
    ],
    'lit-html/directives/repeat.js': [[/Error\("repeat.*?"\)/, 'Error()']],
    'lit-html/lit-html.js': [
      [/Error\("invalid template strings array"\)/, 'Error()'],
      [/\w+\.litHtmlPolyfillSupport/, 'void 0'],
      ownTrustedTypes,
      versions,
    ],
    'lit-element/lit-element.js': [[/\w+\.litElementHydrateSupport/, '(void 0)'], [/\w+\.litElementPolyfillSupport/, 'void 0'], versions],
  };
  return answer('trim-lit', /node_modules\/(@lit\/reactive-element|lit-html|lit-element)\/(directives\/)?[\w-]+\.js$/, asked);
}

/** Shortens the names of scripts/internal-names.ts. */
function shortenInternalNames(): Plugin {
  const ends = [...'0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'];
  const free = ['_', '$', '_0', '$0'].flatMap((start) => ends.map((end) => start + end));
  const short = new Map(INTERNAL_NAMES.map((name, index) => [name, free[index]!]));
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

/**
 * What zod can do besides what src/protocol asks of it (`safeParse` with `check`, `catch` with a plain value, loose objects; no words of our own): to check
 * asynchronously or backwards, to describe a schema to others (`~standard`, `pattern`, `values`), and to word its issues. We read their codes
 * and paths alone.
 */
function trimZod(): Plugin {
  const kinds = ['Type', 'Check', 'CheckOverwrite', 'Unknown', 'Array', 'Object', 'Optional', 'Nullable', 'Catch', 'Custom'];
  const promises: [RegExp, string] = [/(asyncResult \|\| )?\b\w+ instanceof Promise/g, 'false'];
  const plugin = answer('trim-zod', /node_modules\/zod\/v4\/(core\/(api|core|parse|schemas|util)|mini\/schemas)\.js$/, {
    'core/core.js': [
      [/Object\.freeze\(\{\s+status: "aborted",\s+\}\)/, '{}'],
      [/\/\/ support prototype modifications[^]*?(?=\n {4}\}\n)/, ''],
      [/const Parent = [^]*?(?=function _\()/, ''],
      [/params\?\.Parent \? new Definition\(\) : this/, 'this'],
      [/Object\.defineProperty\(_, Symbol\.hasInstance[^]*?(?=return _;)/, ''],
    ],
    'core/parse.js': [promises, [/new \(_Err \?\? errors\.\$ZodError\)\(.*\)(?=,)/, '{ issues: result.issues }'], [/_safeParse\(errors\.\$ZodRealError\)/, '_safeParse()']],
    'core/schemas.js': [
      promises,
      [/if \(asyncResult\)/, 'if (false)'],
      [/\bproms\.length/g, '0'],
      [/ctx\.skipChecks|ctx\.direction === "backward"|t === "never"|unrecognized\.length|ch\._zod\.def\.when(?=\))/g, 'false'],
      [/util\.defineLazy\(inst, "~standard"[^]*?\n {4}\}\)\);/, ''],
      [/util\.defineLazy\(inst\._zod, "(values|pattern|propValues)", (\(\) => [^{].*|[^]*?\n {4}\}\));/g, ''],
      [/(?<=def\.catchValue\()\{[^]*?input: payload\.value,\s*\}(?=\))/g, ''],
      [/for \(const k of keys\) \{\n.*_zod\?\.traits[^]*?\n {4}\}\n/, ''],
      [/util\.issue\(_iss\)/, '_iss'],
      [/inst\._zod\.version = version;|const okeys = .*|numKeys: .*|optionalKeys: .*|if \(inst\._zod\.def\.params\)\s+_iss\.params = .*/g, ''],
      [/const desc = [^]*?(?=const _normalized)/, ''],
      [/inst \?\? \(inst = \{\}\);|inst\._zod\.bag = inst.*|for \(const ch of checks\) \{\s+for \(const fn of ch\._zod\.onattach\) \{[^}]*\}\s+\}/g, ''],
      [/(?<=path: )\[\.\.\.\(inst\._zod\.def\.path \?\? \[\]\)\]/, '[]'],
    ],
    'core/util.js': [[/\("captureStackTrace" in Error .*\)/, '{}'], [/if \(!def \|\| params\?\.parent\)\s+cl\._zod\.parent = inst;/, '']],
    'core/api.js': [[/const norm = [^]*?;\n.*abort = true.*/, ''], [/\.\.\.norm\b/, 'abort: true'], [/\.\.\.util\.normalizeParams\((_?params)\)/g, '...$1']],
    'mini/schemas.js': [[/typeof ch === "function" \? .* : ch/, 'ch'], [/,?\s*\.\.\.util\.normalizeParams\(_?params\)/g, ''], [/if \(!inst\._zod\)\s+throw .*/, ''], [/inst\.parse = [^]*?(?=inst\.check = )/, ''], [/inst\.def = def;\s+inst\.type = .*|inst\.with = .*|util\.defineLazy\(inst, "shape", .*/g, ''], [/inst\.brand = [^]*?inst\.apply = .*/, '']],
  });
  return {
    ...plugin,
    renderChunk(code) {
      const [other] = [...code.matchAll(/["'`]\$Zod(\w+)["'`]/g)].filter(([, kind]) => !kinds.includes(kind!));
      if (other) this.error(`${other[0]} is new here. Look whether it needs anything that trimZod leaves out, and add it to its kinds.`);
      return null;
    },
  };
}

/** Puts answers that are known here in the place of what a library asks, by the end of its file's name. */
function answer(name: string, id: RegExp, asked: Record<string, [RegExp, string][]>): Plugin {
  return {
    name,
    apply: 'build',
    transform: {
      filter: { id },
      handler(code, id) {
        const edits = new MagicString(code);
        for (const [question, known] of Object.entries(asked).find(([file]) => id.endsWith(file))?.[1] ?? []) {
          if (code.search(question) < 0) this.error(`${id} does not ask ${question} any more.`);
          edits.replace(question, known);
        }
        return { code: edits.toString(), map: edits.generateMap({ hires: true }) };
      },
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
  if (type === 'TaggedTemplateExpression' && tag?.type === 'Identifier' && /^(css|html|svg)$/.test(tag.name)) yield node as Template;
  for (const child of Object.values(node)) yield* taggedTemplates(child);
}

/** A whole sheet goes through a CSS minifier; pieces around an expression, or with escapes, are left as they are. */
function minifyCss(raw: string, isWhole: boolean, filename: string): string {
  if (!isWhole || raw.includes('\\') || raw.trim() === '') return raw;
  const { code } = transform({ filename, code: Buffer.from(raw), minify: true });
  const small = code.toString();
  return /[\\`]|\$\{/.test(small) ? raw : small;
}

/**
 * Only white space that holds a line break goes, and always down to one space: text keeps the same words, inline
 * elements the same distances. (An element with `white-space: pre` has no line breaks of its own in its template.)
 */
const minifyMarkup = (raw: string): string => raw.replace(/\s*\n\s*/g, ' ');

/** Terser and then Vite's own minifier find about 1 % more than either alone; and Terser's short names are those that gzip likes. */
function compressTwice(): Plugin {
  return {
    name: 'compress-twice',
    async generateBundle(_options, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk') continue;
        // Vite has written the map already, and the address of it under the code.
        const known = bundle[`${chunk.fileName}.map`];
        const address = known && `${chunk.fileName.split('/').at(-1)!}.map`;
        const content = known?.type === 'asset' ? String(known.source) : undefined;
        const { code, map } = await minify(chunk.code, { module: true, compress: false, mangle: true, sourceMap: content ? { content, url: address! } : false });
        chunk.code = code ?? chunk.code;
        if (known?.type === 'asset' && map) known.source = map as string;
      }
    },
    async renderChunk(code) {
      const { code: small, map } = await minify(code, { module: true, ecma: 2020, mangle: false, compress: { passes: 5, inline: 1 as never, unsafe_arrows: true, unsafe_methods: true, keep_fargs: false }, sourceMap: true });
      return { code: small ?? code, map: map as string };
    },
  };
}
