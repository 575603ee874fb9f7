/** Breaks each rule of test/config/layers.cjs in a generated project. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';

const ROOT = join(import.meta.dirname, '../..');
const CONFIG = join(ROOT, 'test/config/layers.cjs');
const { forbidden } = createRequire(import.meta.url)(CONFIG) as { forbidden: { name: string }[] };

/** A file, its import, and the rules that it violates. */
const CASES: [file: string, imports: string, ...broken: string[]][] = [
  ['src/protocol/ids.ts', 'zod'],
  ['src/transport/socket.ts', '../protocol/ids.js'],
  ['src/store/state.ts', 'type ../protocol/ids.js'],
  ['src/elements/rooms.ts', '../theme/tokens.js'],
  ['src/theme/tokens.ts', 'lit'],
  ['src/locale/de.ts', 'type ./translation.js'],
  ['src/locale/translation.ts', 'type lit'],
  ['src/define.ts', './elements/rooms.js'],
  ['demo/server/rooms/rooms.ts', '../../../src/protocol/ids.js'],
  ['src/doctor/look.ts', '../transport/socket.js'],
  ['src/doctor/cli.ts', 'ws'],
  ['src/doctor/cli-args.ts', 'node:util'],
  ['src/client/doctor-type.ts', 'type ../doctor/look.js'],
  ['src/elements/doctor-late.ts', 'import() ../doctor/look.js'],
  ['demo/page.ts', '../src/elements/rooms.js'],
  ['test/rooms.browser.test.ts', '../src/elements/rooms.js'],

  ['src/internal/up.ts', '../protocol/ids.js', 'internal-imports-only-lower-layers'],
  ['src/internal/zod.ts', 'zod', 'internal-packages'],
  ['src/client/up.ts', '../controllers/slice.js', 'client-imports-only-lower-layers'],
  ['src/client/lit.ts', 'lit', 'client-packages'],
  ['src/protocol/up.ts', '../transport/socket.js', 'protocol-imports-only-lower-layers'],
  ['src/protocol/type.ts', 'type ../store/state.js', 'protocol-imports-only-lower-layers'],
  ['src/transport/up.ts', '../session/a.js', 'transport-imports-only-lower-layers'],
  ['src/model/up.ts', 'type ../session/a.js', 'model-imports-only-lower-layers'],
  ['src/session/a.ts', './b.js', 'no-cycles'],
  ['src/session/b.ts', './a.js'], // a cycle is reported once
  ['src/session/type.ts', 'type ../store/state.js', 'session-imports-only-lower-layers'],
  ['src/store/up.ts', '../controllers/slice.js', 'store-imports-only-lower-layers'],
  ['src/store/session.ts', 'type ../session/a.js', 'store-does-not-import-session'],
  ['src/store/text.ts', 'type ../locale/de.js', 'store-imports-only-lower-layers'],
  ['src/controllers/slice.ts', '../store/state.js'],
  ['src/controllers/up.ts', 'type ../elements/rooms.js', 'controllers-imports-only-lower-layers'],
  ['src/controllers/look.ts', '../theme/tokens.js', 'controllers-imports-only-lower-layers'],
  ['src/elements/door.ts', '../define.js', 'elements-import-no-entry-points'],
  ['src/locale/state.ts', 'type ../protocol/ids.js', 'locale-is-independent'],
  ['src/theme/text.ts', '../locale/de.js', 'theme-is-independent'],
  ['src/headless.ts', './controllers/slice.js', 'headless-has-no-elements'],
  ['src/doctor/up.ts', 'type ../store/state.js', 'doctor-imports-protocol-and-transport'],
  ['src/client/doctor.ts', '../doctor/look.js', 'doctor-is-loaded-on-demand'],
  ['src/locale/doctor.ts', 'type ../doctor/look.js', 'doctor-has-two-callers', 'locale-is-independent'],
  ['src/doctor/ws.ts', 'ws', 'command-line-is-separate'],
  ['src/doctor/shell.ts', './cli.js', 'command-line-is-separate'],
  ['src/doctor/node.ts', 'node:util', 'no-node-in-src'],
  ['src/doctor/lit.ts', 'lit', 'doctor-packages'],
  ['src/protocol/lit.ts', 'lit', 'protocol-packages'],
  ['src/transport/zod.ts', 'zod', 'transport-packages'],
  ['src/model/lit.ts', 'type lit', 'model-packages'],
  ['src/session/lit.ts', 'type lit', 'session-packages'],
  ['src/store/lit.ts', 'lit', 'store-packages'],
  ['src/locale/zod.ts', 'zod', 'locale-packages'],
  ['src/theme/zod.ts', 'zod', 'theme-packages'],
  ['src/elements/demo.ts', '../../demo/page.js', 'src-is-independent'],
  ['src/elements/test.ts', 'type ../../test/rooms.browser.test.js', 'src-is-independent'],
  ['demo/server/store.ts', 'type ../../src/store/state.js', 'server-imports-only-the-protocol'],
  ['demo/faults.ts', 'type ../test/rooms.browser.test.js', 'demo-imports-no-tests'],
  [
    'demo/server/test.ts',
    '../../test/rooms.browser.test.js',
    'demo-imports-no-tests',
    'server-imports-only-the-protocol',
  ],
  ['scripts/names.ts', '../test/rooms.browser.test.js', 'build-imports-no-tests'],
  ['scripts/screenshots.ts', '../test/rooms.browser.test.js'],
  ['vite.config.ts', './scripts/names.js'],
  ['demo/server/page.ts', '../page.js', 'server-imports-only-the-protocol'],
  ['src/elements/lost.ts', './nowhere.js', 'no-missing-imports'],
  ['src/elements/dev.ts', 'pg', 'published-code-uses-dependencies'],
  ['src/ssr.ts', '@lit-labs/ssr'],
  ['src/hydrate.ts', 'pg', 'server-rendering-uses-peers'],
  ['src/elements/server.ts', '../ssr.js', 'separate-entry-points', 'elements-import-no-entry-points'],
  ['src/adapter/wire.ts', 'type ../protocol/ids.js'],
  ['src/store/adapted.ts', 'type ../adapter/wire.js', 'separate-entry-points'],
];

