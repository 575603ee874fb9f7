/** The permissions of the CI workflows. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

const FOLDER = '.github/workflows';
const read = (name: string): string => readFileSync(`${FOLDER}/${name}`, 'utf8');
/** The text of one job. */
const job = (text: string, name: string): string =>
  new RegExp(`^  ${name}:\\n((?:    .*\\n|\\n)*)`, 'm').exec(text)?.[1] ?? '';

describe('the workflows', () => {
  for (const name of readdirSync(FOLDER)) {
    it(`10.32: ${name} pins each action to a commit hash, with its version in a comment`, () => {
      const used = [...read(name).matchAll(/uses:\s*(.*)$/gm)].map(([, action]) => action);
      assert.ok(used.length > 0);
      for (const action of used) assert.match(action!, /^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    });

    it(`10.32: ${name} declares its permissions, and never write-all`, () => {
      assert.match(read(name), /^permissions:/m);
      assert.doesNotMatch(read(name), /write-all/);
    });
  }

  it('10.32: release.yml publishes with minimal permissions, without running dependencies or tests', () => {
    const release = read('release.yml');
    const [build, version, publish] = ['build', 'version', 'publish'].map((name) => job(release, name)) as [
      string,
      string,
      string,
    ];
    assert.match(release, /^permissions: \{\}$/m);
    for (const [text, rights] of [
      [build, ['contents: read']],
      [version, ['contents: write', 'pull-requests: write']],
      [publish, ['id-token: write']],
    ] as const) {
      assert.deepEqual(
        [...text.matchAll(/^ {6}([\w-]+: (?:read|write))$/gm)].map(([, right]) => right),
        rights,
      );
    }
    assert.match(publish, /npm publish \.\/packed\/\*\.tgz --ignore-scripts --provenance/);
    assert.doesNotMatch(publish, /npm (ci|install|run)|npx|checkout|secrets\./);
    assert.match(build, /npm sbom .* > packed\/sbom\.cdx\.json/);
  });
});
