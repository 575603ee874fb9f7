/** The bundle contains a reduced Lit (`trimLit` in scripts/trim-libraries.ts): the templates must not need the rest. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import ts from 'typescript';

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => `src/${name}`);

/** Stands for an expression. */
const EXPRESSION = '§';

function templates(path: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isTaggedTemplateExpression(node) && /^(html|svg)$/.test(node.tag.getText())) {
      const { template } = node;
      found.push(
        ts.isNoSubstitutionTemplateLiteral(template)
          ? template.text
          : [template.head.text, ...template.templateSpans.map(({ literal }) => literal.text)].join(EXPRESSION),
      );
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true));
  return found;
}

/** The features of Lit that a template needs, and that the bundle does not have. */
function missingFeatures(template: string): string[] {
  const tags = template.replaceAll(/=\s*"[^"]*"/g, '=""').replaceAll(new RegExp(`=\\s*${EXPRESSION}`, 'g'), '=""');
  return [
    /<!--[^]*?§[^]*?-->/.test(template) && 'an expression in a comment',
    /<(textarea|title|script|style)\b[^>]*>[^<]*§/.test(tags) && 'an expression as the text of a raw element',
    /<[\w-]+[^>]*\s§/.test(tags) && 'an expression in place of an attribute',
  ].filter((problem) => problem !== false);
}

describe('trimmed Lit', () => {
  it('has what the templates use', () => {
    const found = files.flatMap((path) => templates(path).flatMap((text) => missingFeatures(text)));
    assert.deepEqual(found, []);
    assert.ok(files.flatMap(templates).length > 40);
  });

  it('recognises what it lacks', () => {
    assert.deepEqual(
      ['<!-- § -->', '<textarea class="a">§</textarea>', '<p class=§ §></p>'].map(
        (text) => missingFeatures(text).length,
      ),
      [1, 1, 1],
    );
  });

  it('has the only directive that is used', () => {
    const used = files.flatMap((path) => [...readFileSync(path, 'utf8').matchAll(/lit\/directives?\/?([\w-]*)\.js/g)]);
    assert.deepEqual([...new Set(used.map(([, name]) => name))], ['repeat']);
  });
});
