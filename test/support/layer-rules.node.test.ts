/** Each rule of test/config/layers.cjs, broken on purpose in a project made for it. */
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

/** A file, what it imports, and the rules that this breaks. */
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

  ['src/internal/up.ts', '../protocol/ids.js', 'internal-knows-only-what-comes-before'],
  ['src/internal/zod.ts', 'zod', 'internal-packages'],
  ['src/client/up.ts', '../controllers/slice.js', 'client-knows-only-what-comes-before'],
  ['src/client/lit.ts', 'lit', 'client-packages'],
  ['src/protocol/up.ts', '../transport/socket.js', 'protocol-knows-only-what-comes-before'],
  ['src/protocol/type.ts', 'type ../store/state.js', 'protocol-knows-only-what-comes-before'],
  ['src/transport/up.ts', '../session/a.js', 'transport-knows-only-what-comes-before'],
  ['src/session/a.ts', './b.js', 'no-circles'],
  ['src/session/b.ts', './a.js'], // a circle is told once
  ['src/session/type.ts', 'type ../store/state.js', 'session-knows-only-what-comes-before'],
  ['src/store/up.ts', '../controllers/slice.js', 'store-knows-only-what-comes-before'],
  ['src/store/text.ts', 'type ../locale/de.js', 'store-knows-only-what-comes-before'],
  ['src/controllers/slice.ts', '../store/state.js'],
  ['src/controllers/up.ts', 'type ../elements/rooms.js', 'controllers-knows-only-what-comes-before'],
  ['src/controllers/look.ts', '../theme/tokens.js', 'controllers-knows-only-what-comes-before'],
  ['src/elements/door.ts', '../define.js', 'elements-do-not-know-the-front-door'],
  ['src/locale/state.ts', 'type ../protocol/ids.js', 'locale-stands-aside'],
  ['src/theme/text.ts', '../locale/de.js', 'theme-stands-aside'],
  ['src/headless.ts', './controllers/slice.js', 'headless-has-no-elements'],
  ['src/doctor/up.ts', 'type ../store/state.js', 'doctor-knows-protocol-and-transport'],
  ['src/client/doctor.ts', '../doctor/look.js', 'doctor-comes-when-called'],
  ['src/locale/doctor.ts', 'type ../doctor/look.js', 'doctor-has-two-callers', 'locale-stands-aside'],
  ['src/doctor/ws.ts', 'ws', 'command-line-stands-alone'],
  ['src/doctor/shell.ts', './cli.js', 'command-line-stands-alone'],
  ['src/doctor/node.ts', 'node:util', 'no-node-in-src'],
  ['src/doctor/lit.ts', 'lit', 'doctor-packages'],
  ['src/protocol/lit.ts', 'lit', 'protocol-packages'],
  ['src/transport/zod.ts', 'zod', 'transport-packages'],
  ['src/session/lit.ts', 'type lit', 'session-packages'],
  ['src/store/lit.ts', 'lit', 'store-packages'],
  ['src/locale/zod.ts', 'zod', 'locale-packages'],
  ['src/theme/zod.ts', 'zod', 'theme-packages'],
  ['src/elements/demo.ts', '../../demo/page.js', 'src-stands-alone'],
  ['src/elements/test.ts', 'type ../../test/rooms.browser.test.js', 'src-stands-alone'],
  ['demo/server/store.ts', 'type ../../src/store/state.js', 'server-sees-the-protocol-alone'],
  ['demo/faults.ts', 'type ../test/rooms.browser.test.js', 'demo-does-not-know-the-tests'],
  ['demo/server/test.ts', '../../test/rooms.browser.test.js', 'demo-does-not-know-the-tests', 'server-sees-the-protocol-alone'],
  ['scripts/names.ts', '../test/rooms.browser.test.js', 'build-does-not-know-the-tests'],
  ['scripts/screenshots.ts', '../test/rooms.browser.test.js'],
  ['vite.config.ts', './scripts/names.js'],
  ['demo/server/page.ts', '../page.js', 'server-sees-the-protocol-alone'],
  ['src/elements/lost.ts', './nowhere.js', 'nothing-missing'],
  ['src/elements/dev.ts', 'pg', 'shipped-means-a-dependency'],
  ['src/ssr.ts', '@lit-labs/ssr'],
  ['src/hydrate.ts', 'pg', 'server-rendering-has-its-package'],
  ['src/elements/server.ts', '../ssr.js', 'doors-of-their-own', 'elements-do-not-know-the-front-door'],
  ['src/adapter/wire.ts', 'type ../protocol/ids.js'],
  ['src/store/adapted.ts', 'type ../adapter/wire.js', 'doors-of-their-own'],
];

describe('the layer rules', () => {
  const project = mkdtempSync(join(tmpdir(), 'unified-chat-layers-'));
  /** Rules by the file that breaks them. */
  const broken = new Map<string, Set<string>>();

  before(async () => {
    cpSync(join(ROOT, 'package.json'), join(project, 'package.json'));
    cpSync(join(ROOT, 'tsconfig.json'), join(project, 'tsconfig.json'));
    symlinkSync(join(ROOT, 'node_modules'), join(project, 'node_modules'), 'junction');
    for (const [file, imports] of CASES) {
      const [, how = '', from] = /^(type |import\(\) )?(.*)$/.exec(imports)!;
      const type = how === 'type ' ? how : '';
      mkdirSync(dirname(join(project, file)), { recursive: true });
      const line = how === 'import() ' ? `export const x = import('${from}');\n` : `import ${type}* as it from '${from}';\nexport ${type ? 'type It = typeof it' : 'const x = it'};\n`;
      writeFileSync(join(project, file), line);
    }
    const args = [join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs'), '--config', CONFIG, '--output-type', 'json', 'src', 'demo', 'scripts', 'test', 'vite.config.ts'];
    const json = await new Promise<string>((resolve) => execFile(process.execPath, args, { cwd: project, maxBuffer: 1e8 }, (_error, out) => resolve(out)));
    const { summary } = JSON.parse(json) as { summary: { violations: { from: string; rule: { name: string } }[] } };
    for (const { from, rule } of summary.violations) broken.set(from, (broken.get(from) ?? new Set()).add(rule.name));
  });
  after(() => rmSync(project, { recursive: true, force: true }));

  for (const [file, imports, ...rules] of CASES) {
    it(`${file} → ${imports}: ${rules.join(', ') || 'fine'}`, () => assert.deepEqual([...(broken.get(file) ?? [])].sort(), rules.sort()));
  }

  it('each has a case', () => assert.deepEqual(forbidden.map(({ name }) => name).filter((name) => !CASES.some(([, , ...rules]) => rules.includes(name))), []));
});