describe('the layer rules', () => {
  const project = mkdtempSync(join(tmpdir(), 'unified-chat-layers-'));
  /** Violated rules by file. */
  const broken = new Map<string, Set<string>>();

  before(async () => {
    cpSync(join(ROOT, 'package.json'), join(project, 'package.json'));
    cpSync(join(ROOT, 'tsconfig.json'), join(project, 'tsconfig.json'));
    symlinkSync(join(ROOT, 'node_modules'), join(project, 'node_modules'), 'junction');
    for (const [file, imports] of CASES) {
      const [, how = '', from] = /^(type |import\(\) )?(.*)$/.exec(imports)!;
      const type = how === 'type ' ? how : '';
      mkdirSync(dirname(join(project, file)), { recursive: true });
      const line =
        how === 'import() '
          ? `export const x = import('${from}');\n`
          : `import ${type}* as it from '${from}';\nexport ${type ? 'type It = typeof it' : 'const x = it'};\n`;
      writeFileSync(join(project, file), line);
    }
    const args = [
      join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs'),
      '--config',
      CONFIG,
      '--output-type',
      'json',
      'src',
      'demo',
      'scripts',
      'test',
      'vite.config.ts',
    ];
    const json = await new Promise<string>((resolve) =>
      execFile(process.execPath, args, { cwd: project, maxBuffer: 1e8 }, (_error, out) => resolve(out)),
    );
    const { summary } = JSON.parse(json) as { summary: { violations: { from: string; rule: { name: string } }[] } };
    for (const { from, rule } of summary.violations) broken.set(from, (broken.get(from) ?? new Set()).add(rule.name));
  });
  after(() => rmSync(project, { recursive: true, force: true }));

  for (const [file, imports, ...rules] of CASES) {
    it(`${file} → ${imports}: ${rules.join(', ') || 'allowed'}`, () =>
      assert.deepEqual([...(broken.get(file) ?? [])].sort(), rules.sort()));
  }

  it('have a test case each', () =>
    assert.deepEqual(
      forbidden.map(({ name }) => name).filter((name) => !CASES.some(([, , ...rules]) => rules.includes(name))),
      [],
    ));
});
