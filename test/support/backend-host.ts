/** The process behind backend-plugin.ts: real servers, each behind a fault line, told what to do over IPC. */
import { cpSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Options } from '../../demo/server/options.js';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import type { Commands, Question, Reply } from './backend-plugin.js';
import { createFaultLine, listen, type FaultLine } from '../../demo/fault-proxy/fault-proxy.js';

interface Running {
  server: RunningServer;
  options: Partial<Options>;
  folder: string;
  line: FaultLine;
}

const home = await mkdtemp(join(tmpdir(), 'unified-chat-'));
process.once('exit', () => rmSync(home, { recursive: true, force: true }));

/** Making and filling a database takes a second or two, copying one a moment: so one is made, and then copied. */
const template = makeTemplate();
async function makeTemplate(): Promise<string> {
  const folder = join(home, 'template');
  const server = await startServer({ database: { kind: 'folder', path: folder }, seed: true });
  await server.close();
  return folder;
}

const running = new Map<number, Running>();
let lastId = 0;
const the = (id: number): Running => {
  const found = running.get(id);
  if (!found) throw new Error(`There is no backend ${id}; it was ended, or never started.`);
  return found;
};

const commands: Commands = {
  async start(given) {
    const id = ++lastId;
    const folder = join(home, String(id));
    // A thousand small files: a third of the time that the asynchronous way takes.
    cpSync(await template, folder, { recursive: true });
    const options: Partial<Options> = { allowedOrigins: '*', logLevel: 'silent', ...given, database: { kind: 'folder', path: folder } };
    const server = await startServer(options);
    const line = createFaultLine({ target: server.url });
    running.set(id, { server, options, folder, line });
    return { id, url: await listen(line) };
  },
  stop: ({ id }) => the(id).server.close(),
  async again({ id }) {
    const backend = the(id);
    const { port, secret } = backend.server;
    backend.server = await startServer({ ...backend.options, port, secret });
  },
  async end({ id }) {
    const { line, server, folder } = the(id);
    running.delete(id);
    line.close();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  },
  token: ({ id, userId, expiresIn = 3_600 }) => the(id).server.signToken(userId, { expiresIn }),
  async faults({ id, ...faults }) {
    the(id).line.set(faults);
  },
  async cut({ id }) {
    the(id).line.cut();
  },
  async line({ id, call, given }) {
    const { line } = the(id);
    return (line[call] as (this: FaultLine, ...given: unknown[]) => unknown).apply(line, given);
  },
  async post({ id, userId, roomId, content }) {
    const { server } = the(id);
    const response = await fetch(`${server.url}/api/chat/rooms/${roomId}/send_message/`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${await server.signToken(userId)}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ room: roomId, content }),
    });
    return response.status;
  },
  async stored({ id, roomId, content }) {
    const rows = await the(id).server.database.query<{ n: number }>('select count(*)::int as n from messages where room_id = $1 and content = $2', [roomId, content]);
    return rows[0]?.n ?? 0;
  },
};

process.on('message', ({ number, name, payload }: Question) => {
  const reply = (answer: Omit<Reply, 'number'>): void => void process.send?.({ number, ...answer });
  (commands[name] as (payload: unknown) => Promise<unknown>)(payload).then(
    (answer) => reply({ answer }),
    (error: unknown) => reply({ error: error instanceof Error ? error.message : String(error) }),
  );
});
// Ctrl-C reaches us too; without this the folder would stay behind.
for (const end of ['disconnect', 'SIGINT', 'SIGTERM'] as const) process.once(end, () => process.exit(0));
