/** `npx unified-chat doctor` in its own process: its output, its exit code, and that it never prints a token. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { parseArguments, UsageError } from '../../src/doctor/cli-args.js';
import type { Report } from '../../src/doctor/index.js';
import { ANA, BEN, ROOM } from '../server/support.js';
import { injectFault } from '../support/backend-fault-proxy.js';
import { backendFaults, type FaultName } from '../support/backend-faults.js';

const ROOT = join(import.meta.dirname, '../..');

interface ProcessResult {
  code: number;
  out: string;
  err: string;
}

/** Runs Node without the tokens and color settings of this process's own environment. */
function runNode(args: string[], env: Record<string, string> = {}): Promise<ProcessResult> {
  const {
    UNIFIED_CHAT_TOKEN: _token,
    UNIFIED_CHAT_USER_TOKEN_2: _token2,
    FORCE_COLOR: _color,
    NODE_TEST_CONTEXT: _test,
    ...rest
  } = process.env;
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: ROOT, env: { ...rest, ...env } }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, out, err });
    });
  });
}

const doctor = (args: string[], env?: Record<string, string>): Promise<ProcessResult> =>
  runNode(['--import', 'tsx', 'src/doctor/cli.ts', 'doctor', ...args], env);

let server: RunningServer;
let token: string;
before(async () => {
  server = await startServer({ allowedOrigins: ['https://my.site'] });
  token = await server.signToken(ANA);
});
after(() => server.close());

describe('the command, with a healthy backend', () => {
  it('prints one line per check and exits with 0', async () => {
    const args = ['--url', server.url, '--origin', 'https://my.site/', '--write', '--room', String(ROOM)];
    const env = { UNIFIED_CHAT_TOKEN: token, UNIFIED_CHAT_USER_TOKEN_2: await server.signToken(BEN) };
    const { code, out, err } = await doctor(args, env);
    assert.equal(code, 0, out + err);
    assert.match(out, /^pass {9}token\.query +The WebSocket accepts the token from the query string\.$/m);
    assert.match(out, /^No problems found at http:\S+ \(\d+ pass, 4 skipped; \d+\.\d s\)\.$/m);
    assert.equal(err, '', 'the progress line is for terminals only');
    // eslint-disable-next-line no-control-regex -- matches the escape character of colors
    assert.ok(!/\u001b/.test(out), 'no colors in a pipe');
    assert.ok(!out.includes(token.slice(-20)));
  });

  it('prints the same as JSON with --json', async () => {
    const { code, out } = await doctor(['--url', server.url, '--token', token, '--json']);
    const report = JSON.parse(out) as Report;
    assert.deepEqual([code, report.healthy, report.counts.fail, report.url], [0, true, 0, server.url]);
    assert.ok(report.findings.some(({ id, verdict }) => id === 'send.socket' && verdict === 'skipped'));
    assert.ok(!out.includes(token.slice(-20)));
  });

  it('prints its help with --help', async () => {
    const { code, out } = await doctor(['--help']);
    assert.equal(code, 0);
    const flags = ['url', 'token', 'user-token-2', 'origin', 'ws-path', 'api-path', 'auth', 'json', 'write', 'room'];
    const texts = [...flags.map((flag) => `--${flag}`), 'UNIFIED_CHAT_TOKEN', 'reading a history marks it as read'];
    for (const text of texts) assert.ok(out.includes(text), text);
  });
});

describe('the command, with a failed check', () => {
  for (const [fault, flags] of [
    ['subscribe_room answered with an error', []],
    ['redirect to a sign-in page', ['--json']],
  ] satisfies [FaultName, string[]][]) {
    it(`exits with 1, and hides a token that the server echoes: ${fault}`, async () => {
      const backend = await injectFault(server.url, backendFaults(token)[fault]);
      try {
        const { code, out } = await doctor(['--url', backend.url, ...flags], { UNIFIED_CHAT_TOKEN: token });
        assert.equal(code, 1);
        assert.ok(out.includes('[token]') || out.includes('Access denied for …'), out);
        for (const part of token.split('.')) assert.ok(!out.includes(part));
        if (flags.length === 0) assert.match(out, /^FAIL .*\n {13}\S/m, 'the fix is indented below');
      } finally {
        await backend.close();
      }
    });
  }

  it('exits with 1 for an expired token', async () => {
    const expired = await server.signToken(ANA, { expiresIn: -60 });
    const { code, out } = await doctor(['--url', server.url, '--token', expired]);
    assert.equal(code, 1);
    assert.match(out, /FAIL {9}token\.rest .*According to its exp claim, it expired at 20/);
  });

  it('exits with 1 for an unreachable server, and groups the skipped checks', async () => {
    const closed = await injectFault(server.url, {});
    await closed.close();
    const { code, out } = await doctor(['--url', closed.url, '--token', token]);
    assert.equal(code, 1);
    assert.match(out, /FAIL {9}rest\.reachable +No server is listening at 127\.0\.0\.1:\d+ \(ECONNREFUSED\)/);
    assert.match(out, /and \d+ more\n +the server is unreachable/);
  });
});

