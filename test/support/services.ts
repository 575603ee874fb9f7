/**
 * Real PostgreSQL, Redis and nginx, private to one test: on a free port, in a temporary folder, stopped with the test.
 * find-programs.mjs reports missing programs.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { findProgram } from './find-programs.mjs';
import { removeFolder, freePort, makeFolder, run, until, type Program } from './processes.js';

export interface Service {
  url: string;
  stop(): Promise<void>;
}

const isRoot = process.getuid?.() === 0;

/** PostgreSQL refuses to run as root, so root runs it as the user postgres. */
function postgresUser(): { uid?: number; gid?: number } {
  if (!isRoot) return {};
  const [, , uid, gid] =
    readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find((line) => line.startsWith('postgres:'))
      ?.split(':') ?? [];
  if (uid === undefined) throw new Error('There is no user postgres to run PostgreSQL as.');
  return { uid: Number(uid), gid: Number(gid) };
}

export interface PostgresService extends Service {
  /** The first process; all others of this server are its children. */
  pid: number;
}

interface PostgresOptions {
  /** Whether commits wait for the disk, as in production. */
  durable?: boolean;
  /** More settings of postgresql.conf. */
  settings?: Record<string, string>;
}

export async function startPostgres({
  durable = false,
  settings: more = {},
}: PostgresOptions = {}): Promise<PostgresService> {
  const user = postgresUser();
  const folder = makeFolder(user);
  const port = await freePort();
  const making = run(
    findProgram('initdb')!,
    ['-D', join(folder, 'data'), '-U', 'chat', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    user,
  );
  if ((await making.ended) !== 0) throw new Error(making.output());
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    ...(!durable && { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
    ...more,
  };
  const program = run(
    findProgram('postgres')!,
    [
      '-D',
      join(folder, 'data'),
      '-p',
      String(port),
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    user,
  );
  const url = `postgres://chat@127.0.0.1:${port}/postgres`;
  await until(program, async () => {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => {});
    try {
      await client.connect();
      await client.query('select 1');
      return true;
    } catch {
      return false;
    } finally {
      await client.end().catch(() => {});
    }
  });
  return {
    url,
    pid: program.child.pid!,
    async stop() {
      await program.end('SIGQUIT');
      removeFolder(folder);
    },
  };
}

export interface RedisService extends Service {
  /** Kills the process; it restarts empty, because nothing is persisted. */
  kill(): Promise<void>;
  restart(): Promise<void>;
}

export async function startRedis(): Promise<RedisService> {
  const folder = makeFolder();
  const port = await freePort();
  let program: Program;
  const restart = async (): Promise<void> => {
    program = run(findProgram('redis-server')!, [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--appendonly',
      'no',
      '--dir',
      folder,
    ]);
    await until(program, () => program.output().includes('Ready to accept connections'));
  };
  await restart();
  return {
    url: `redis://127.0.0.1:${port}`,
    kill: () => program.end('SIGKILL'),
    restart,
    async stop() {
      await program.end();
      removeFolder(folder);
    },
  };
}

/** A load balancer for several processes: round-robin, skipping those that are down. */
export async function startNginx(ports: number[]): Promise<Service> {
  const folder = makeFolder();
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join('\n      ');
  const file = join(folder, 'nginx.conf');
  writeFileSync(
    file,
    `
    daemon off;
    ${isRoot ? 'user root;' : ''}
    worker_processes 1;
    pid ${folder}/nginx.pid;
    error_log stderr warn;
    events { worker_connections 4096; }
    http {
      access_log off;
      ${temporary}
      map $http_upgrade $connection_upgrade { default upgrade; '' close; }
      upstream chat {
        ${ports.map((each) => `server 127.0.0.1:${each} max_fails=1 fail_timeout=1s;`).join('\n        ')}
      }
      server {
        listen 127.0.0.1:${port};
        client_max_body_size 10m;
        location / {
          proxy_pass http://chat;
          proxy_http_version 1.1;
          proxy_set_header Host $http_host;
          proxy_set_header Upgrade $http_upgrade;
          proxy_set_header Connection $connection_upgrade;
          proxy_read_timeout 75s;
        }
      }
    }`,
  );
  const program = run(findProgram('nginx')!, ['-p', folder, '-c', file]);
  const url = `http://127.0.0.1:${port}`;
  await until(program, () =>
    fetch(url).then(
      () => true,
      () => false,
    ),
  );
  return {
    url,
    async stop() {
      await program.end();
      removeFolder(folder);
    },
  };
}

export interface BackendProcess extends Service {
  port: number;
  program: Program;
}

/** One process of the reference backend. */
export async function startProcess(env: Record<string, string>, ...flags: string[]): Promise<BackendProcess> {
  const program = run(process.execPath, ['--import', 'tsx', 'demo/server/main.ts', ...flags], {
    env: { ...process.env, PORT: '0', LOG_LEVEL: 'warn', ...env },
  });
  let url: string | undefined;
  await until(
    program,
    () => (url = /Reference backend listening at (http:\S+)/.exec(program.output())?.[1]) !== undefined,
  );
  return { url: url!, port: Number(new URL(url!).port), program, stop: () => program.end() };
}
