/**
 * Puts a Node test and all that it imports into one file. Parts that are loaded on demand are in it too: how long a loader
 * takes is nothing that a test's clock could wait for.
 */
import { builtinModules } from 'node:module';
import { build } from 'vite';

/**
 * @param {string} entry the test.
 * @param {string} out where the file goes.
 * @param {{ file: string, find: string, replace: string }} [mutant] a change to make to the source on the way.
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
    if (parts.length !== 2) throw new Error(`${file}: '${find}' is there ${parts.length - 1} times; a mutant needs exactly one place.`);
    return { code: parts.join(replace), map: null };
  },
});
