import js from '@eslint/js';
import lit from 'eslint-plugin-lit';
import wc from 'eslint-plugin-wc';
import ts from 'typescript-eslint';

const INNER_HTML = 'Do not create markup from strings. Use a template, which escapes its values.';
/** Rules for src. A later block of the configuration replaces this list, so an exception repeats the other rules. */
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
    message: 'No unsafe markup and no style attributes: the elements must work under a strict Content-Security-Policy.',
  },
  {
    selector: 'TaggedTemplateExpression[tag.name=/^(html|svg)$/] TemplateElement[value.raw=/\\sstyle\\s*=/]',
    message:
      'No style attributes: a strict Content-Security-Policy forbids them. Use a class, or set a property in code.',
  },
  {
    selector: 'TaggedTemplateExpression[tag.name=/^(html|svg)$/] TemplateElement[value.raw=/<(style|script)\\b/]',
    message: 'No <style> or <script> in templates: a strict Content-Security-Policy forbids them.',
  },
];
const SOCKET = {
  selector: "NewExpression:matches([callee.name='WebSocket'], [callee.property.name='WebSocket'])",
  message:
    'Only createAuthenticatedWebSocket (src/transport/socket.ts) opens sockets, so that every socket has a token.',
};
const STORAGE = ['localStorage', 'sessionStorage', 'indexedDB'].map((name) => ({
  name,
  message: 'Do not store data in the browser. Tokens, above all, must never be stored.',
}));
const noStorage = STORAGE.map(({ name, message }) => ({ object: 'window', property: name, message })).flatMap(
  (rule) => [rule, { ...rule, object: 'globalThis' }, { ...rule, object: 'self' }],
);

export default ts.config(
  // These examples use a framework. test/pages/package.node.test.ts checks their types against the package.
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
      // Event handlers and timers may be async functions.
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      // The rule does not know that state can change during an `await`.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // Our code calls String() on messages of `ws` and on `unknown` values, and spreads strings into code points.
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
      'no-implied-eval': 'off', // typescript-eslint has a version with types
      'no-restricted-globals': ['error', ...STORAGE],
      'no-restricted-properties': [
        'error',
        ...noStorage,
        { object: 'document', property: 'cookie', message: 'Do not store data in the browser.' },
      ],
      'no-restricted-syntax': ['error', ...NEVER_IN_SRC, SOCKET],
      'lit/no-invalid-html': 'error',
      'wc/guard-super-call': 'off',
    },
  },
  {
    // The only files that use IndexedDB, for unsent messages, drafts and files.
    files: ['src/session/outbox/indexeddb-storage.ts', 'src/session/uploads/file-storage.ts'],
    rules: { 'no-restricted-globals': ['error', ...STORAGE.filter(({ name }) => name !== 'indexedDB')] },
  },
  { files: ['src/transport/socket.ts'], rules: { 'no-restricted-syntax': ['error', ...NEVER_IN_SRC] } },
  // The doctor opens sockets without a token and with a forged one, to check that the server rejects them.
  {
    files: ['src/doctor/handshake-probe.ts', 'src/doctor/upgrade-request.ts'],
    rules: { 'no-restricted-syntax': ['error', ...NEVER_IN_SRC] },
  },
  {
    // Tests use assertions as statements, and access internals.
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
        ['argument', 'assignment', 'call', 'member-access', 'return'].map((use) => [
          `@typescript-eslint/no-unsafe-${use}`,
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
