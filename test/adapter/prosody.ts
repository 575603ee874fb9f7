/** A real XMPP server for a test: Prosody with group chat, archive, file upload and accounts. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Prosody {
  service: string;
  domain: string;
  rooms: string;
  stop(): Promise<void>;
  restart(): Promise<void>;
  end(): Promise<void>;
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

/** The largest file that the server accepts. */
export const MAX_FILE_BYTES = 1_000;

/** @param people Passwords by user name. */
export async function startProsody(program: string, people: Record<string, string>): Promise<Prosody> {
  const folder = await mkdtemp(join(tmpdir(), 'unified-chat-prosody-'));
  const port = await freePort();
  await mkdir(join(folder, 'localhost/accounts'), { recursive: true });
  for (const [name, password] of Object.entries(people))
    await writeFile(
      join(folder, `localhost/accounts/${name}.dat`),
      `return { ["password"] = ${JSON.stringify(password)} }`,
    );
  await writeFile(
    join(folder, 'prosody.cfg.lua'),
    `run_as_root = true
data_path = ${JSON.stringify(folder)}
pidfile = ${JSON.stringify(join(folder, 'prosody.pid'))}
modules_enabled = { "saslauth", "disco", "websocket", "ping" }
modules_disabled = { "s2s", "tls", "posix" }
interfaces = { "127.0.0.1" }
c2s_ports = {}
s2s_ports = {}
http_ports = { ${port} }
https_ports = {}
http_interfaces = { "127.0.0.1" }
consider_websocket_secure = true
authentication = "internal_plain"
storage = "internal"
log = { error = "*console" }
VirtualHost "localhost"
Component "rooms.localhost" "muc"
  modules_enabled = { "muc_mam" }
  muc_log_by_default = true
  muc_log_all_rooms = true
  muc_room_default_persistent = true
  muc_room_default_public = true
  muc_room_locking = false
  restrict_room_creation = false
Component "files.localhost" "http_file_share"
  http_host = "localhost"
  http_file_share_size_limit = ${MAX_FILE_BYTES}
`,
  );
  let child: ChildProcess;
  const begin = async (): Promise<void> => {
    child = spawn(program, ['--config', join(folder, 'prosody.cfg.lua'), '-F'], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (data) => (output += String(data)));
    for (;;) {
      if (child.exitCode !== null) throw new Error(`Prosody ended: ${output}`);
      const answer = await fetch(`http://127.0.0.1:${port}/xmpp-websocket`, {
        headers: { Host: `localhost:${port}` },
      }).catch(() => undefined);
      if (answer) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      child.once('exit', () => resolve());
      child.kill('SIGTERM');
    });
  await begin();
  return {
    service: `ws://localhost:${port}/xmpp-websocket`,
    domain: 'localhost',
    rooms: 'rooms.localhost',
    stop,
    restart: begin,
    async end() {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
