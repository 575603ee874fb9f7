/**
 * Generates custom-elements.json from the docs of the element classes. `npm run manifest` writes it; `npm test` checks
 * that it is current.
 */
export default {
  globs: ['src/elements/**/*.ts'],
  exclude: ['**/*.styles.ts'],
  outdir: '.',
  // package.json already names the file. `npm test` writes to another folder, which must not end up there.
  packagejson: false,
  litelement: true,
  plugins: [publicOnly()],
};

/** Keeps public members only, in a stable order. */
function publicOnly() {
  const isPublic = ({ name = '', privacy }) => privacy !== 'private' && privacy !== 'protected' && !/^[#_]/.test(name);
  const keepPublic = (declaration) => {
    declaration.members = declaration.members?.filter(isPublic);
    const fields = new Set(declaration.members?.map(({ name }) => name));
    // The analyzer takes internal state (`{ state: true }`) for attributes, and every `dispatchEvent(…)` for an event.
    declaration.attributes = declaration.attributes?.filter(({ fieldName }) => fields.has(fieldName));
    declaration.events = declaration.events?.filter(({ description }) => description);
  };
  return {
    name: 'public-only',
    packageLinkPhase({ customElementsManifest: manifest }) {
      manifest.modules = manifest.modules
        .map((module) => {
          const declarations = module.declarations.filter(
            ({ kind, customElement, superclass }) => kind === 'class' && (customElement || superclass),
          );
          const names = new Set(declarations.map(({ name }) => name));
          declarations.forEach(keepPublic);
          return {
            ...module,
            declarations,
            exports: module.exports.filter(({ declaration }) => names.has(declaration.name)),
          };
        })
        .filter(({ declarations }) => declarations.length > 0)
        .sort((a, b) => (a.path < b.path ? -1 : 1));
    },
  };
}
