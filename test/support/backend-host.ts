/** The child process of backend-plugin.ts: real servers, each behind a fault proxy, controlled by IPC. */
import { cpSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Options } from '../../demo/server/options.js';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import type { Commands, CommandRequest, CommandReply } from './backend-plugin.js';
import { createFaultProxy, listen, type FaultProxy } from '../../demo/fault-proxy/fault-proxy.js';

interface Running {
  server: RunningServer;
  options: Partial<Options>;
  folder: string;
  proxy: FaultProxy;
}

const home = await mkdtemp(join(tmpdir(), 'unified-chat-'));
process.once('exit', () => rmSync(home, { recursive: true, force: true }));

/** Creating and seeding a database takes a second or two, copying one much less. So one is created, then copied. */
const template = makeTemplate();
async function makeTemplate(): Promise<string> {
  const folder = join(home, 'template');
  const server = await startServer({ database: { kind: 'folder', path: folder }, seed: true });
  await server.close();
  return folder;
}

const running = new Map<number, Running>();
let lastId = 0;
const backendOf = (id: number): Running => {
  const found = running.get(id);
  if (!found) throw new Error(`Unknown backend ${id}: it was ended, or never started.`);
  return found;
};

const commands: Commands = {
  async start(given) {
    const id = ++lastId;
    const folder = join(home, String(id));
    // A thousand small files: the synchronous copy is three times as fast.
    cpSync(await template, folder, { recursive: true });
    const options: Partial<Options> = {
      allowedOrigins: '*',
      logLevel: 'silent',
      ...given,
      database: { kind: 'folder', path: folder },
    };
    const server = await startServer(options);
    const proxy = createFaultProxy({ target: server.url });
    running.set(id, { server, options, folder, proxy });
    return { id, url: await listen(proxy) };
  },
  stop: ({ id }) => backendOf(id).server.close(),
  async restart({ id }) {
    const backend = backendOf(id);
    const { port, secret } = backend.server;
    backend.server = await startServer({ ...backend.options, port, secret });
  },
  async end({ id }) {
    const { proxy, server, folder } = backendOf(id);
    running.delete(id);
    proxy.close();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  },
  token: ({ id, userId, expiresIn = 3_600 }) => backendOf(id).server.signToken(userId, { expiresIn }),
  async faults({ id, ...faults }) {
    backendOf(id).proxy.set(faults);
  },
  async cut({ id }) {
    backendOf(id).proxy.cut();
  },
  async proxy({ id, call, given }) {
    const { proxy } = backendOf(id);
    return (proxy[call] as (this: FaultProxy, ...given: unknown[]) => unknown).apply(proxy, given);
  },
  async post({ id, userId, roomId, content }) {
    const { server } = backendOf(id);
    const response = await fetch(`${server.url}/api/chat/rooms/${roomId}/send_message/`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${await server.signToken(userId)}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ room: roomId, content }),
    });
    return response.status;
  },
  async stored({ id, roomId, content }) {
    const rows = await backendOf(id).server.database.query<{ n: number }>(
      'select count(*)::int as n from messages where room_id = $1 and content = $2',
      [roomId, content],
    );
    return rows[0]?.n ?? 0;
  },
};

process.on('message', ({ number, name, payload }: CommandRequest) => {
  const reply = (answer: Omit<CommandReply, 'number'>): void => void process.send?.({ number, ...answer });
  (commands[name] as (payload: unknown) => Promise<unknown>)(payload).then(
    (answer) => reply({ answer }),
    (error: unknown) => reply({ error: error instanceof Error ? error.message : String(error) }),
  );
});
// On Ctrl-C too, so that the folder is removed.
for (const end of ['disconnect', 'SIGINT', 'SIGTERM'] as const) process.once(end, () => process.exit(0));
