import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { describe, it } from 'node:test';
import type { DatabaseKind } from '../../demo/server/options.js';
import { seedMany } from '../../demo/server/database/seed.js';
import { startServer } from '../../demo/server/server.js';
import { missingPrograms } from '../support/find-programs.mjs';
import { startPostgres } from '../support/services.js';
import { ANA, BEN, join, openSocket, rest, ROOM, within, withServer } from './support.js';

const missing = missingPrograms();

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(joinPath(tmpdir(), 'chat-server-'));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function survivesRestart(database: DatabaseKind): Promise<void> {
  let id = 0;
  await withServer({ database }, async (server) => {
    const ana = await join(server, ANA, ROOM);
    const post = () =>
      rest(server, ANA, 'rooms/1/send_message/', {
        json: { room: 1, content: 'still here', reply_to: 1 },
        headers: { 'Idempotency-Key': 'kept' },
      });
    const answers = await Promise.all(Array.from({ length: 8 }, post));
    id = answers[0]!.body.id;
    assert.equal(new Set(answers.map(({ body }) => body.id)).size, 1);
    assert.equal(answers.filter(({ status }) => status === 201).length, 1);
    assert.equal((await ana.ask({ type: 'mark_read', room_id: 2 }, 'messages_marked_read'))['count'], 2);
    ana.close();
  });
  await withServer({ database }, async (server) => {
    const { body } = await rest(server, ANA, 'rooms/1/messages/?limit=1');
    assert.deepEqual(
      [body.messages[0].id, body.messages[0].content, body.messages[0].reply_to.sender],
      [id, 'still here', 'ana'],
    );
    const again = await rest(server, ANA, 'rooms/1/send_message/', {
      json: { room: 1, content: 'still here' },
      headers: { 'Idempotency-Key': 'kept' },
    });
    assert.deepEqual([again.status, again.body.id], [200, id], 'idempotency survives too');
    const rooms = (await rest(server, ANA, 'rooms/')).body as { id: number; unread_count: number }[];
    assert.equal(rooms.length, 5, 'seeded once');
    assert.equal(rooms.find((room) => room.id === 2)?.unread_count, 0);
    assert.equal((await seedMany(server.database, 5, 1000)).length, 1000);
    assert.deepEqual((await rest(server, ANA, 'rooms/')).body[0].last_message.content, '1000. 👍');
  });
}

describe('data survives a restart', () => {
  it('in a folder, which is locked against a second server', () =>
    inFolder(async (path) => {
      await survivesRestart({ kind: 'folder', path });
      await withServer({ database: { kind: 'folder', path } }, () =>
        assert.rejects(startServer({ database: { kind: 'folder', path } }), /is in use by process/),
      );
    }));
  it('on a Postgres server', { skip: missing.length > 0 && `not on this machine: ${missing.join(', ')}` }, async () => {
    const { url, stop } = await startPostgres();
    try {
      await survivesRestart({ kind: 'url', url });
    } finally {
      await stop();
    }
  });
});

describe('shutting down', () => {
  it('finishes pending work, then closes every socket with 1012', () =>
    inFolder(async (path) => {
      const server = await startServer({ database: { kind: 'folder', path } });
      const [ana, ben] = [await join(server, ANA, ROOM), await join(server, BEN)];
      const notifications = await openSocket(server, await server.signToken(BEN), { path: '/ws/notifications/2/' });
      ana.send({ type: 'send_message', room_id: ROOM, content: 'last words', _tempId: 'last' });
      const post = rest(server, BEN, 'rooms/1/send_message/', { json: { room: 1, content: 'by REST' } });
      await ana.settle();
      const [, answer] = await within(
        Promise.all([server.close(), post.catch(() => null)]),
        'the server to close',
        5_000,
      );
      for (const client of [ana, ben, notifications])
        assert.deepEqual(await within(client.closed, 'the close'), { code: 1012, reason: 'service restart' });
      await assert.rejects(fetch(server.url), /fetch failed/);
      await withServer({ database: { kind: 'folder', path } }, async (next) => {
        const { body } = await rest(next, ANA, 'rooms/1/messages/?limit=2');
        const contents = body.messages.map(({ content }: { content: string }) => content) as string[];
        assert.ok(contents.includes('last words'));
        if (answer?.status === 201) assert.ok(contents.includes('by REST'));
      });
    }));

  it('uses the given code, and may be called twice', async () => {
    const server = await startServer();
    const ana = await join(server, ANA);
    await Promise.all([server.close(1001), server.close(1001)]);
    assert.equal((await ana.closed).code, 1001);
  });

  it('does not wait for unresponsive clients', async () => {
    const server = await startServer();
    const ana = await join(server, ANA);
    ana.socket.pause();
    await within(server.close(), 'the server to close');
    ana.close();
  });
});

it('serves pages and other upgrades through hooks', () =>
  withServer(
    {
      fetch: (request) => new Response(`page ${new URL(request.url).pathname}`),
      onRequest: (request, response) => request.url === '/mine' && (response.end('mine'), true),
      onUpgrade: (request, socket) => request.url === '/hmr' && (socket.end('HTTP/1.1 418 Teapot\r\n\r\n'), true),
    },
    async (server) => {
      assert.equal((await rest(server, null, '/')).text, 'page /');
      assert.equal((await rest(server, null, '/mine')).text, 'mine');
      assert.equal((await rest(server, ANA, '/api/chat/x')).status, 404);
      assert.equal((await rest(server, null, '/x', { method: 'POST' })).status, 404);
      await assert.rejects(openSocket(server, null, { path: '/hmr' }), /refused 418/);
    },
  ));

it('the command prints its address, and exits on SIGTERM', () =>
  inFolder(async (path) => {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', 'demo/server/main.ts', '--data', path, '--baseline', '--with', 'twice,bad-room'],
      { env: { ...process.env, LOG_LEVEL: 'silent', PORT: '0', DATABASE_URL: '' } },
    );
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    const text = await within(
      new Promise<string>((resolve) => child.stdout.on('data', (data) => resolve(String(data)))),
      'the address',
      20_000,
    );
    const url = /http:\S+/.exec(text)?.[0] ?? '';
    assert.deepEqual(await (await fetch(`${url}/healthz`)).json(), { status: 'ok' });
    child.kill('SIGTERM');
    assert.equal(await within(ended, 'the process to end'), 0);
  }));
