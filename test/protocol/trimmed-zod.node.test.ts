/**
 * The bundle contains a reduced zod (`trimZod` in scripts/trim-libraries.ts), which must accept the same values and
 * report the same problems.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { build, loadConfigFromFile, type Plugin } from 'vite';
import type * as Protocol from '../../src/protocol/index.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'unified-chat-zod-'));
after(() => rmSync(folder, { recursive: true, force: true }));

async function built(name: string, plugins: Plugin[]): Promise<typeof Protocol> {
  const lib = { entry: join(ROOT, 'src/protocol/index.ts'), formats: ['es' as const], fileName: name };
  await build({
    root: ROOT,
    configFile: false,
    publicDir: false,
    logLevel: 'error',
    plugins,
    build: { outDir: folder, emptyOutDir: false, minify: false, lib },
  });
  return (await import(pathToFileURL(join(folder, `${name}.js`)).href)) as typeof Protocol;
}

const user = fc.record({
  id: fc.constantFrom(1, 'a'),
  username: fc.constant('ana'),
  profile_picture: fc.constant(null),
  more: fc.boolean(),
});
const message = fc.record({
  id: fc.constantFrom(1, 'x'),
  sender: fc.option(user),
  content: fc.constant('hi'),
  timestamp: fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-01T00:00:00'),
  reply_to: fc.option(fc.record({ id: fc.constant(1), sender: fc.oneof(user, fc.constant('ana')) })),
  reactions: fc.option(
    fc.array(fc.record({ emoji: fc.constant('+'), user_ids: fc.array(fc.constant(1)) }), { maxLength: 2 }),
    { nil: undefined },
  ),
});
const room = fc.record({
  id: fc.constant(1),
  participants: fc.array(user, { maxLength: 2 }),
  participant_count: fc.constant(2e6),
  last_message: fc.option(message),
  is_active: fc.boolean(),
});
const seq = fc.constantFrom(1, -1, undefined);
/** Each field of a frame with a valid value, with another one, or missing. */
const frame = (types: string[]): fc.Arbitrary<unknown> => {
  const fields = {
    message,
    room_id: fc.constantFrom(1, '1'),
    message_id: fc.constant(1),
    seq,
    rooms: fc.array(room, { maxLength: 3 }),
    updates: room,
    user_id: fc.constant(2),
    username: fc.constant('ben'),
    is_typing: fc.boolean(),
    count: fc.constant(3),
    capabilities: fc.array(fc.constant('sync'), { maxLength: 1 }),
    limits: fc.record({ content: seq }),
    heartbeat_s: fc.constantFrom(1, 25, 900),
    in_s: fc.constant(60),
    reactions: fc.constant([]),
    retry_after: fc.constantFrom(0, 5),
    timestamp: fc.constant('2026-01-01T00:00:00Z'),
    _tempId: fc.constant('t'),
  };
  const broken = Object.fromEntries(
    Object.entries(fields).map(([name, right]) => [
      name,
      fc.oneof(
        { weight: 9, arbitrary: right as fc.Arbitrary<unknown> },
        { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 1 }) },
      ),
    ]),
  );
  return fc
    .tuple(fc.constantFrom(...types), fc.record(broken, { requiredKeys: [] }))
    .map(([type, rest]) => ({ ...rest, type }));
};

it('the reduced zod of the bundle behaves like the original', async () => {
  const { config } = (await loadConfigFromFile(
    { command: 'build', mode: 'production' },
    join(ROOT, 'vite.config.ts'),
  ))!;
  const trim = (config.plugins ?? [])
    .flat()
    .filter((plugin): plugin is Plugin => (plugin as Plugin | undefined)?.name === 'trim-zod');
  assert.equal(trim.length, 1);
  const [whole, trimmed] = [await built('whole', []), await built('trimmed', trim)];
  let good = 0;
  fc.assert(
    fc.property(frame(Object.keys(whole.ChatFrames)), (value) => {
      const expected = whole.decodeChatFrame(JSON.stringify(value));
      if (expected.frame) good++;
      assert.deepEqual(trimmed.decodeChatFrame(JSON.stringify(value)), expected);
    }),
    { numRuns: 3_000, seed: 10 },
  );
  assert.ok(good > 300, `${good} frames were good`);
});
