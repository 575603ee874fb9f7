/** `npx unified-chat doctor`, as a process of its own: what it says, what it never says, and how it ends. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { readArguments, WrongArguments } from '../../src/doctor/cli-args.js';
import type { Report } from '../../src/doctor/index.js';
import { plantFault } from '../support/planted-faults.js';
import { plants, type PlantName } from '../support/backend-faults.js';
import { ANA, BEN, ROOM } from '../server/support.js';

const ROOT = join(import.meta.dirname, '../..');

interface Ended {
  code: number;
  out: string;
  err: string;
}

/** In an environment without tokens and colours but those that are given. */
function run(command: string[], env: Record<string, string> = {}): Promise<Ended> {
  const { UNIFIED_CHAT_TOKEN: _one, UNIFIED_CHAT_USER_TOKEN_2: _two, FORCE_COLOR: _colour, NODE_TEST_CONTEXT: _test, ...rest } = process.env;
  return new Promise((resolve) => {
    execFile(process.execPath, command, { cwd: ROOT, env: { ...rest, ...env } }, (error, out, err) => resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, out, err }));
  });
}

const doctor = (args: string[], env?: Record<string, string>): Promise<Ended> => run(['--import', 'tsx', 'src/doctor/cli.ts', 'doctor', ...args], env);

describe('the command line', () => {
  let server: RunningServer;
  let token: string;
  before(async () => {
    server = await startServer({ allowedOrigins: ['https://my.site'] });
    token = await server.signToken(ANA);
  });
  after(() => server.close());

  it('ends with 0 where nothing is wrong, and says each point on a line', async () => {
    const { code, out, err } = await doctor(['--url', server.url, '--origin', 'https://my.site/', '--write', '--room', String(ROOM)], { UNIFIED_CHAT_TOKEN: token, UNIFIED_CHAT_USER_TOKEN_2: await server.signToken(BEN) });
    assert.equal(code, 0, out + err);
    assert.match(out, /^pass {5}token\.query +The socket takes the token from its address\.$/m);
    assert.match(out, /^Nothing is wrong with http:\S+ \(\d+ pass; \d+\.\d s\)\.$/m);
    assert.equal(err, '', 'no progress line where nobody looks');
    // eslint-disable-next-line no-control-regex -- colours are what is looked for
    assert.ok(!/\u001b/.test(out), 'no colours in a pipe');
    assert.ok(!out.includes(token.slice(-20)));
  });

  it('gives the same as JSON', async () => {
    const { code, out } = await doctor(['--url', server.url, '--token', token, '--json']);
    const report = JSON.parse(out) as Report;
    assert.deepEqual([code, report.healthy, report.counts.wrong, report.url], [0, true, 0, server.url]);
    assert.ok(report.findings.some(({ id, verdict }) => id === 'send.socket' && verdict === 'skipped'));
    assert.ok(!out.includes(token.slice(-20)));
  });

  for (const [fault, flags] of [['a room cannot be subscribed to', []], ['redirect to a sign-in', ['--json']]] satisfies [PlantName, string[]][]) {
    it(`ends with 1 where something is wrong, and hides the token that the server repeats: ${fault}`, async () => {
      const proxy = await plantFault(server.url, plants(token)[fault]);
      try {
        const { code, out } = await doctor(['--url', proxy.url, ...flags], { UNIFIED_CHAT_TOKEN: token });
        assert.equal(code, 1);
        assert.ok(out.includes('[token]') || out.includes('Access denied for …'), out);
        for (const part of token.split('.')) assert.ok(!out.includes(part));
        if (flags.length === 0) assert.match(out, /^WRONG .*\n {9}\S/m, 'how to mend it stands below');
      } finally {
        await proxy.close();
      }
    });
  }

  it('a token that the server refuses is wrong too', async () => {
    const { code, out } = await doctor(['--url', server.url, '--token', await server.signToken(ANA, { expiresIn: -60 })]);
    assert.equal(code, 1);
    assert.match(out, /WRONG {4}token\.rest .*By its own word it expired at 20/);
  });

  it('a server that is not there is wrong, and the rest is skipped in one line', async () => {
    const gone = await plantFault(server.url, {});
    await gone.close();
    const { code, out } = await doctor(['--url', gone.url, '--token', token]);
    assert.equal(code, 1);
    assert.match(out, /WRONG {4}rest\.reachable +Nothing listens at 127\.0\.0\.1:\d+ \(ECONNREFUSED\)/);
    assert.match(out, /and \d+ more\n +the server cannot be reached/);
  });

  it('ends with 2 for arguments that make no sense, and does not repeat them', async () => {
    const { code, out, err } = await doctor(['some-secret-token', '--url', server.url], { UNIFIED_CHAT_TOKEN: token });
    assert.deepEqual([code, out], [2, '']);
    assert.match(err, /a word too many.*\n.*--help/);
    assert.ok(!err.includes('some-secret-token'));
  });

  it('ends with 2 rather than write into a room that is not there', async () => {
    const { code, err } = await doctor(['--url', server.url, '--token', token, '--write', '--room', '4711']);
    assert.equal(code, 2);
    assert.match(err, /Room 4711 is not in the list/);
  });

  it('ends with 2 for a url that is none', async () => {
    const { code, err } = await doctor(['--url', `api.example.com?token=${token}`], { UNIFIED_CHAT_TOKEN: token });
    assert.equal(code, 2);
    assert.match(err, /is not an address/);
    assert.ok(!err.includes(token.slice(-20)));
  });

  it('helps', async () => {
    const { code, out } = await doctor(['--help']);
    assert.equal(code, 0);
    for (const flag of ['--url', '--token', '--user-token-2', '--origin', '--ws-path', '--api-path', '--auth', '--json', '--write', '--room', 'UNIFIED_CHAT_TOKEN', 'reading one marks it as read']) assert.ok(out.includes(flag), flag);
  });
});

