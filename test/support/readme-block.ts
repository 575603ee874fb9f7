import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const readme = readFileSync('README.md', 'utf8');

/** The only code block of the README in a language that contains a text. */
export function readmeBlock(language: string, text: string): string {
  const found = [...readme.matchAll(/```(\w+)\n([^`]*)```/g)].filter(
    ([, kind, code]) => kind === language && code!.includes(text),
  );
  assert.equal(found.length, 1, `README.md has ${found.length} blocks of ${language} with ${text}`);
  return found[0]![2]!;
}
