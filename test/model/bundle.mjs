/**
 * Bundles a Node test into one file, including the chunks that are loaded on demand: a fake clock cannot wait for
 * imports.
 */
import { builtinModules } from 'node:module';
import { build } from 'vite';

/**
 * @param {string} entry The test.
 * @param {string} out The output file.
 * @param {{ file: string, find: string, replace: string }} [mutant] A change to the source.
 */
export async function bundle(entry, out, mutant) {
  const at = Math.max(out.lastIndexOf('/'), 0);
  await build({
    configFile: false,
    logLevel: 'error',
    plugins: mutant ? [mutate(mutant)] : [],
    build: {
      ssr: true,
      outDir: out.slice(0, at),
      emptyOutDir: false,
      target: 'node20',
      minify: false,
      sourcemap: 'inline',
      rolldownOptions: {
        input: entry,
        external: [...builtinModules, /^node:/, 'fast-check'],
        output: { entryFileNames: out.slice(at + 1), codeSplitting: false },
      },
    },
    ssr: { noExternal: true, external: ['fast-check'] },
  });
}

/** @param {{ file: string, find: string, replace: string }} mutant */
const mutate = ({ file, find, replace }) => ({
  name: 'mutate',
  enforce: /** @type {const} */ ('pre'),
  transform(/** @type {string} */ code, /** @type {string} */ id) {
    if (!id.endsWith(file)) return undefined;
    const parts = code.split(find);
    if (parts.length !== 2)
      throw new Error(`${file}: '${find}' occurs ${parts.length - 1} times; a mutant must match exactly once.`);
    return { code: parts.join(replace), map: null };
  },
});
