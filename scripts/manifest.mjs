/** custom-elements.json, made from the class docs: `npm run manifest` writes it, `npm test` sees that it is current. */
export default {
  globs: ['src/elements/**/*.ts'],
  exclude: ['**/*.styles.ts'],
  outdir: '.',
  // package.json names the file already; `npm test` writes it elsewhere.
  packagejson: false,
  litelement: true,
  plugins: [publicOnly()],
};

/** Only what a page may use, in an order that does not depend on the machine. */
function publicOnly() {
  const isPublic = ({ name = '', privacy }) => privacy !== 'private' && privacy !== 'protected' && !/^[#_]/.test(name);
  const keepPublic = (declaration) => {
    declaration.members = declaration.members?.filter(isPublic);
    const fields = new Set(declaration.members?.map(({ name }) => name));
    // Inner state (`{ state: true }`) is taken for an attribute, and any `dispatchEvent(…)` for an event.
    declaration.attributes = declaration.attributes?.filter(({ fieldName }) => fields.has(fieldName));
    declaration.events = declaration.events?.filter(({ description }) => description);
  };
  return {
    name: 'public-only',
    packageLinkPhase({ customElementsManifest: manifest }) {
      manifest.modules = manifest.modules
        .map((module) => {
          const declarations = module.declarations.filter(({ kind, customElement, superclass }) => kind === 'class' && (customElement || superclass));
          const names = new Set(declarations.map(({ name }) => name));
          declarations.forEach(keepPublic);
          return { ...module, declarations, exports: module.exports.filter(({ declaration }) => names.has(declaration.name)) };
        })
        .filter(({ declarations }) => declarations.length > 0)
        .sort((a, b) => (a.path < b.path ? -1 : 1));
    },
  };
}
