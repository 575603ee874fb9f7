/** Vite plugins that remove parts of Lit and zod which dist/chat.js does not use. */
import MagicString from 'magic-string';
import type { Plugin } from 'vite';

/**
 * Removes parts of Lit that this build does not need. Supported browsers have `adoptedStyleSheets`. Polyfills and
 * hydration support that a page has loaded for another copy of Lit must not affect this one, which does not need to
 * announce its version either. The elements use neither decorators, `useDefault`, custom converters, attributes of types
 * other than String and Boolean, nor directives other than `repeat`.
 */
export function trimLit(): Plugin {
  const versions: [RegExp, string] = [/\(\w+\.\w+Versions\?\?=\[\]\)\.push\("[\d.]+"\)/, 'void 0'];
  // In a browser without Trusted Types, an element with the id `trustedTypes` would be found under that name.
  const ownTrustedTypes: [RegExp, string] = [
    /(\w)\.trustedTypes,/,
    'Object.hasOwn($1,"trustedTypes")&&$1.trustedTypes,',
  ];
  const connection: [RegExp, string] = [/get _\$AU\(\)\{.*?\}/g, ''];
  const replacements: Record<string, [RegExp, string][]> = {
    'reactive-element/css-tag.js': [
      [
        /\w+\.ShadowRoot&&\(.*?\)&&"adoptedStyleSheets"in Document\.prototype&&"replace"in CSSStyleSheet\.prototype/,
        'true',
      ],
      // Messages for mistakes in templates and styles: only our own code uses this copy of Lit.
      [/Error\("CSSResult is not.*?"\)/, 'Error()'],
      [/Error\("Value passed to.*? security\."\)/, 'Error()'],
    ],
    'reactive-element/reactive-element.js': [
      ownTrustedTypes,
      [/\w+\.reactiveElementPolyfillSupport/, 'void 0'],
      [/Symbol\.metadata\?\?=Symbol\("metadata"\),\w+\.litPropertyMetadata\?\?=new WeakMap;/, ''],
      [/const (\w)=this\[Symbol\.metadata\];if\(null!==\1\)\{.*?\}(?=this\._\$Eh=)/, ''],
      // Initializers are only added by decorators.
      [/static addInitializer\(\w\)\{.*?\}/, ''],
      [/,void 0!==(\w)\.l&&\(this\.l=\[\.\.\.\1\.l\]\)/, ''],
      [/,this\.constructor\.l\?\.forEach\(\w=>\w\(this\)\)/, ''],
      // Default values and converters of properties.
      [/\|\|\w\.useDefault&&\w\.reflect&&\w===this\._\$Ej\?\.get\(\w\)&&!this\.hasAttribute\(\w\._\$Eu\(\w,\w\)\)/, ''],
      [/\w&&!\(this\._\$Ej\?\?=new Map\)\.has\(\w\)&&\(this\._\$Ej\.set\(.*?\),.*?\)\|\|/, ''],
      [/(?<=this\[\w\]=(\w))\?\?this\._\$Ej\?\.get\(\w\)\?\?\1/, ''],
      [/"function"==typeof (\w)\.converter\?.*?\?\1\.converter:(?=\w)/, ''],
      [/\(void 0!==(\w)\.converter\?\.toAttribute\?\1\.converter:(\w)\)/, '$2'],
      // Converters of other attribute types.
      [/case Object:case Array:\w=null==\w\?\w:JSON\.stringify\(\w\)/, ''],
      [/case Number:.*?case Object:case Array:try.*?catch\(\w\)\{\w=null\}/, ''],
      versions,
    ],
    'lit-html/directives/repeat.js': [[/constructor\(\w\)\{.*?"\)\}/, '']],
    // `repeat` moves parts only within one parent.
    'lit-html/directive-helpers.js': [
      [/,(\w)=\w\._\$AM,(\w)=\1!==\w;if\(\2\)\{.*?\}(?=if\()/, ';'],
      [/(?<=if\(\w!==\w)\|\|\w(?=\)\{let)/, ''],
    ],
    'lit-html/directive.js': [connection],
    'lit-html/lit-html.js': [
      [/Error\("invalid template strings array"\)/, 'Error()'],
      [/\w+\.litHtmlPolyfillSupport/, 'void 0'],
      ownTrustedTypes,
      versions,
      // Expressions inside of `<textarea>`, `<title>`, `<script>` and `<style>`, in comments, and in place of attributes.
      [/\(\w\.test\((\w)\[2\]\)&&\(\w=RegExp\("<\/"\+\1\[2\],"g"\)\),(\w=\w)\)/, '$2'],
      [/if\(\w\.test\((\w)\.tagName\)\)\{.*?\1\.append\(\w\[\w\],\w\(\)\)\}\}/, ''],
      [/else\{let (\w)=-1;for\(.*?type:7.*?-1\}/, ''],
      [/else \w\.startsWith\(\w\)&&\(\w\.push\(\{type:6,.*?\)\)?;(?=if|\})/, ''],
      [/:6===\w\.type&&\(\w=new \w\(\w,this,\w\)\)/, ':0'],
      // `mathml`
      [/:3===\w\?"<math>"/, ''],
      [/:3===\w\?"<\/math>"/, ''],
      [/\|\|3===\w(?=\)\{const)/, ''],
      // Directives that react to a disconnected host (`AsyncDirective`), and scoped registries.
      connection,
      [/this\._\$AN=void 0,/g, ''],
      [/,this\._\$Cv=\w\?\.isConnected\?\?!0/, ''],
      [/setConnected\(\w\)\{.*?\}/, ''],
      [/(?<=for\()this\._\$AP\?\.\(!1,!0,\w\)/, ''],
      [/\w\?\._\$AO\?\.\(!1\),/, ''],
      [/\(\w\?\.creationScope\?\?(\w)\)/, '$1'],
      // For other directives.
      [/get (startNode|endNode|tagName)\(\)\{.*?\}/g, ''],
      [/get parentNode\(\)\{(return this\._\$AM\.parentNode|let .*?,\w)\}/g, ''],
      // Private exports. `directive-helpers` uses one.
      [/\{M:\w,P:.*?(I:\w),.*?F:\w\}/, '{$1}'],
    ],
    'lit-element/lit-element.js': [
      [/this\.hasUpdated\|\|\(this\.renderOptions\.isConnected=this\.isConnected\),/, ''],
      [/connectedCallback\(\)\{.*?setConnected\(!1\)\}/, ''],
      [/\w+\.litElementHydrateSupport/, '(void 0)'],
      [/\w+\.litElementPolyfillSupport/, 'void 0'],
      versions,
    ],
  };
  return replaceCode(
    'trim-lit',
    /node_modules\/(@lit\/reactive-element|lit-html|lit-element)\/(directives\/)?[\w-]+\.js$/,
    replacements,
  );
}

/**
 * Removes parts of zod that src/protocol does not use. It uses `safeParse` with `check`, `catch` with a plain value,
 * and loose objects, and reads only the codes and paths of issues. Removed are asynchronous and backward parsing,
 * introspection (`~standard`, `pattern`, `values`), and the messages of issues.
 */
export function trimZod(): Plugin {
  const kinds = [
    'Type',
    'Check',
    'CheckOverwrite',
    'Unknown',
    'Array',
    'Object',
    'Optional',
    'Nullable',
    'Catch',
    'Custom',
  ];
  const promises: [RegExp, string] = [/(asyncResult \|\| )?\b\w+ instanceof Promise/g, 'false'];
  const plugin = replaceCode(
    'trim-zod',
    /node_modules\/zod\/v4\/(core\/(api|core|parse|schemas|util)|mini\/schemas)\.js$/,
    {
      'core/core.js': [
        [/Object\.freeze\(\{\s+status: "aborted",\s+\}\)/, '{}'],
        [/\/\/ support prototype modifications[^]*?(?=\n {4}\}\n)/, ''],
        [/const Parent = [^]*?(?=function _\()/, ''],
        [/params\?\.Parent \? new Definition\(\) : this/, 'this'],
        [/Object\.defineProperty\(_, Symbol\.hasInstance[^]*?(?=return _;)/, ''],
      ],
      'core/parse.js': [
        promises,
        [/new \(_Err \?\? errors\.\$ZodError\)\(.*\)(?=,)/, '{ issues: result.issues }'],
        [/_safeParse\(errors\.\$ZodRealError\)/, '_safeParse()'],
      ],
      'core/schemas.js': [
        promises,
        [/if \(asyncResult\)/, 'if (false)'],
        [/\bproms\.length/g, '0'],
        [
          /ctx\.skipChecks|ctx\.direction === "backward"|t === "never"|unrecognized\.length|ch\._zod\.def\.when(?=\))/g,
          'false',
        ],
        [/util\.defineLazy\(inst, "~standard"[^]*?\n {4}\}\)\);/, ''],
        [/util\.defineLazy\(inst\._zod, "(values|pattern|propValues)", (\(\) => [^{].*|[^]*?\n {4}\}\));/g, ''],
        [/(?<=def\.catchValue\()\{[^]*?input: payload\.value,\s*\}(?=\))/g, ''],
        [/for \(const k of keys\) \{\n.*_zod\?\.traits[^]*?\n {4}\}\n/, ''],
        [/util\.issue\(_iss\)/, '_iss'],
        [
          /inst\._zod\.version = version;|const okeys = .*|numKeys: .*|optionalKeys: .*|if \(inst\._zod\.def\.params\)\s+_iss\.params = .*/g,
          '',
        ],
        [/const desc = [^]*?(?=const _normalized)/, ''],
        [
          /inst \?\? \(inst = \{\}\);|inst\._zod\.bag = inst.*|for \(const ch of checks\) \{\s+for \(const fn of ch\._zod\.onattach\) \{[^}]*\}\s+\}/g,
          '',
        ],
        [/(?<=path: )\[\.\.\.\(inst\._zod\.def\.path \?\? \[\]\)\]/, '[]'],
      ],
      'core/util.js': [
        [/\("captureStackTrace" in Error .*\)/, '{}'],
        [/if \(!def \|\| params\?\.parent\)\s+cl\._zod\.parent = inst;/, ''],
      ],
      'core/api.js': [
        [/const norm = [^]*?;\n.*abort = true.*/, ''],
        [/\.\.\.norm\b/, 'abort: true'],
        [/\.\.\.util\.normalizeParams\((_?params)\)/g, '...$1'],
      ],
      'mini/schemas.js': [
        // The methods of a schema: only custom schemas need one, `check`.
        [
          /\/\*@__PURE__\*\/ core\.\$constructor\("ZodMini(Unknown|Array|Object|Optional|Nullable|Catch)", [^]*?\n\}\)/g,
          'core.$Zod$1',
        ],
        [/typeof ch === "function" \? .* : ch/, 'ch'],
        [/,?\s*\.\.\.util\.normalizeParams\(_?params\)/g, ''],
        [/if \(!inst\._zod\)\s+throw .*/, ''],
        [/inst\.parse = [^]*?(?=inst\.check = )/, ''],
        [/inst\.def = def;\s+inst\.type = .*|inst\.with = .*/g, ''],
        [/inst\.brand = [^]*?inst\.apply = .*/, ''],
      ],
    },
  );
  return {
    ...plugin,
    renderChunk(code) {
      const [other] = [...code.matchAll(/["'`]\$Zod(\w+)["'`]/g)].filter(([, kind]) => !kinds.includes(kind!));
      if (other)
        this.error(
          `New zod schema ${other[0]}: check that it does not need code that trimZod removes, then add it to \`kinds\`.`,
        );
      return null;
    },
  };
}

/**
 * Replaces code in a library. The build fails if a pattern is not found, for example after an update of the library.
 * @param id matches the library's modules.
 * @param replacements patterns and their replacements, by the end of the module's path.
 */
function replaceCode(name: string, id: RegExp, replacements: Record<string, [RegExp, string][]>): Plugin {
  return {
    name,
    apply: 'build',
    transform: {
      filter: { id },
      handler(code, id) {
        const edits = new MagicString(code);
        for (const [pattern, replacement] of Object.entries(replacements).find(([file]) => id.endsWith(file))?.[1] ??
          []) {
          if (code.search(pattern) < 0)
            this.error(`${id} no longer contains ${pattern}: update ${name} in scripts/trim-libraries.ts.`);
          edits.replace(pattern, replacement);
        }
        return { code: edits.toString(), map: edits.generateMap({ hires: true }) };
      },
    },
  };
}