describe('the command, with invalid options', () => {
  it('exits with 2 for an unexpected argument, and does not print it', async () => {
    const { code, out, err } = await doctor(['some-secret-token', '--url', server.url], { UNIFIED_CHAT_TOKEN: token });
    assert.deepEqual([code, out], [2, '']);
    assert.match(err, /Unexpected argument.*\n.*--help/);
    assert.ok(!err.includes('some-secret-token'));
  });

  it('exits with 2 for --write with an unknown room', async () => {
    const { code, err } = await doctor(['--url', server.url, '--token', token, '--write', '--room', '4711']);
    assert.equal(code, 2);
    assert.match(err, /Room 4711 is not in this user's room list/);
  });

  it('exits with 2 for an invalid url', async () => {
    const { code, err } = await doctor(['--url', `api.example.com?token=${token}`], { UNIFIED_CHAT_TOKEN: token });
    assert.equal(code, 2);
    assert.match(err, /is not an address/);
    assert.ok(!err.includes(token.slice(-20)));
  });
});

describe('parseArguments', () => {
  const valid = ['doctor', '--url', 'https://api.example.com', '--token', 'some-secret-token'];

  for (const [mistake, args, message] of [
    ['no command', [], /command is missing/],
    ['an unknown command', ['cure'], /only command is doctor/],
    ['a missing url', ['doctor', '--token', 'some-secret-token'], /--url is missing/],
    ['a missing token', ['doctor', '--url', 'https://api.example.com'], /UNIFIED_CHAT_TOKEN/],
    ['an unknown flag', [...valid, '--tokn=some-secret-token'], /tokn/],
    ['a token without a flag', [...valid, 'some-secret-token'], /Unexpected argument/],
    ['an unknown auth mode', [...valid, '--auth', 'cookie'], /query, subprotocol, ticket/],
    ['an origin with a path', [...valid, '--origin', 'https://my.site/chat'], /without a path/],
    ['--write without a room', [...valid, '--write'], /--room ID/],
  ] as [string, string[], RegExp][]) {
    it(`rejects ${mistake}`, () => {
      const isExpected = (error: unknown): boolean =>
        error instanceof UsageError && message.test(error.message) && !error.message.includes('some-secret-token');
      assert.throws(() => parseArguments(args, {}), isExpected);
    });
  }

  it('reads tokens from the environment, but prefers those of flags', () => {
    const env = { UNIFIED_CHAT_TOKEN: 'one', UNIFIED_CHAT_USER_TOKEN_2: 'two' };
    const args = ['doctor', '--url', 'https://api.example.com', '--origin', 'https://my.site/'];
    const parsed = parseArguments(args, env);
    assert.ok(parsed !== 'help');
    const { token, userToken2, origin, write } = parsed;
    assert.deepEqual([token, userToken2, origin, write], ['one', 'two', 'https://my.site', false]);
    assert.equal((parseArguments(valid, env) as { token: string }).token, 'some-secret-token');
  });
});

describe('the built command', () => {
  const folder = mkdtempSync(join(tmpdir(), 'unified-chat-cli-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('runs in Node without a loader', async () => {
    const vite = [
      'node_modules/vite/bin/vite.js',
      'build',
      '--mode',
      'modules',
      '--logLevel',
      'error',
      '--outDir',
      folder,
    ];
    const build = await runNode(vite);
    assert.equal(build.code, 0, build.err);
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction');
    const server = await startServer({});
    try {
      const env = { UNIFIED_CHAT_TOKEN: await server.signToken(ANA) };
      const { code, out, err } = await runNode([join(folder, 'doctor/cli.js'), 'doctor', '--url', server.url], env);
      assert.equal(code, 0, out + err);
      assert.match(out, /No problems found/);
    } finally {
      await server.close();
    }
  });
});
