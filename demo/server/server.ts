/**
 * Assembles a server. Start reading here: socket.ts and http.ts receive, chat-actions.ts acts, broadcaster.ts delivers.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { CloseCode } from '../../src/protocol/close-codes.js';
import { createContext } from './create-context.js';
import { signToken, type SignOptions } from './auth.js';
import type { Database } from './database/database.js';
import { createHttp } from './http/http.js';
import { createLog } from './log.js';
import { resolveOptions, type Options } from './options.js';
import { settlesWithin } from './with-timeout.js';
import { Sockets } from './socket/socket.js';

export interface RunningServer {
  url: string;
  port: number;
  secret: string;
  database: Database;
  server: Server;
  /** A token like that of a real sign-in. */
  signToken(userId: number | string, options?: SignOptions): Promise<string>;
  /** Finishes pending work, closes every socket with `code`, and releases all resources. */
  close(code?: number): Promise<void>;
}

/** How long `close` waits for clients to disconnect, and for the database. */
const DISCONNECT_TIMEOUT_MS = 1_000;
const CLOSE_TIMEOUT_MS = 3_000;

export async function startServer(given: Partial<Options> = {}): Promise<RunningServer> {
  const options = resolveOptions(given);
  const log = createLog(options);
  const { context, close } = await createContext(options, log);
  try {
    const sockets = new Sockets(context);
    const onHttp = getRequestListener(createHttp(context).fetch, { overrideGlobalObjects: false });
    const server = createServer((request, response) => {
      if (!options.onRequest?.(request, response)) void onHttp(request, response);
    });
    server.on('upgrade', (request, socket, head) => {
      if (!options.onUpgrade?.(request, socket, head)) sockets.upgrade(request, socket, head);
    });
    const streams = new Set<Duplex>();
    server.on('connection', (stream) => {
      streams.add(stream);
      stream.once('close', () => streams.delete(stream));
    });
    const port = await listen(server, options.port, options.host);
    const host = options.host === '0.0.0.0' || options.host === '::' ? 'localhost' : options.host;
    const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
    log.info({ url, mode: options.baseline ? 'baseline' : 'full', differences: options.differences }, 'listening');

    async function stop(code: number): Promise<void> {
      const released = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      await sockets.close(code);
      const timer = setTimeout(() => streams.forEach((stream) => stream.destroy()), DISCONNECT_TIMEOUT_MS);
      await released;
      clearTimeout(timer);
      if (!(await settlesWithin(close(), CLOSE_TIMEOUT_MS))) log.error('closed with work pending');
      log.info({ code }, 'closed');
    }
    let stopped: Promise<void> | undefined;
    return {
      url,
      port,
      secret: options.secret,
      database: context.database,
      server,
      signToken: (userId, signOptions) => signToken(options.secret, userId, signOptions),
      close: (code = CloseCode.serviceRestart) => (stopped ??= stop(code)),
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
