/**
 * What editors and frameworks want to know of the elements, made from custom-elements.json by `npm run build`:
 *
 *   dist/types/react.d.ts, vue.d.ts, svelte.d.ts   typed tags: `import 'unified-chat/react'` (types alone, nothing at run time)
 *   dist/vscode.*-custom-data.json                 Visual Studio Code
 *   dist/web-types.json                            JetBrains (found by package.json)
 *
 * The types name the classes' own: a property here cannot differ from the property there.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { generateJetBrainsWebTypes } from 'custom-element-jet-brains-integration';
import { generateVsCodeCustomElementData } from 'custom-element-vs-code-integration';

const read = () => JSON.parse(readFileSync('custom-elements.json', 'utf8'));
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

/** Tags with what a page may set, and what it may hear. */
const elements = read()
  .modules.flatMap(({ declarations }) => declarations)
  .filter(({ tagName }) => tagName)
  .map(({ tagName, name, description, members = [], events = [] }) => ({
    tag: tagName,
    name,
    description,
    events: events.map(({ name, type, description }) => ({ name, type: type.text, description })),
    fields: members.filter(({ kind, readonly }) => kind === 'field' && !readonly),
  }));

const doc = (text, indent) => `${indent}/** ${text.replace(/\s*\n\s*/g, ' ')} */\n`;
const names = [...new Set(elements.flatMap(({ name, events }) => [name, ...events.map(({ type }) => type)]))].sort();
const imports = `import type { ${names.join(', ')} } from './index.js';\n`;
const HEAD = '// Made by scripts/editor-integrations.mjs from custom-elements.json.\n';

/** @param key how a field is called; @param on how the listener of an event is. */
const members = ({ name, fields, events }, key, on) =>
  [
    ...fields.map((field) => `${doc(field.description ?? '', '    ')}    '${key(field)}'?: ${name}['${field.name}'] | undefined;\n`),
    ...events.map((event) => `${doc(event.description, '    ')}    '${on(event.name)}'?: ((event: ${event.type}) => void) | undefined;\n`),
  ].join('');
const table = (wrap, key, on) => elements.map((element) => `${doc(element.description, '  ')}  '${element.tag}': ${wrap(element, `{\n${members(element, key, on)}  }`)};\n`).join('');

/** What is in markup is an attribute; what cannot be, a property. */
const inMarkup = ({ attribute, name }) => attribute ?? name;
const onName = (event) => `on${event}`;

writeFileSync(
  'dist/types/react.d.ts',
  `${HEAD}import type { DetailedHTMLProps, HTMLAttributes } from 'react';
${imports}
type Props<Element, Own> = Omit<DetailedHTMLProps<HTMLAttributes<Element>, Element>, keyof Own> & Own;

/** The tags, for React 19 and later. */
export interface ChatElements {
${table(({ name }, own) => `Props<${name}, ${own}>`, inMarkup, onName)}}

declare module 'react' {
  namespace JSX {
    interface IntrinsicElements extends ChatElements {}
  }
}
`,
);

writeFileSync(
  'dist/types/svelte.d.ts',
  `${HEAD}import type { HTMLAttributes } from 'svelte/elements';
${imports}
type Props<Element extends EventTarget, Own> = Omit<HTMLAttributes<Element>, keyof Own> & Own;

declare module 'svelte/elements' {
  interface SvelteHTMLElements {
${table(({ name }, own) => `Props<${name}, ${own}>`, inMarkup, onName)}  }
}

export {};
`,
);

writeFileSync(
  'dist/types/vue.d.ts',
  `${HEAD}import type { HTMLAttributes, PublicProps } from 'vue';
${imports}
type Tag<Element, Own> = new () => Element & { $props: Omit<HTMLAttributes, keyof Own> & Own & PublicProps };

declare module 'vue' {
  interface GlobalComponents {
${table(({ name }, own) => `Tag<${name}, ${own}>`, inMarkup, (event) => `on${event[0].toUpperCase()}${event.slice(1).replace(/-(\w)/g, (_, letter) => letter.toUpperCase())}`)}  }
}

export {};
`,
);

const common = { outdir: 'dist', hideLogs: true, descriptionSrc: 'description' };
const silent = console.log;
console.log = () => {};
generateVsCodeCustomElementData(read(), common);
generateJetBrainsWebTypes(read(), { ...common, packageJson: false, name: 'unified-chat', version });
console.log = silent;
console.log('dist/types/{react,vue,svelte}.d.ts, dist/vscode.*.json, dist/web-types.json');
