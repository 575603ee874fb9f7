/** The demo issues tokens without a sign-in, but only to the local machine. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { isLoopbackAddress, isLoopbackHost } from '../../demo/loopback.js';
import { run, until, type Program } from '../support/processes.js';

it('10.31: recognises loopback hosts and addresses, and rejects similar ones', () => {
  for (const host of [
    'localhost',
    'localhost:8000',
    'LOCALHOST:8000',
    'app.localhost:8000',
    '127.0.0.1',
    '127.0.0.1:8000',
    '127.9.9.9',
    '[::1]',
    '[::1]:8000',
    '2130706433',
  ])
    assert.ok(isLoopbackHost(host), host);
  for (const host of [
    undefined,
    '',
    'evil.example',
    'evil.example:8000',
    'localhost.evil.example',
    'notlocalhost',
    '127.0.0.1.evil.example',
    '10.0.0.7',
    '0.0.0.0',
    '[::]',
    '192.168.1.5:8000',
    'localhost@evil.example',
    'a b',
  ]) {
    assert.ok(!isLoopbackHost(host), String(host));
  }
  for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.1', '127.1.2.3'])
    assert.ok(isLoopbackAddress(address), address);
  for (const address of [undefined, '', '10.0.0.7', '::ffff:10.0.0.7', '::', 'fe80::1', '127.evil'])
    assert.ok(!isLoopbackAddress(address), String(address));
});

describe('10.31: the demo', () => {
  const folder = mkdtempSync(join(tmpdir(), 'unified-chat-demo-'));
  let demo: Program;
  let port: number;
  before(async () => {
    demo = run(process.execPath, ['--import', 'tsx', 'demo/main.ts', '--data', folder], {
      env: { ...process.env, PORT: '0', HOST: '0.0.0.0' },
    });
    await until(demo, () => /http:\/\/localhost:\d+/.test(demo.output()));
    port = Number(/http:\/\/localhost:(\d+)/.exec(demo.output())![1]);
  });
  after(async () => {
    await demo.end();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A plain request: the path is not normalised. */
  const get = (path: string, host: string, address = '127.0.0.1'): Promise<{ status: number; text: string }> =>
    new Promise((resolve, reject) => {
      const asking = request({ host: address, port, path, headers: { Host: host } }, (response) => {
        let text = '';
        response
          .setEncoding('utf8')
          .on('data', (data: string) => (text += data))
          .on('end', () => resolve({ status: response.statusCode!, text }));
      });
      asking.on('error', reject).end();
    });
  const ROUTES = ['/demo/token/ana', '/demo/token/ben', '/chat-token/', '/ssr'];
  const DETOURS = [
    '/line/ana/demo/token/ana',
    '/line/ana/api/../demo/token/ana',
    '/line/ana/api/%2e%2e/demo/token/ana',
    '//demo/token/ana',
    '/demo/./token/ana',
    '/demo/%74oken/ana',
    '/line/ana/line/ana/demo/token/ana',
  ];

  it('10.31: issues tokens to this machine', async () => {
    for (const host of [`localhost:${port}`, `127.0.0.1:${port}`]) {
      const { status, text } = await get('/demo/token/ana', host);
      assert.equal(status, 200);
      assert.match(text, /eyJ/);
    }
    assert.match((await get('/chat-token/', `localhost:${port}`)).text, /eyJ/);
    assert.equal(
      (await get('/line/ana/api/chat/rooms/', `localhost:${port}`)).status,
      401,
      'the proxies still lead to the chat',
    );
  });

  it('10.31: issues none to a page whose domain resolves to this machine (DNS rebinding)', async () => {
    for (const path of [...ROUTES, ...DETOURS, '/demo/faults/ana?cut']) {
      const { status, text } = await get(path, `evil.example:${port}`);
      assert.ok(status >= 300, `${path}: ${status}`);
      assert.ok(!text.includes('eyJ'), path);
    }
  });

  const elsewhere = Object.values(networkInterfaces())
    .flat()
    .find((each) => each && each.family === 'IPv4' && !each.internal)?.address;
  it(
    '10.31: issues none to another machine, under any host name',
    { skip: !elsewhere && 'this machine has no other address' },
    async () => {
      assert.equal((await get('/', `localhost:${port}`, elsewhere)).status, 200, 'pages are served');
      for (const path of [...ROUTES, ...DETOURS]) {
        const { status, text } = await get(path, `localhost:${port}`, elsewhere);
        assert.ok(status >= 300, `${path}: ${status}`);
        assert.ok(!text.includes('eyJ'), path);
      }
    },
  );
});
