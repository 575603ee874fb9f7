/**
 * Who may import whom. test/support/layer-rules.node.test.ts shows that each rule can fail.
 * Type-only imports count: what knows a type knows its owner.
 */
const LAYERS = ['internal', 'protocol', 'transport', 'session', 'store', 'client', 'controllers', 'elements'];
const ASIDE = ['locale', 'theme'];
/** Texts without Lit, which a page without elements shows too. */
const STATE_REASONS = '^src/locale/(deferred-)?state-reasons\\.ts$';
const NPM = '(^|/)node_modules/';
const npm = (...names) => `${NPM}(${names.join('|')})(/|$)`;
const folder = (...names) => `^src/(${names.join('|')})/`;

/** Allowed packages, by folder; a folder not named here may use any. */
const PACKAGES = {
  protocol: ['zod'],
  transport: [],
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
    { name: 'no-circles', comment: 'Imports never come back to where they began.', severity: 'error', from: {}, to: { circular: true } },
    ...LAYERS.slice(0, -1).map((layer, index) => ({
      name: `${layer}-knows-only-what-comes-before`,
      comment: `A folder imports only from those before it in ${LAYERS.join(' < ')}.`,
      severity: 'error',
      from: { path: folder(layer) },
      // Controllers may not use texts or looks either: those are for elements.
      to: { path: [folder(...LAYERS.slice(index + 1), ...ASIDE), '^src/[^/]+$'], ...(index >= LAYERS.indexOf('session') && { pathNot: STATE_REASONS }) },
    })),
    {
      name: 'elements-do-not-know-the-front-door',
      comment: 'index.ts, headless.ts and define.ts import elements, not the other way round.',
      severity: 'error',
      from: { path: folder('elements') },
      to: { path: '^src/[^/]+$' },
    },
    ...ASIDE.map((name) => ({
      name: `${name}-stands-aside`,
      comment: `src/${name} knows Lit, localize and itself alone.`,
      severity: 'error',
      from: { path: folder(name) },
      to: { path: '^src/', pathNot: folder(name) },
    })),
    {
      name: 'doctor-knows-protocol-and-transport',
      comment: 'The doctor looks at a backend, not at us.',
      severity: 'error',
      from: { path: folder('doctor') },
      to: { path: '^src/', pathNot: folder('internal', 'protocol', 'transport', 'doctor') },
    },
    {
      name: 'doctor-comes-when-called',
      comment: 'The client and the elements load the doctor by import(), on demand; its types they may know.',
      severity: 'error',
      from: { path: folder('client', 'elements') },
      to: { path: folder('doctor'), dynamic: false, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'doctor-has-two-callers',
      comment: 'Only the client and the elements import the doctor.',
      severity: 'error',
      from: { path: '^src/', pathNot: folder('client', 'elements', 'doctor') },
      to: { path: folder('doctor') },
    },
    {
      name: 'command-line-stands-alone',
      comment: 'The command line alone uses ws; nobody imports it.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/doctor/cli' },
      to: { path: ['^src/doctor/cli', npm('ws')] },
    },
    {
      name: 'no-node-in-src',
      comment: 'The library runs in a page: the command line alone uses what Node has.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/doctor/cli' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'headless-has-no-elements',
      comment: 'The headless entry brings neither elements nor Lit.',
      severity: 'error',
      from: { path: '^src/headless\\.ts$' },
      to: { path: [folder('controllers', 'elements', 'locale', 'theme'), npm('lit', 'lit-html', 'lit-element', '@lit')], pathNot: STATE_REASONS, reachable: true },
    },
    ...Object.entries(PACKAGES).map(([name, allowed]) => ({
      name: `${name}-packages`,
      comment: allowed.length > 0 ? `src/${name} uses no package but ${allowed.join(', ')}.` : `src/${name} uses no package.`,
      severity: 'error',
      from: { path: folder(name) },
      to: { path: NPM, ...(allowed.length > 0 && { pathNot: npm(...allowed) }) },
    })),
    {
      name: 'src-stands-alone',
      comment: 'The library knows neither its demo nor its tests.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(demo|test|docs)/' },
    },
    {
      name: 'server-sees-the-protocol-alone',
      comment: 'Of the project, the reference backend sees src/protocol and itself.',
      severity: 'error',
      from: { path: '^demo/server/' },
      to: { path: '^(src|demo|test|docs)/', pathNot: '^(src/protocol|demo/server)/' },
    },
    {
      name: 'demo-does-not-know-the-tests',
      comment: 'The demo imports nothing from test/: the fault proxy that both use belongs to the demo.',
      severity: 'error',
      from: { path: '^demo/' },
      to: { path: '^test/' },
    },
    {
      name: 'build-does-not-know-the-tests',
      comment: '`npm run build` needs nothing from test/. Scripts that take pictures are no part of it.',
      severity: 'error',
      from: { path: '^(scripts/|vite[.]config[.]ts$)', pathNot: '^scripts/(screenshots|record-gif)[.]ts$' },
      to: { path: '^test/' },
    },
    {
      name: 'nothing-missing',
      comment: 'Everything imported exists, and is named in package.json. (Ourselves, in the examples: there when we are built.)',
      severity: 'error',
      from: { path: '^(src|demo)/' },
      to: { couldNotResolve: true, pathNot: '^unified-chat' },
    },
    {
      name: 'shipped-means-a-dependency',
      comment: 'The library uses no development dependency; on a server, only what is a peer too.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(ssr|hydrate)[.]ts$' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['npm'] },
    },
    {
      name: 'doors-of-their-own',
      comment: 'ssr.ts, hydrate.ts and the adapter are doors of their own: nobody in here goes through them.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/adapter/' },
      to: { path: '^src/((ssr|hydrate)[.]ts$|adapter/)' },
    },
    {
      name: 'server-rendering-has-its-package',
      comment: 'Of what is no dependency, ssr.ts and hydrate.ts use what stands among the peers.',
      severity: 'error',
      from: { path: '^src/(ssr|hydrate)[.]ts$' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['npm'], pathNot: '@lit-labs/ssr' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: NPM },
    exclude: { path: '^(dist|node_modules/\\.)' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node', 'default'], extensions: ['.ts', '.js', '.mjs'] },
  },
};
