/** The documents agree with each other and with custom-elements.json: links, the anatomy of the elements, their number. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const PAGES = [...readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`), ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', 'test/support/README.md']];

const withoutFences = (text: string): string => text.replace(/^ *```[^]*?^ *```/gm, '');

/** The anchor of a heading, as GitHub makes it. */
const anchorOf = (heading: string): string => heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').trim().replace(/\s/g, '-');
const anchorsOf = (page: string): Set<string> => new Set([...withoutFences(read(page)).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading!)));

interface Declaration {
  tagName?: string;
  cssParts?: { name: string }[];
}
const elements = (JSON.parse(read('custom-elements.json')) as { modules: { declarations: Declaration[] }[] }).modules
  .flatMap(({ declarations }) => declarations)
  .filter(({ tagName }) => tagName);

describe('the documents', () => {
  it('link to files and headings that exist', () => {
    const broken = PAGES.flatMap((page) =>
      [...withoutFences(read(page)).replace(/(`+)[^`\n]+\1/g, 'code').matchAll(/\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)"/g)]
        .map(([, markdown, html]) => (markdown ?? html)!)
        .filter((target) => !/^\w+:/.test(target))
        .filter((target) => {
          const [path, anchor] = target.split('#') as [string, string | undefined];
          const file = path === '' ? page : join(dirname(page), path);
          return !existsSync(join(ROOT, file)) || (anchor !== undefined && file.endsWith('.md') && !anchorsOf(file).has(anchor));
        })
        .map((target) => `${page}: ${target}`),
    );
    assert.deepEqual(broken, []);
  });

  it('name every part in the anatomy of its element, and no other in a box', () => {
    const theming = read('docs/THEMING.md');
    for (const { tagName, cssParts = [] } of elements) {
      if (cssParts.length === 0) continue;
      const drawing = theming.split(`### Anatomy of \`<${tagName}>\`\n`)[1]?.split('```')[1] ?? '';
      const names = new Set(drawing.match(/[\w-]+/g));
      assert.deepEqual(cssParts.map(({ name }) => name).filter((name) => !names.has(name)), [], tagName);
      const boxes = [...drawing.matchAll(/┌ ([\w, -]+?) ─/g)].flatMap(([, found]) => found!.split(', '));
      assert.ok(boxes.length > 0, tagName);
      assert.deepEqual(boxes.filter((box) => !cssParts.some(({ name }) => name === box)), [], tagName);
    }
  });

  it('agree on the number of elements', () => {
    const NUMBERS = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight'];
    const { description } = JSON.parse(read('package.json')) as { description: string };
    for (const text of [read('README.md'), read('docs/ARCHITECTURE.md'), description]) {
      assert.equal(/(\w+) custom\s+elements/.exec(text)?.[1]?.toLowerCase(), NUMBERS[elements.length]);
    }
  });
});