describe('arguments', () => {
  const good = ['doctor', '--url', 'https://api.example.com', '--token', 'some-secret-token'];

  for (const [what, args, says] of [
    ['nothing at all', [], /Say what to do/],
    ['another command', ['cure'], /one command: doctor/],
    ['no url', ['doctor', '--token', 'some-secret-token'], /--url is missing/],
    ['no token', ['doctor', '--url', 'https://api.example.com'], /UNIFIED_CHAT_TOKEN/],
    ['a flag that it does not know', [...good, '--tokn=some-secret-token'], /tokn/],
    ['a token that lost its flag', [...good, 'some-secret-token'], /a word too many/],
    ['a way to sign in that it does not know', [...good, '--auth', 'cookie'], /query, subprotocol, ticket/],
    ['an origin with a path', [...good, '--origin', 'https://my.site/chat'], /without a path/],
    ['to write, and not where', [...good, '--write'], /--room ID/],
  ] as [string, string[], RegExp][]) {
    it(`refuses ${what}`, () => {
      assert.throws(() => readArguments(args, {}), (error) => error instanceof WrongArguments && says.test(error.message) && !error.message.includes('some-secret-token'));
    });
  }

  it('takes tokens from the environment, and rather from a flag', () => {
    const env = { UNIFIED_CHAT_TOKEN: 'one', UNIFIED_CHAT_USER_TOKEN_2: 'two' };
    const read = readArguments(['doctor', '--url', 'https://api.example.com', '--origin', 'https://my.site/'], env);
    assert.ok(read !== 'help');
    assert.deepEqual([read.token, read.userToken2, read.origin, read.write], ['one', 'two', 'https://my.site', false]);
    assert.equal((readArguments(good, env) as { token: string }).token, 'some-secret-token');
  });
});

describe('the command line, as it is shipped', () => {
  const folder = mkdtempSync(join(tmpdir(), 'unified-chat-cli-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('runs in plain Node', async () => {
    const built = await run(['node_modules/vite/bin/vite.js', 'build', '--mode', 'cli', '--logLevel', 'error', '--outDir', folder]);
    assert.equal(built.code, 0, built.err);
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction');
    const server = await startServer({});
    try {
      const { code, out, err } = await run([join(folder, 'doctor-cli.js'), 'doctor', '--url', server.url], { UNIFIED_CHAT_TOKEN: await server.signToken(ANA) });
      assert.equal(code, 0, out + err);
      assert.match(out, /Nothing is wrong/);
    } finally {
      await server.close();
    }
  });
});
