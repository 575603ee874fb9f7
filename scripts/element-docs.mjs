/**
 * Generates docs/ELEMENTS.md from custom-elements.json. `npm run manifest` writes both; `npm test` checks that they are
 * current.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const cell = (text = '') => text.replace(/\s*\n\s*/g, ' ').replaceAll('|', '\\|');
const code = (text) => (text ? `\`${cell(text)}\`` : '');
const table = (title, head, rows) =>
  rows.length === 0
    ? ''
    : `\n### ${title}\n\n| ${head.join(' | ')} |\n| ${head.map(() => '---').join(' | ')} |\n${rows.map((row) => `| ${row.join(' | ')} |\n`).join('')}`;

/**
 * @param manifest parsed custom-elements.json.
 * @returns the page, as Markdown.
 */
export function elementsPage(manifest) {
  const declarations = manifest.modules.flatMap(({ declarations }) => declarations);
  const elements = declarations.filter(({ tagName }) => tagName);
  const sections = elements.map((element) => {
    const {
      tagName,
      description,
      members = [],
      events = [],
      slots = [],
      cssParts = [],
      cssProperties = [],
      cssStates = [],
    } = element;
    const fields = members.filter(({ kind }) => kind === 'field');
    return `
## \`<${tagName}>\`

${description}
${table(
  'Properties',
  ['property', 'attribute', 'type', 'default', ''],
  fields.map(({ name, attribute, type, default: preset, description, readonly }) => [
    code(name),
    code(attribute),
    code(type?.text),
    readonly ? '' : code(preset),
    `${readonly ? 'Read-only. ' : ''}${cell(description)}`,
  ]),
)}${table(
      'Events',
      ['event', 'class', ''],
      events.map(({ name, type, description }) => [code(name), code(type?.text), cell(description)]),
    )}${table(
      'Slots',
      ['slot', ''],
      slots.map(({ name, description }) => [name ? code(name) : '(the content)', cell(description)]),
    )}${table(
      'States',
      ['state', ''],
      cssStates.map(({ name, description }) => [code(`:state(${name})`), cell(description)]),
    )}${table(
      'Parts',
      ['part', ''],
      cssParts.map(({ name, description }) => [code(`::part(${name})`), cell(description)]),
    )}${table(
      'Custom properties',
      ['custom property', 'default (light)', ''],
      cssProperties.map(({ name, default: preset, description }) => [code(name), code(preset), cell(description)]),
    )}`;
  });
  return `# Elements

Generated from \`custom-elements.json\` by \`npm run manifest\`. See [API.md](API.md) for the connection, its states and
languages, [THEMING.md](THEMING.md) for styling. All events bubble and cross shadow roots. \`Id\`: a number or a string.

${elements.map(({ tagName }) => `[\`<${tagName}>\`](#${tagName})`).join(' · ')}
${sections.join('')}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync('docs/ELEMENTS.md', elementsPage(JSON.parse(readFileSync('custom-elements.json', 'utf8'))));
