import js from '@eslint/js';
import lit from 'eslint-plugin-lit';
import wc from 'eslint-plugin-wc';
import ts from 'typescript-eslint';

const INNER_HTML = 'Never markup from strings: a template escapes what it shows.';
/** Rules for the library. ESLint lets a later block replace this list, so whoever needs an exception repeats the rest. */
const NEVER_IN_SRC = [
  { selector: 'MemberExpression[property.name=/^(innerHTML|outerHTML)$/]', message: INNER_HTML },
  {
    selector:
      'CallExpression[callee.property.name=/^(insertAdjacentHTML|setHTMLUnsafe|parseHTMLUnsafe|createContextualFragment)$/]',
    message: INNER_HTML,
  },
  {
    selector: "CallExpression[callee.object.name='document'][callee.property.name=/^write(ln)?$/]",
    message: INNER_HTML,
  },
  {
    selector: 'ImportDeclaration[source.value=/unsafe-(html|svg|mathml)|static-html|style-map/]',
    message:
      'Neither unsafe markup nor style attributes: a page with a strict Content-Security-Policy must be able to use us.',
  },
  {
    selector: 'TaggedTemplateExpression[tag.name=/^(html|svg)$/] TemplateElement[value.raw=/\\sstyle\\s*=/]',
    message:
      'No style attributes: a strict Content-Security-Policy forbids them. Use a class, or set a property from script.',
  },
  {
    selector: 'TaggedTemplateExpression[tag.name=/^(html|svg)$/] TemplateElement[value.raw=/<(style|script)\\b/]',
    message: 'No <style> or <script> in templates: a strict Content-Security-Policy forbids them.',
  },
];
const SOCKET = {
  selector: "NewExpression:matches([callee.name='WebSocket'], [callee.property.name='WebSocket'])",
  message:
    'Sockets are opened by createAuthenticatedWebSocket (src/transport/socket.ts) alone, so that none is without a token.',
};
const STORAGE = ['localStorage', 'sessionStorage', 'indexedDB'].map((name) => ({
  name,
  message: 'Nothing is kept in the browser: a token must never be.',
}));
const noStorage = STORAGE.map(({ name, message }) => ({ object: 'window', property: name, message })).flatMap(
  (rule) => [rule, { ...rule, object: 'globalThis' }, { ...rule, object: 'self' }],
);

export default ts.config(
  // The examples have frameworks of their own, and their types are checked against the package (test/pages/package.node.test.ts).
  {
    ignores: [
      'dist/',
      'node_modules/',
      'coverage/',
      '.data/',
      'custom-elements.json',
      'demo/examples/{react,vue,svelte,angular}/',
    ],
  },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [ts.configs.strictTypeChecked, ts.configs.stylistic],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // A promise given to an event handler or a timer is a mistake only where nobody catches it; no-floating-promises sees that.
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      // State that changes while we wait looks constant to it.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // What a socket of `ws` or a string is made of, it does not know.
      '@typescript-eslint/no-base-to-string': 'off',
      '@typescript-eslint/no-misused-spread': 'off',
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/no-this-alias': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/no-dynamic-delete': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['src/**/*.ts'],
    extends: [lit.configs['flat/recommended'], wc.configs['flat/recommended']],
    rules: {
      'no-console': 'error',
      'no-eval': 'error',
      'no-implied-eval': 'off', // of typescript-eslint, with types
      'no-restricted-globals': ['error', ...STORAGE],
      'no-restricted-properties': [
        'error',
        ...noStorage,
        { object: 'document', property: 'cookie', message: 'Nothing is kept in the browser.' },
      ],
      'no-restricted-syntax': ['error', ...NEVER_IN_SRC, SOCKET],
      'lit/no-invalid-html': 'error',
      'lit/no-native-attributes': 'off', // ours are named by the contract
      'wc/guard-super-call': 'off',
    },
  },
  {
    // The one file that keeps anything: messages that are not sent yet, and drafts.
    files: ['src/session/outbox/indexeddb-storage.ts'],
    rules: { 'no-restricted-globals': ['error', ...STORAGE.filter(({ name }) => name !== 'indexedDB')] },
  },
  { files: ['src/transport/socket.ts'], rules: { 'no-restricted-syntax': ['error', ...NEVER_IN_SRC] } },
  // The doctor opens sockets without a token and with a forged one, to check that the server rejects them.
  {
    files: ['src/doctor/handshake-probe.ts', 'src/doctor/upgrade-request.ts'],
    rules: { 'no-restricted-syntax': ['error', ...NEVER_IN_SRC] },
  },
  // Hono's context carries an `any` for bodies nobody declared; the handlers check them.
  { files: ['demo/server/**/*.ts'], rules: { '@typescript-eslint/no-unsafe-argument': 'off' } },
  {
    // Tests assert, and look where nobody else may.
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', package: 'node:test', name: ['describe', 'it', 'test', 'suite'] },
            // semantic-dom-diff declares that chai's `equal` is a promise. It is not; `accessible` is.
            { from: 'package', package: '@types/chai', name: 'Equal' },
          ],
        },
      ],
      '@typescript-eslint/use-unknown-in-catch-callback-variable': 'off',
      '@typescript-eslint/no-unnecessary-type-assertion': 'off',
      '@typescript-eslint/restrict-template-expressions': 'off',
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
      ],
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      ...Object.fromEntries(
        ['argument', 'assignment', 'call', 'member-access', 'return'].map((what) => [
          `@typescript-eslint/no-unsafe-${what}`,
          'off',
        ]),
      ),
    },
  },
  { files: ['**/*.{js,mjs,cjs}'], languageOptions: { globals: nodeAndBrowser() } },
);

function nodeAndBrowser() {
  const names =
    'console process Buffer URL URLSearchParams setTimeout clearTimeout setInterval fetch performance document window location customElements matchMedia history navigator require module Response Event EventTarget MessageEvent CloseEvent WebSocket requestAnimationFrame PerformanceObserver queueMicrotask structuredClone crypto';
  return Object.fromEntries(names.split(' ').map((name) => [name, 'readonly']));
}
