/** Import rules. test/support/layer-rules.node.test.ts checks that each rule can fail. Type-only imports count too. */
const LAYERS = ['internal', 'protocol', 'transport', 'model', 'session', 'store', 'client', 'controllers', 'elements'];
const INDEPENDENT = ['locale', 'theme'];
/** Texts that do not need Lit. Pages without elements show them too. */
const STATE_REASONS = '^src/locale/(deferred-)?state-reasons\\.ts$';
const NPM = '(^|/)node_modules/';
const npm = (...names) => `${NPM}(${names.join('|')})(/|$)`;
const folder = (...names) => `^src/(${names.join('|')})/`;

/** Allowed packages by folder; other folders may use any. */
const PACKAGES = {
  protocol: ['zod'],
  transport: [],
  model: [],
  session: [],
  internal: [],
  store: [],
  client: [],
  doctor: ['ws'],
  locale: ['lit', 'lit-html', 'lit-element', '@lit/reactive-element'],
  theme: ['lit', 'lit-html', 'lit-element', '@lit/reactive-element'],
};

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-cycles', comment: 'No import cycles.', severity: 'error', from: {}, to: { circular: true } },
    ...LAYERS.slice(0, -1).map((layer, index) => ({
      name: `${layer}-imports-only-lower-layers`,
      comment: `A folder imports only from those before it in ${LAYERS.join(' < ')}.`,
      severity: 'error',
      from: { path: folder(layer) },
      // Controllers must not use texts or styles either; those belong to elements.
      to: {
        path: [folder(...LAYERS.slice(index + 1), ...INDEPENDENT), '^src/[^/]+$'],
        ...(index >= LAYERS.indexOf('model') && { pathNot: STATE_REASONS }),
      },
    })),
    {
      name: 'elements-import-no-entry-points',
      comment: 'Entry points import elements, not vice versa.',
      severity: 'error',
      from: { path: folder('elements') },
      to: { path: '^src/[^/]+$' },
    },
    {
      name: 'store-does-not-import-session',
      comment: 'The client joins session and store; both use the types of src/model.',
      severity: 'error',
      from: { path: folder('store') },
      to: { path: folder('session') },
    },
    ...INDEPENDENT.map((name) => ({
      name: `${name}-is-independent`,
      comment: `src/${name} imports only Lit and itself.`,
      severity: 'error',
      from: { path: folder(name) },
      to: { path: '^src/', pathNot: folder(name) },
    })),
    {
      name: 'doctor-imports-protocol-and-transport',
      comment: 'The doctor checks a backend and does not depend on the client.',
      severity: 'error',
      from: { path: folder('doctor') },
      to: { path: '^src/', pathNot: folder('internal', 'protocol', 'transport', 'doctor') },
    },
    {
      name: 'doctor-is-loaded-on-demand',
      comment: 'Client and elements load the doctor on demand, by import(); its types may be imported.',
      severity: 'error',
      from: { path: folder('client', 'elements') },
      to: { path: folder('doctor'), dynamic: false, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'doctor-has-two-callers',
      comment: 'Only client and elements import the doctor.',
      severity: 'error',
      from: { path: '^src/', pathNot: folder('client', 'elements', 'doctor') },
      to: { path: folder('doctor') },
    },
    {
      name: 'command-line-is-separate',
      comment: 'Only the command line uses ws, and nothing imports it.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/doctor/cli' },
      to: { path: ['^src/doctor/cli', npm('ws')] },
    },
    {
      name: 'no-node-in-src',
      comment: 'The library runs in pages: only the command line uses Node APIs.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/doctor/cli' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'headless-has-no-elements',
      comment: 'The headless entry point contains neither elements nor Lit.',
      severity: 'error',
      from: { path: '^src/headless\\.ts$' },
      to: {
        path: [folder('controllers', 'elements', 'locale', 'theme'), npm('lit', 'lit-html', 'lit-element', '@lit')],
        pathNot: STATE_REASONS,
        reachable: true,
      },
    },
    ...Object.entries(PACKAGES).map(([name, allowed]) => ({
      name: `${name}-packages`,
      comment:
        allowed.length > 0
          ? `src/${name} uses no package except ${allowed.join(', ')}.`
          : `src/${name} uses no package.`,
      severity: 'error',
      from: { path: folder(name) },
      to: { path: NPM, ...(allowed.length > 0 && { pathNot: npm(...allowed) }) },
    })),
    {
      name: 'src-is-independent',
      comment: 'The library does not depend on its demo or tests.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(demo|test|docs)/' },
    },
    {
      name: 'server-imports-only-the-protocol',
      comment: 'The reference backend imports only src/protocol and itself.',
      severity: 'error',
      from: { path: '^demo/server/' },
      to: { path: '^(src|demo|test|docs)/', pathNot: '^(src/protocol|demo/server)/' },
    },
    {
      name: 'demo-imports-no-tests',
      comment: 'The demo imports nothing from test/; the shared fault proxy belongs to the demo.',
      severity: 'error',
      from: { path: '^demo/' },
      to: { path: '^test/' },
    },
    {
      name: 'build-imports-no-tests',
      comment: '`npm run build` needs nothing from test/. The screenshot scripts are not part of the build.',
      severity: 'error',
      from: { path: '^(scripts/|vite[.]config[.]ts$)', pathNot: '^scripts/(screenshots|record-gif)[.]ts$' },
      to: { path: '^test/' },
    },
    {
      name: 'no-missing-imports',
      comment: 'All imports exist and are declared in package.json. The examples also import the built package.',
      severity: 'error',
      from: { path: '^(src|demo)/' },
      to: { couldNotResolve: true, pathNot: '^unified-chat' },
    },
    {
      name: 'published-code-uses-dependencies',
      comment: 'The library uses no development dependency; server rendering uses peer dependencies only.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(ssr|hydrate)[.]ts$' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['npm'] },
    },
    {
      name: 'separate-entry-points',
      comment: 'ssr.ts, hydrate.ts and the adapter are separate entry points, not imported internally.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/adapter/' },
      to: { path: '^src/((ssr|hydrate)[.]ts$|adapter/)' },
    },
    {
      name: 'server-rendering-uses-peers',
      comment: 'Besides dependencies, ssr.ts and hydrate.ts use peer dependencies only.',
      severity: 'error',
      from: { path: '^src/(ssr|hydrate)[.]ts$' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['npm'],
        pathNot: '@lit-labs/ssr',
      },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: NPM },
    exclude: { path: '^(dist|node_modules/\\.)' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
      extensions: ['.ts', '.js', '.mjs'],
    },
  },
};
