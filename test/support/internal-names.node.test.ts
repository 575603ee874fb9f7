/** The names that the build shortens must not be used by pages, backends, other tabs or stored rows. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { INTERNAL_NAMES } from '../../scripts/internal-names.js';

const read = (paths: readonly string[]): string => paths.map((path) => readFileSync(path, 'utf8')).join('\n');
const sources = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name}`);
const namedIn = (text: string): string[] => {
  const words = new Set(text.match(/\w+/g));
  return INTERNAL_NAMES.filter((name) => words.has(name));
};

describe('internal names', () => {
  it('exist', () => assert.deepEqual(namedIn(read(sources('src'))), INTERNAL_NAMES));

  it('are not documented', () =>
    assert.deepEqual(
      namedIn(
        read(['API', 'BACKENDS', 'ELEMENTS', 'EMBEDDING', 'PROTOCOL', 'THEMING'].map((name) => `docs/${name}.md`)),
      ),
      [],
    ));

  it('are neither sent nor stored', () => {
    const texts = read([
      ...sources('src/protocol'),
      'src/session/outbox/message-storage.ts',
      'src/session/tabs/tab-messages.ts',
      'src/session/tabs/tab-channel.ts',
    ]);
    const fields = [...texts.matchAll(/(?:^\s+(?:readonly )?|[{;,] )(\w+)\??: /gm)].map(([, name]) => name);
    const local = ['onProblem', 'problems'];
    assert.deepEqual(
      namedIn(fields.join(' ')).filter((name) => !local.includes(name)),
      [],
    );
  });

  it('are not properties of an element', () => {
    const { modules } = JSON.parse(read(['custom-elements.json'])) as {
      modules: { declarations: { members?: { name: string; privacy?: string }[] }[] }[];
    };
    const members = modules
      .flatMap(({ declarations }) => declarations.flatMap(({ members = [] }) => members))
      .filter(({ privacy }) => privacy !== 'private');
    assert.deepEqual(namedIn(members.map(({ name }) => name).join(' ')), []);
  });
});
